"""Writes verbs.json: what the verbs of Python's datasets make of small datasets.

    bench/.venv/bin/python test/datasets/python/verbs.py
"""

import json
from pathlib import Path

import datasets
from datasets import ClassLabel, Dataset, Features, List, Value, concatenate_datasets, interleave_datasets

datasets.disable_progress_bars()
datasets.disable_caching()
out = {}

# sort: ties, nulls, NaN, code points, several columns
rows = {
    "text": ["b", "a", None, "\uffee", "\U0001f600", "a", "B", ""],
    "number": [3.0, float("nan"), 1.0, 2.0, None, -1.0, 3.0, 2.0],
    "group": [1, 2, 1, 2, 1, 2, 1, 2],
    "flag": [True, False, None, True, False, True, False, True],
    "id": list(range(8)),
}
table = Dataset.from_dict(rows)
sorts = [
    {"columns": "text"},
    {"columns": "text", "reverse": True},
    {"columns": "text", "null_placement": "at_start"},
    {"columns": "number"},
    {"columns": "number", "reverse": True, "null_placement": "at_start"},
    {"columns": "flag", "reverse": True},
    {"columns": "group", "reverse": True},
    {"columns": ["group", "number"], "reverse": [True, False]},
    {"columns": ["group", "text"], "reverse": False},
]
out["sort"] = [
    {**s, "ids": table.sort(s["columns"], **{k: v for k, v in s.items() if k != "columns"})["id"][:]} for s in sorts
]

# shard, skip, take, repeat, batch, unique
ten = Dataset.from_dict({"id": list(range(11))})
out["shard"] = [
    {"num_shards": n, "index": i, "contiguous": c, "ids": ten.shard(n, i, contiguous=c)["id"][:]}
    for n, c in [(3, True), (3, False), (4, True), (11, True)]
    for i in (0, 1, n - 1)
]
out["repeat"] = ten.take(3).repeat(3)["id"][:]
out["skip"] = ten.skip(8)["id"][:]
out["batch"] = {
    "all": ten.batch(4).to_dict()["id"],
    "whole": ten.batch(4, drop_last_batch=True).to_dict()["id"],
}
out["unique"] = Dataset.from_dict({"x": ["b", "a", None, "b", "", "a"]}).unique("x")

# train_test_split, stratified
labels = [0] * 50 + [1] * 30 + [2] * 20 + [1] * 7
mixed = [labels[(i * 37) % len(labels)] for i in range(len(labels))]
stratified = Dataset.from_dict(
    {"id": list(range(len(mixed))), "label": mixed},
    features=Features({"id": Value("int64"), "label": ClassLabel(names=["a", "b", "c"])}),
)
cases = [
    {"test_size": 0.2, "seed": 0},
    {"test_size": 0.25, "seed": 42},
    {"test_size": 10, "train_size": 20, "seed": 7},
    {"test_size": 3, "train_size": 3, "seed": 1},
    {"train_size": 0.5, "seed": 3},
]
out["stratify"] = {"labels": mixed, "cases": []}
for case in cases:
    parts = stratified.train_test_split(**case, stratify_by_column="label")
    out["stratify"]["cases"].append({**case, "train": parts["train"]["id"][:], "test": parts["test"]["id"][:]})

# interleave
parts = [Dataset.from_dict({"id": list(range(start, start + n))}) for start, n in [(0, 3), (100, 4), (200, 6)]]
out["interleave"] = []
for strategy in ["first_exhausted", "all_exhausted", "all_exhausted_without_replacement"]:
    for probabilities in [None, [0.2, 0.3, 0.5], [0.7, 0.2, 0.1]]:
        options = {"probabilities": probabilities, "seed": 42 if probabilities else None}
        ids = interleave_datasets(parts, stopping_strategy=strategy, **options)["id"][:]
        out["interleave"].append({"strategy": strategy, **options, "ids": ids})
ids = interleave_datasets(parts, probabilities=[0.5, 0.5, 0], seed=3)["id"][:]
out["interleave"].append({"strategy": "first_exhausted", "probabilities": [0.5, 0.5, 0], "seed": 3, "ids": ids})

# concatenate: a column that one of them lacks
left = Dataset.from_dict({"a": [1, 2], "b": ["x", "y"]})
right = Dataset.from_dict({"b": ["z"], "c": [0.5]})
out["concatenate"] = concatenate_datasets([left, right]).to_dict()
side = Dataset.from_dict({"d": [True, False]})
out["beside"] = concatenate_datasets([left, side], axis=1).to_dict()

# class_encode_column, align_labels_with_mapping, flatten
out["class_encode"] = []
for values, options in [
    (["b", "a", "\U0001f600", "\uffee", "b"], {}),
    ([10, 2, 1, 2], {}),
    ([True, False, True], {}),
    (["b", None, "a"], {}),
    (["b", None, "a"], {"include_nulls": True}),
]:
    encoded = Dataset.from_dict({"x": values}).class_encode_column("x", **options)
    out["class_encode"].append(
        {"values": values, **options, "names": encoded.features["x"].names, "classes": encoded["x"][:]}
    )
aligned = Dataset.from_dict(
    {"x": [0, 1, 2, 2, None]}, features=Features({"x": ClassLabel(names=["Entailment", "neutral", "contradiction"])})
).align_labels_with_mapping({"CONTRADICTION": 0, "neutral": 1, "entailment": 2}, "x")
out["align"] = {"names": aligned.features["x"].names, "classes": aligned["x"][:]}
nested = Dataset.from_dict({"id": [0, 1], "a": [{"b": {"c": 1, "d": "x"}, "e": [1, 2]}, {"b": {"c": 2, "d": None}, "e": []}]})
out["flatten"] = {"all": nested.flatten().to_dict(), "once": nested.flatten(max_depth=2).to_dict()}

# cast: values by type; an error stands as null
nan = float("nan")
f = {
    "bool": [True, False, None],
    "int64": [0, 1, -5, None],
    "big": [2**24, 2**24 + 1, 300],
    "float64": [0.0, 1.0, -2.0, None],
    "fraction": [0.1, 1.5, 1e10, 1e-5, 1e-7, 123456789.125, 12345678901.5, 1e21, -0.0],
    "float32": [0.1, 1e10, 16777216.0, 3.14159],
    "number_text": ["1", "-5", "007", None],
    "float_text": ["1", "1e5", ".5", "5.", "+1", "-Infinity", "inf"],
    "bool_text": ["true", "TRUE", "0", "1", "False"],
    "text": ["x", "y", " x ", "1", None],
    "null": [None, None],
}
types = {"big": "int64", "fraction": "float64"}
out["cast"] = []
targets = ["bool", "int8", "int32", "int64", "float32", "float64", "string"]
for name, values in f.items():
    dtype = types.get(name, "string" if name.endswith("text") else name)
    for target in targets:
        source = Dataset.from_dict({"x": values}, features=Features({"x": Value(dtype)}))
        try:
            result = source.cast(Features({"x": Value(target)}))["x"][:]
        except Exception:
            result = "error"
        out["cast"].append({"values": values, "from": dtype, "to": target, "result": result})
label = ClassLabel(names=["x", "y"])
for values, dtype in [([0, 1, -1, None], "int64"), (["y", "x", " x ", "1", None], "string"), ([True, False], "bool"), (["z"], "string")]:
    source = Dataset.from_dict({"x": values}, features=Features({"x": Value(dtype)}))
    try:
        result = source.cast(Features({"x": label}))["x"][:]
    except Exception:
        result = "error"
    out["cast"].append({"values": values, "from": dtype, "to": label.names, "result": result})
struct = Dataset.from_dict({"x": [{"a": 1}, None]}, features=Features({"x": {"a": Value("int64")}}))
out["cast_struct"] = struct.cast(Features({"x": {"a": Value("string"), "b": Value("int8")}}))["x"][:]
lists = Dataset.from_dict({"x": [[1, None], [], None]}, features=Features({"x": List(Value("int64"))}))
out["cast_list"] = lists.cast(Features({"x": List(Value("string"))}))["x"][:]


def plain(value):
    """JSON has no NaN and no infinity."""
    if isinstance(value, float) and value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


Path(__file__).with_suffix(".json").write_text(json.dumps(plain(out), ensure_ascii=True, allow_nan=False) + "\n")
