"""Writes decimals.json and decimals*.parquet: what pyarrow makes of decimals, and files that hold them, nested and not.

    bench/.venv/bin/python test/datasets/python/decimals.py
"""

import json
from decimal import Decimal as D
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

here = Path(__file__).parent


def cast(values, source, target):
    """Each value with what the cast makes of it; null where it refuses."""
    cases = []
    for value in values:
        try:
            result = pa.array([value], source).cast(target)[0].as_py()
        except pa.ArrowInvalid:
            result = None
        shown = str(value) if isinstance(value, D) else value
        cases.append([shown, str(result) if isinstance(result, D) else result])
    return {"from": str(source).replace("double", "float64"), "to": str(target), "cases": cases}


money = pa.decimal128(10, 2)
casts = [
    cast(
        [1.005, 2.675, 0.285, 1.115, -1.005, 0.125, 0.375, -0.375, 99999999.994, 99999999.996, 2.5, 1e-9, 0.1 + 0.2, 1e12, 3.0],
        pa.float64(),
        money,
    ),
    cast([0, -3, 99999999, 2**53 - 1], pa.int64(), pa.decimal128(21, 2)),
    cast(["1.5", "1.005", "+3", "1e2", " 1", "1.50", "-.5", "5.", "abc", "", "123456789.00"], pa.string(), money),
    cast([D("1.2500"), D("1.2501"), D("-7.1000")], pa.decimal128(20, 4), money),
]
texts = [
    [str(value), scale, pa.array([value], pa.decimal128(20, scale)).cast(pa.string())[0].as_py()]
    for value, scale in [(D("1.1"), 3), (D("-0.05"), 3), (D("0"), 2), (D("0"), 9), (D("0.000000012"), 9), (D("12345"), 0), (D("-7.000001"), 6)]
]

small = [D("1.10"), None, D("-0.05"), D("1234.56"), D("0.29")]
large = [D("123456789012345678901.234"), D("0.001"), None, D("-99999999999999999999.999"), D("1.005")]
columns = {
    "small": pa.array(small, pa.decimal128(8, 2)),
    "medium": pa.array(small, pa.decimal128(16, 2)),
    "large": pa.array(large, pa.decimal128(30, 3)),
    "list": pa.array([[x, D("1.1")] for x in large], pa.list_(pa.decimal128(30, 3))),
    "lists": pa.array([[small], None, [], [None, small[:2]], [[]]], pa.list_(pa.list_(pa.decimal128(8, 2)))),
    "struct": pa.array([{"price": x} for x in large], pa.struct({"price": pa.decimal128(30, 3)})),
}
table = pa.table(columns)
pq.write_table(table, here / "decimals.parquet")
pq.write_table(table, here / "decimals_as_integers.parquet", store_decimal_as_integer=True)


def plain(value):
    """Decimals as the integers that they are stored as, in text."""
    if isinstance(value, D):
        return str(int(value.scaleb(-value.as_tuple().exponent)))
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


rows = {name: plain(column.to_pylist()) for name, column in columns.items()}
(here / "decimals.json").write_text(json.dumps({"casts": casts, "texts": texts, "stored": rows}) + "\n")
