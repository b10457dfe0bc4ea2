"""Writes formats.json: what Python's datasets reads from small files, and which rows its split slices are.

    bench/.venv/bin/python test/datasets/python/formats.py
"""

import json
import tempfile
from pathlib import Path

import datasets
from datasets import ClassLabel, Dataset, Features, Value, load_dataset

datasets.disable_progress_bars()
out = {"files": [], "slices": []}


def read(name, text, builder, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        dataset = load_dataset(builder, data_files=str(path), split="train", cache_dir=folder, **options)
        return dataset.to_dict(), {name: feature.dtype for name, feature in dataset.features.items() if hasattr(feature, "dtype")}


def case(name, text, builder, ours=None, **options):
    rows, dtypes = read(name, text, builder, **options)
    out["files"].append({"file": name, "text": text, "options": ours or {}, "columns": rows, "dtypes": dtypes})


# CSV
case("plain.csv", "a,b,c\n1,x,0.5\n2,y,1\n", "csv")
case("quotes.csv", 'a,b\n"x, y","he said ""no"""\n"two\nlines","\r\nthree"\n', "csv")
case("types.csv", "i,f,b,t,m,e\n1,1.5,True,x,1,\n-2,2e3,false,1,x,\n+3,-inf,TRUE,2.5,2,\n", "csv")
case("missing.csv", "t,n\nNA,1.5\nnull,\nNone,nan\nx,2\n-nan,N/A\n", "csv")
case("kept.csv", "t\nNA\nnull\nx\n", "csv", {"keepDefaultNa": False}, keep_default_na=False)
case("values.csv", "t,n\n-,1\nx,-\n", "csv", {"naValues": ["-"]}, na_values=["-"])
case("windows.csv", "a,b\r\n1,x\r\n2,y\r\n", "csv")
case("mac.csv", "a,b\r1,x\r2,y\r", "csv")
case("blank.csv", "a,b\n\n1,x\n\n\n2,y\n", "csv")
case("no_end.csv", "a,b\n1,x\n2,y", "csv")
case("bom.csv", "\ufeffa,b\n1,x\n", "csv")
case("names.csv", "1,x\n2,y\n", "csv", {"columnNames": ["n", "t"]}, names=["n", "t"])
case("renamed.csv", "a,b\n1,x\n", "csv", {"columnNames": ["n", "t"], "header": True}, names=["n", "t"], header=0)
case("skipped.csv", "# a note\na,b\n1,x\n", "csv", {"skipRows": 1}, skiprows=1)
case("unnamed.csv", ",a,a\n0,1,x\n1,2,y\n", "csv")
case("semicolon.csv", "a;b\n1;x,y\n", "csv", {"delimiter": ";"}, delimiter=";")
case("escape.csv", 'a,b\n"x\\"y",1\n', "csv", {"escapeChar": "\\"}, escapechar="\\")
case("tabs.tsv", "a\tb\n1\tx y\n", "csv", sep="\t")
case("glue.tsv", 'sentence\tlabel\nhe said "no\t1\n"yes" , he said\t0\n', "csv", {"quoting": "none"}, sep="\t", quoting=3)
case("short.csv", "a,b,c\n1,x,y\n2\n", "csv", {"fillShortLines": True})
case("unicode.csv", "t\né\n\U0001f600\n日本\n", "csv")

# JSON
case("lines.jsonl", '{"a": 1, "b": "x"}\n{"a": 2, "b": "y\\n\\"z"}\n', "json")
case("missing.jsonl", '{"a": 1}\n{"b": "x"}\n{"a": null, "b": null}\n', "json")
case("nested.jsonl", '{"a": {"b": [1, 2], "c": {"d": "x"}}}\n{"a": {"b": [], "c": null}}\n', "json")
case("numbers.jsonl", '{"i": 1, "f": 1}\n{"i": -2, "f": 0.5}\n', "json")
case("array.json", '[{"a": 1, "b": [{"c": "]"}]},\n {"a": 2, "b": []}]\n', "json")
case("columns.json", '{"a": [1, 2], "b": ["x", "y"]}', "json")
case("field.json", '{"version": "1", "data": [{"a": 1}, {"a": 2}]}', "json", {"field": "data"}, field="data")
case("bom.jsonl", '\ufeff{"a": 1}\n', "json")

# text
case("lines.txt", "one\n\n two \nthree", "text")
case("kept.txt", "one\ntwo\n", "text", {"keepLinebreaks": True}, keep_linebreaks=True)
case("windows.txt", "one\r\ntwo\r\n", "text")
case("paragraphs.txt", "a\nb\n\nc\n\n\n\nd\n", "text", {"sampleBy": "paragraph"}, sample_by="paragraph")
case("document.txt", "a\n\nb\n", "text", {"sampleBy": "document"}, sample_by="document")

# types asked for
label = ClassLabel(names=["neg", "pos"])
features = Features({"text": Value("string"), "label": label, "n": Value("float32")})
rows, _ = read("asked.csv", "text,label,n\nx,pos,1\ny,neg,2.5\nz,1,3\n", "csv", features=features)
out["asked"] = rows
rows, _ = read("asked.jsonl", '{"text": "x", "label": 1, "n": 1}\n{"text": "y", "label": 0}\n', "json", features=features)
out["asked_json"] = rows

# slices of splits
with tempfile.TemporaryDirectory() as folder:
    sizes = {"train": 205, "test": 50}
    for split, size in sizes.items():
        Dataset.from_dict({"id": [f"{split}{i}" for i in range(size)]}).to_json(f"{folder}/{split}.jsonl")
    specs = """train train[:10] train[10:] train[-10:] train[:-200] train[5:8] train[200:300] train[:10%] train[10%:]
    train[-5%:] train[:33%] train[33%:66%] train[:1%](pct1_dropremainder) train[:10%](closest) train[1_0:2_0] train[:]
    train+test train[:2]+test[-2:] train[:1%]+test[50%:] test[:25%] test[:5%] test[10:20%] train[-3:-1]
    test[:75%](closest) train[:51%] train[:100%](pct1_dropremainder)""".split()
    for spec in specs:
        rows = load_dataset("json", data_files={s: f"{folder}/{s}.jsonl" for s in sizes}, split=spec, cache_dir=folder)["id"][:]
        out["slices"].append({"spec": spec, "rows": len(rows), "first": rows[0], "last": rows[-1]})
    out["sizes"] = sizes


def plain(value):
    """JSON has no NaN and no infinity."""
    if isinstance(value, float) and value != value:
        return "NaN"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


Path(__file__).with_suffix(".json").write_text(json.dumps(plain(out), allow_nan=False) + "\n")
