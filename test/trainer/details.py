"""Makes details.json: logits and labels with what PyTorch and NumPy say of them.

  python details.py   (with PyTorch and NumPy, as bench/setup.sh installs them)
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

generator = torch.Generator().manual_seed(3)


def describe(logits, labels):
    """Confusion, ten bins of confidence, expected calibration error, losses of labels that are not -100."""
    kept = labels != -100
    chosen, right = logits[kept], labels[kept]
    probabilities = chosen.softmax(-1)
    confidence, predicted = (each.numpy() for each in probabilities.max(-1))
    confusion = np.zeros((logits.shape[-1],) * 2, dtype=int)
    np.add.at(confusion, (right.numpy(), predicted), 1)
    edges = np.linspace(0, 1, 11)
    bins = [(confidence >= low) & ((confidence < high) | (high == 1)) for low, high in zip(edges, edges[1:])]
    hit = predicted == right.numpy()
    mean = lambda values: float(values.mean()) if len(values) else 0.0
    calibration = [{"count": int(b.sum()), "confidence": mean(confidence[b]), "accuracy": mean(hit[b])} for b in bins]
    error = sum(b["count"] / len(hit) * abs(b["confidence"] - b["accuracy"]) for b in calibration)
    losses = cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none", ignore_index=-100)
    return {
        "logits": logits.tolist(),
        "labels": labels.tolist(),
        "confusion": confusion.tolist(),
        "calibration": calibration,
        "error": float(error),
        "losses": losses.reshape(labels.shape).tolist(),
    }


rows = torch.randn(60, 3, generator=generator) * 2
tokens = torch.randn(12, 5, 4, generator=generator) * 2
token_labels = torch.randint(0, 4, (12, 5), generator=generator)
token_labels[::2, 3:] = -100
Path(__file__).with_suffix(".json").write_text(
    json.dumps(
        {
            "classes": describe(rows, torch.randint(0, 3, (60,), generator=generator)),
            "tokens": describe(tokens, token_labels),
        }
    )
    + "\n"
)
