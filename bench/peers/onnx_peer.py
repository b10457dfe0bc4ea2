"""Python's onnx and onnxruntime on exported files, for bench/onnx.ts. Each command prints a line of JSON.

    onnx_peer.py check FILE...                  onnx.checker's full check with strict shape inference; shapes of the outputs
    onnx_peer.py quantize FLOAT INT8 AXIS       onnxruntime's quantize_dynamic: unsigned bytes, as Attune's are; AXIS is
                                                "column" (a scale for each output of a layer, as Attune's) or "tensor" (its
                                                default)
"""

import json
import logging
import sys

import onnx


def check(path):
    """Throws for a file that is not what the specification says. A path, and not a message: it may have external data."""
    onnx.checker.check_model(path, full_check=True)
    model = onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True, data_prop=True)
    inferred = {one.name for one in [*model.graph.value_info, *model.graph.output]}
    made = [name for node in model.graph.node for name in node.output if name]
    return {
        "file": path,
        "ir": model.ir_version,
        "opset": {one.domain or "ai.onnx": one.version for one in model.opset_import},
        "nodes": len(model.graph.node),
        "without_shape": [name for name in made if name not in inferred],
        "outputs": {
            one.name: [d.dim_param or d.dim_value for d in one.type.tensor_type.shape.dim] for one in model.graph.output
        },
    }


def quantize(source, target, axis):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)
    quantize_dynamic(source, target, weight_type=QuantType.QUInt8, per_channel=axis == "column")
    return {"file": target}


command, *arguments = sys.argv[1:]
if command == "check":
    for path in arguments:
        print(json.dumps(check(path)))
elif command == "quantize":
    print(json.dumps(quantize(*arguments)))
else:
    sys.exit(f"no command {command}")
