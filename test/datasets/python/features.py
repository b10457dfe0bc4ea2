"""Writes features.json: the JSON form of every kind of feature, as Python's datasets writes it into files.

    bench/.venv/bin/python test/datasets/python/features.py
"""

import json
from pathlib import Path

from datasets import ClassLabel, Features, LargeList, List, Value

dtypes = """null bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 date32 date64 string
large_string string_view binary large_binary binary_view time32[s] time32[ms] time64[us] time64[ns] timestamp[s] timestamp[ms]
timestamp[us] timestamp[ns] duration[s] duration[ms] duration[us] duration[ns]""".split()
dtypes += ["timestamp[us, tz=UTC]", "decimal128(10, 2)", "decimal256(40, 3)"]
features = Features(
    {
        **{f"v{i}": Value(dtype) for i, dtype in enumerate(dtypes)},
        "label": ClassLabel(names=["neg", "pos"]),
        "unnamed": ClassLabel(num_classes=3),
        "list": List(Value("int32")),
        "fixed": List(Value("float32"), length=3),
        "large": LargeList(Value("string")),
        "lists": List(List(ClassLabel(names=["a", "b"]))),
        "struct": {"a": Value("int64"), "b": {"c": List({"d": Value("string")})}},
        "_type": Value("string"),
    }
)
Path(__file__).with_suffix(".json").write_text(json.dumps({"dtypes": dtypes, "features": features.to_dict()}) + "\n")
