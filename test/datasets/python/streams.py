"""Writes streams.json: the order in which Python's streamed datasets give their rows.

    bench/.venv/bin/python test/datasets/python/streams.py
"""

import json
from itertools import islice
from pathlib import Path

from datasets import IterableDataset, interleave_datasets


def count(start, stop):
    for i in range(start, stop):
        yield {"id": i}


def stream(start, stop):
    return IterableDataset.from_generator(count, gen_kwargs={"start": start, "stop": stop})


def ids(dataset):
    return [row["id"] for row in dataset]


out = {"shuffle": [], "interleave": []}
for rows, buffer_size, seed, epoch in [(10, 4, 0, 0), (25, 8, 42, 0), (25, 7, 42, 0), (25, 8, 42, 3), (5, 100, 7, 0), (6, 1, 7, 0)]:
    shuffled = stream(0, rows).shuffle(seed=seed, buffer_size=buffer_size)
    shuffled.set_epoch(epoch)
    out["shuffle"].append({"rows": rows, "buffer": buffer_size, "seed": seed, "epoch": epoch, "ids": ids(shuffled)})
for strategy in ["first_exhausted", "all_exhausted", "all_exhausted_without_replacement"]:
    for probabilities in [None, [0.2, 0.3, 0.5]]:
        parts = [stream(0, 3), stream(100, 104), stream(200, 206)]
        both = interleave_datasets(parts, probabilities=probabilities, seed=42, stopping_strategy=strategy)
        out["interleave"].append({"strategy": strategy, "probabilities": probabilities, "seed": 42, "ids": ids(both)})
out["batch"] = [row["id"] for row in stream(0, 7).batch(3)]
out["repeat"] = ids(islice(stream(0, 3).repeat(None), 8))
Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")
