"""Remakes pytorch.json: values and gradients of operations in PyTorch's float64, for operations.test.ts.

    python test/tensor/pytorch.py && npx biome format --write test/tensor/pytorch.json        (the file here is 2.15's)

Every case is one expression. Its inputs are small random tensors of multiples of 2^-10, which decimals spell exactly; the
gradients are those of the sum of the output times a fixed tensor of the output's shape.
"""
import json
import pathlib
import torch
import torch.nn.functional as F

generator = torch.Generator().manual_seed(1)


def normal(*shape):
    return torch.randn(*shape, generator=generator).double()


def uniform(low, high, *shape):
    return (low + (high - low) * torch.rand(*shape, generator=generator)).double()


def integers(below, *shape):
    return torch.randint(0, below, shape, generator=generator)


def attention(qkv, lengths, heads, bias=None, causal=False, window=0):
    """Each sequence by itself, through scaled_dot_product_attention with an additive mask."""
    outputs = []
    for part in qkv.split(lengths):
        length, width = part.shape[0], part.shape[1] // 3
        q, k, v = (t.view(length, heads, width // heads).transpose(0, 1) for t in part.split(width, 1))
        i, j = torch.meshgrid(torch.arange(length), torch.arange(length), indexing="ij")
        forbidden = torch.zeros(length, length, dtype=torch.bool)
        if causal:
            forbidden |= j > i
        if window:
            forbidden |= (i - j).abs() > window
        mask = torch.zeros(length, length, dtype=torch.float64).masked_fill(forbidden, float("-inf"))
        if bias is not None:
            mask = mask + bias[:, :length, :length]
        outputs.append(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(0, 1).reshape(length, width))
    return torch.cat(outputs)


cases = {
    "add": (lambda a, b: a + b, normal(2, 1, 3), normal(4, 1)),
    "sub": (lambda a, b: a - b, normal(2, 1, 3), normal(4, 1)),
    "mul": (lambda a, b: a * b, normal(2, 1, 3), normal(4, 1)),
    "div": (lambda a, b: a / b, normal(2, 1, 3), uniform(0.5, 2, 4, 1)),
    "pow": (lambda a, b: a ** b, uniform(0.5, 2, 2, 1, 3), normal(4, 1)),
    "pow number": (lambda a: a ** 3, normal(2, 3)),
    "pow zero base": (lambda a, b: a ** b, torch.tensor([0.0, 2.0, 0.0]).double(), torch.tensor([2.0, 3.0, 1.0]).double()),
    "maximum": (torch.maximum, torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor([2.0, 2.0, 1.0]).double()),
    "minimum": (torch.minimum, torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor([2.0, 2.0, 1.0]).double()),
    "neg": (lambda x: -x, normal(2, 3)),
    "exp": (torch.exp, normal(2, 3)),
    "log": (torch.log, uniform(0.1, 3, 2, 3)),
    "sqrt": (torch.sqrt, uniform(0.1, 3, 2, 3)),
    "tanh": (torch.tanh, 2 * normal(2, 3)),
    "sigmoid": (torch.sigmoid, 3 * normal(2, 3)),
    "relu": (F.relu, torch.tensor([-1.0, 0.0, 2.0]).double()),
    "gelu": (F.gelu, 2 * normal(3, 4)),
    "gelu tanh": (lambda x: F.gelu(x, approximate="tanh"), 2 * normal(3, 4)),
    "silu": (F.silu, 2 * normal(2, 3)),
    "clamp": (lambda x: x.clamp(-0.5, 1), torch.tensor([-1.0, -0.5, 0.3, 1.0, 4.0]).double()),
    "where": (lambda c, a, b: torch.where(c != 0, a, b), integers(2, 2, 1, 3), normal(4, 1), normal(2, 1, 1)),
    "matmul": (torch.matmul, normal(2, 3), normal(3, 4)),
    "matmul batched": (torch.matmul, normal(2, 1, 2, 3), normal(4, 3, 2)),
    "matmul shared": (torch.matmul, normal(2, 3, 4), normal(4, 2)),
    "matmul vector": (torch.matmul, normal(3), normal(2, 3, 4)),
    "sum": (lambda x: x.sum(), normal(2, 3)),
    "sum axes": (lambda x: x.sum((0, 2)), normal(2, 3, 4)),
    "mean keepdim": (lambda x: x.mean((1, 2), keepdim=True), normal(2, 3, 4)),
    "max": (lambda x: x.amax(1), torch.tensor([[1.0, 3.0, 3.0], [2.0, 0.0, -1.0]]).double()),
    "argmax": (lambda x: x.argmax(1), normal(3, 5)),
    "argmax all": (lambda x: x.argmax(), normal(3, 5)),
    "softmax": (lambda x: x.softmax(-1), normal(2, 5)),
    "softmax axis": (lambda x: x.softmax(0), normal(3, 2)),
    "logSoftmax": (lambda x: x.log_softmax(1), normal(2, 4, 3)),
    "reshape": (lambda x: x.reshape(3, -1), normal(2, 6)),
    "permute": (lambda x: x.permute(2, 0, 1), normal(2, 3, 4)),
    "transpose": (lambda x: x.transpose(0, -1), normal(2, 3, 4)),
    "slice": (lambda x: x[:, 1:-1], normal(2, 5, 2)),
    "concat": (lambda a, b: torch.cat([a, b, a], 1), normal(2, 1, 3), normal(2, 2, 3)),
    "gather": (lambda x, i: x.gather(1, i), normal(2, 4, 2), integers(4, 2, 3, 2)),
    "scatterAdd": (lambda x, i, s: x.scatter_add(1, i, s), normal(2, 3), integers(3, 2, 5), normal(2, 5)),
    "embedding": (lambda t, i: F.embedding(i, t), normal(5, 3), integers(5, 2, 4)),
    "linear": (F.linear, normal(2, 3, 4), normal(5, 4), normal(5)),
    "layerNorm": (lambda x, g, b: F.layer_norm(x, (6,), g, b, 1e-12), normal(2, 3, 6), normal(6), normal(6)),
    "layerNorm residual": (lambda x, r, g, b: F.layer_norm(x + r, (6,), g, b), normal(3, 6), normal(3, 6), normal(6), normal(6)),
    "feedForward": (
        lambda x, w1, b1, w2, b2: F.linear(F.gelu(F.linear(x, w1, b1)), w2, b2),
        normal(3, 4), normal(6, 4), normal(6), normal(2, 6), normal(2),
    ),
    "attention": (lambda x: attention(x, [3, 1, 5], 2), normal(9, 24)),
    "attention causal": (lambda x, b: attention(x, [3, 4], 2, bias=b, causal=True), normal(7, 12), normal(2, 4, 4)),
    "attention window": (lambda x: attention(x, [6], 1, window=2), normal(6, 12)),
    "crossEntropy": (lambda x, y: F.cross_entropy(x, y), normal(5, 3), integers(3, 5)),
    "crossEntropy everything": (
        lambda x, y, w: F.cross_entropy(x, y, weight=w.detach(), ignore_index=2, label_smoothing=0.3),
        normal(6, 4), torch.tensor([0, 2, 3, 1, 2, 3]), uniform(0.5, 2, 4),
    ),
    "mse": (F.mse_loss, normal(3, 2), normal(3, 2)),
    "bceWithLogits": (F.binary_cross_entropy_with_logits, 3 * normal(3, 2), uniform(0, 1, 3, 2)),
    "bceWithLogits zero": (F.binary_cross_entropy_with_logits, torch.zeros(3).double(), torch.tensor([0.0, 1.0, 0.25]).double()),
    "bceWithLogits large": (
        F.binary_cross_entropy_with_logits,
        torch.tensor([200.0, -200.0, 200.0]).double(), torch.tensor([0.0, 0.0, 1.0]).double(),
    ),
    "bceWithLogits posWeight": (
        lambda x, y, w: F.binary_cross_entropy_with_logits(x, y, pos_weight=w.detach()),
        normal(3, 2), integers(2, 3, 2).double(), uniform(0.5, 3, 2),
    ),
}


def packed(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{x:.15g}") for x in tensor.detach().flatten().tolist()]}


results = {}
for name, (expression, *inputs) in cases.items():
    leaves = [((x * 1024).round() / 1024).requires_grad_() if x.is_floating_point() else x for x in inputs]
    output = expression(*leaves)
    case = {"inputs": [packed(x) | {"dtype": "float32" if x.is_floating_point() else "int32"} for x in leaves]}
    case["output"] = packed(output)
    if output.requires_grad:
        weight = torch.cos(torch.arange(output.numel()).double()).mul(1024).round().div(1024).view(output.shape)
        case["weight"] = packed(weight)
        (output * weight).sum().backward()
        case["gradients"] = [packed(x.grad) if x.is_floating_point() and x.grad is not None else None for x in leaves]
    results[name] = case
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in results.items()) + "\n}\n")
