"""What Python makes of checkpoint folders of every family and head, for bench/roundtrip-families.ts.

Reads one JSON object from standard input, {"cases": [{"folder", "auto", "inputs", "resave"}]} with nested lists as inputs,
and writes {"name", "cases": [{"loss", "outputs": {name: nested lists}, "parameters": [names], "norms": [gradient norms]}]},
a case for each in their order. Missing, unexpected or mismatched weights are errors here, not warnings.

Each model is saved again: with save_pretrained into RESAVE/safetensors, and as pytorch_model.bin, in the archives that
torch writes now (RESAVE/bin) and the plain files of before (RESAVE/legacy).
"""

import json
import os
import sys

import torch
import transformers


def resave(model, folder):
    model.save_pretrained(os.path.join(folder, "safetensors"))
    for name, archive in (("bin", True), ("legacy", False)):
        path = os.path.join(folder, name)
        os.makedirs(path, exist_ok=True)
        model.config.save_pretrained(path)
        target = os.path.join(path, "pytorch_model.bin")
        torch.save(model.state_dict(), target, _use_new_zipfile_serialization=archive)


def run(case):
    automodel = getattr(transformers, case["auto"])
    model, info = automodel.from_pretrained(case["folder"], output_loading_info=True)
    faults = {name: sorted(map(str, keys)) for name, keys in info.items() if keys}
    if faults:
        sys.exit(f"{case['folder']} does not load cleanly: {json.dumps(faults)}")
    resave(model, case["resave"])
    model.eval()
    inputs = {
        name: torch.tensor(rows, dtype=None if name == "labels" else torch.long)
        for name, rows in case["inputs"].items()
    }
    output = model(**inputs)
    result = {"outputs": {}, "parameters": [name for name, _ in model.named_parameters()]}
    if getattr(output, "loss", None) is not None:
        output.loss.backward()
        result["loss"] = output.loss.item()
        result["norms"] = [0 if p.grad is None else p.grad.norm().item() for p in model.parameters()]
    for name in ("logits", "start_logits", "end_logits", "last_hidden_state", "pooler_output"):
        if getattr(output, name, None) is not None:
            result["outputs"][name] = getattr(output, name).tolist()
    return result


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    cases = json.load(sys.stdin)["cases"]
    name = f"PyTorch {torch.__version__}, transformers {transformers.__version__}"
    json.dump({"name": name, "cases": [run(case) for case in cases]}, sys.stdout)


if __name__ == "__main__":
    main()
