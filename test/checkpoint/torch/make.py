"""Small files of torch.save, and what they hold, for torch.test.ts. Written by torch 2.15:

    python test/checkpoint/torch/make.py
"""

import json
import os
from collections import OrderedDict

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


def path(name):
    return os.path.join(HERE, name)


def tensors():
    base = torch.arange(12, dtype=torch.float32) / 8
    integers = torch.tensor([[1, -2, 3], [4, 5, -6]])
    named = {
        "float32": torch.tensor([[0.1, -2.5], [3e30, -0.0]]),
        "float64": torch.tensor([0.1, 1e-300], dtype=torch.float64),
        "float16": torch.tensor([1.5, -65504.0], dtype=torch.float16),
        "bfloat16": torch.tensor([1.5, -3.3895e38], dtype=torch.bfloat16),
        "int64": integers,
        "int32": integers.to(torch.int32),
        "int16": integers.to(torch.int16),
        "int8": integers.to(torch.int8),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(7.25),
        "empty": torch.zeros(0, 3),
        "whole": base,
        "part of whole": base[4:8],
        "transposed": base.view(3, 4).t(),
        "every other": base.view(3, 4)[:, ::2],
        "parameter": torch.nn.Parameter(torch.tensor([1.0, 2.0])),
        "expanded": torch.tensor([[5.0]]).expand(2, 3),
    }
    expected = {}
    for name, tensor in named.items():
        values = tensor.detach().to(torch.float64).contiguous().flatten().tolist()
        expected[name] = {"shape": list(tensor.shape), "values": values}
    return named, expected


def main():
    torch.manual_seed(3)
    named, expected = tensors()
    torch.save(named, path("tensors.pt"))
    torch.save(named, path("tensors-legacy.pt"), _use_new_zipfile_serialization=False)
    values = {
        "none": None,
        "bools": [True, False],
        "integers": [0, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**40],
        "large": 2**70,
        "negative large": -(2**70),
        "floats": [0.0, -0.1, 1e300, float("inf"), float("-inf")],
        "text": "é 😀",
        "tuple": (1, ("a", 2.5)),
        "ordered": OrderedDict([("b", 1), ("a", 2)]),
        3: "a whole number as key",
        "bytes": b"\x00\xff",
        "set": {1},
        "dtype": torch.float32,
        "device": torch.device("cpu"),
        "size": torch.Size([2, 3]),
    }
    torch.save(values, path("values.pt"))

    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(
        [{"params": [layer.weight], "weight_decay": 0.01}, {"params": [layer.bias], "weight_decay": 0.0}], lr=1e-3
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / 10)
    for _ in range(2):
        layer(torch.ones(1, 3)).pow(2).sum().backward()
        optimizer.step()
        scheduler.step()
    torch.save(layer.state_dict(), path("weights.bin"))
    torch.save(optimizer.state_dict(), path("optimizer.pt"))
    torch.save(scheduler.state_dict(), path("scheduler.pt"))
    state = optimizer.state_dict()
    groups = state["param_groups"]
    moments = {
        i: {name: item.flatten().tolist() for name, item in entry.items()} for i, entry in state["state"].items()
    }

    torch.save({"weight": torch.ones(2), "payload": Evil()}, path("evil.pt"))
    torch.save(
        {"weight": torch.ones(2), "payload": Evil()}, path("evil-legacy.pt"), _use_new_zipfile_serialization=False
    )
    torch.save({"rng": torch.ones(2).numpy()}, path("numpy.pt"))
    torch.jit.save(torch.jit.script(torch.nn.Identity()), path("script.pt"))
    weights = {name: tensor.tolist() for name, tensor in layer.state_dict().items()}
    with open(path("expected.json"), "w") as file:
        json.dump(
            {
                "torch": torch.__version__,
                "tensors": expected,
                "weights": weights,
                "moments": moments,
                "learning rates": [group["lr"] for group in groups],
                "scheduler": {"last_epoch": scheduler.last_epoch, "_last_lr": scheduler.get_last_lr()},
            },
            file,
            indent=1,
        )
        file.write("\n")


main()
