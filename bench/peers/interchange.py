"""Python's part of bench/interchange.ts.

  interchange.py write FOLDER   datasets of every feature that both sides have: saved/, saved_dict/, data.parquet, values.json,
                                and the same of features with names of their own in arrays/, files/ and translations/
  interchange.py check FOLDER   reads what Attune wrote of them, attune_saved/ and so on: features and rows must be the same
"""

import datetime
import decimal
import json
import sys
from pathlib import Path

import datasets
from datasets import (
    Array2D,
    Array3D,
    Array5D,
    Audio,
    ClassLabel,
    Dataset,
    DatasetDict,
    Features,
    Image,
    Json,
    LargeList,
    List,
    Translation,
    TranslationVariableLanguages,
    Value,
    Video,
    load_dataset,
    load_from_disk,
)

datasets.disable_progress_bars()

features = Features(
    {
        "text": Value("string"),
        "long": Value("large_string"),
        "large": LargeList(Value("int32")),
        "label": ClassLabel(names=["no", "yes"]),
        "int8": Value("int8"),
        "int64": Value("int64"),
        "uint32": Value("uint32"),
        "float32": Value("float32"),
        "float64": Value("float64"),
        "flag": Value("bool"),
        "bytes": Value("binary"),
        "day": Value("date32"),
        "moment": Value("timestamp[us]"),
        "moments": List(Value("timestamp[us]")),
        "price": Value("decimal128(20, 3)"),
        "ids": List(Value("int32")),
        "pair": List(Value("float64"), length=2),
        "words": List(List(Value("string"))),
        "answers": {"text": List(Value("string")), "answer_start": List(Value("int32"))},
        "spans": List({"name": Value("string"), "at": Value("int64")}),
        "nothing": Value("null"),
    }
)


def moment(i):
    return datetime.datetime(1969, 12, 31, 23, 59, 59) + datetime.timedelta(hours=i, milliseconds=i, microseconds=i % 7)


def row(i):
    return {
        "text": None if i % 5 == 4 else f"Zeile {i} äöü 😀",
        "long": f"long {i}",
        "large": [i] * (i % 3),
        "label": i % 3 - 1,
        "int8": i % 200 - 100,
        "int64": (i - 7) * 2**40 + 1,
        "uint32": i * 1_000_000 % 2**32,
        "float32": i / 4,
        "float64": None if i % 7 == 0 else i / 3,
        "flag": i % 2 == 0,
        "bytes": bytes([i % 256, 0, 255]),
        "day": datetime.date(1960, 1, 1) + datetime.timedelta(days=i),
        "moment": moment(i),
        "moments": [moment(i), None][: i % 3],
        "price": decimal.Decimal(i * 10**12 - 7) / 1000,
        "ids": list(range(i % 4)),
        "pair": [i, -i] if i % 6 else None,
        "words": [["a", None], []][: i % 3] if i % 11 else None,
        "answers": {"text": [f"t{i}"] * (i % 2), "answer_start": [i] * (i % 2)},
        "spans": [{"name": f"s{k}", "at": i + k} if k else {"name": None, "at": None} for k in range(i % 3)],
        "nothing": None,
    }


JSON = [{"x": 1, "y": [None, "é"]}, [1, 2.5], "text", 7, True, {}]
named = {
    "arrays": Features(
        {
            "matrix": Array2D(shape=(2, 3), dtype="int32"),
            "frames": Array3D(shape=(None, 1, 2), dtype="float32"),
            "deep": Array5D(shape=(1, 2, 1, 1, 2), dtype="int64"),
            "json": Json(),
            "messages": List(Json()),
            "call": {"arguments": Json(), "n": Value("int8")},
            "large": LargeList({"name": Value("string")}),
        }
    ),
    "files": Features(
        {
            "image": Image(mode="RGB", decode=False),
            "images": List(Image(decode=False)),
            "sound": Audio(sampling_rate=16000, decode=False),
            "video": Video(decode=False),
        }
    ),
    "translations": Features(
        {
            "pair": Translation(languages=["de", "fr"]),
            "several": TranslationVariableLanguages(languages=["en", "de", "fr"]),
        }
    ),
}


def named_row(kind, i):
    if kind == "arrays":
        return {
            "matrix": [[i, 1, 2], [3, 4, -i]],
            "frames": [[[i / 4, k]] for k in range(1 + i % 3)],
            "deep": [[[[[i, 2**40]]], [[[3, 4]]]]],
            "json": None if i % 5 == 4 else JSON[i % 6],
            "messages": [JSON[k] for k in range(i % 4)],
            "call": {"arguments": JSON[(i + 1) % 6], "n": i % 100},
            "large": [{"name": str(i)}] * (i % 3),
        }
    if kind == "translations":
        several = {"de": f"de {i}", "fr": [f"fr {i}", "encore"][: 1 + i % 2]}
        return {"pair": {"de": f"Zeile {i}", "fr": None if i % 4 == 3 else f"ligne {i}"}, "several": several}
    file = {"bytes": bytes([i % 256, 0, 255]), "path": f"{i}.bin" if i % 2 else None}
    return {"image": file, "images": [file] * (i % 3), "sound": None if i % 5 == 4 else file, "video": file}


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    if isinstance(value, datetime.date):
        return value.isoformat() + "T00:00:00.000Z"
    return value


def write(folder):
    dataset = Dataset.from_list([row(i) for i in range(2500)], features=features)
    dataset.save_to_disk(folder / "saved", num_shards=2)
    splits = {"train": dataset.select(range(1200)), "test": dataset.select(range(100, 0, -1))}
    DatasetDict(splits).save_to_disk(folder / "saved_dict")
    dataset.to_parquet(folder / "data.parquet")
    written = {"features": features.to_dict(), "rows": [plain(each) for each in dataset]}
    (folder / "values.json").write_text(json.dumps(written))
    for kind, types in named.items():
        rows = [named_row(kind, i) for i in range(1100)]
        if kind == "files":  # given as stored: to encode them Python needs packages for images and sound
            dataset = Dataset.from_list(rows).cast(types)
        else:
            dataset = Dataset.from_list(rows, features=types)
        dataset.save_to_disk(folder / kind)
        dataset.to_parquet(folder / f"{kind}.parquet")
        written = {"features": types.to_dict(), "rows": [plain(each) for each in dataset]}
        (folder / f"{kind}.json").write_text(json.dumps(written))


def check_named(folder, kind, types):
    wanted = json.loads((folder / f"{kind}.json").read_text())["rows"]
    file = {"data_files": str(folder / f"attune_{kind}.parquet"), "cache_dir": str(folder / "cache")}
    cases = {
        "saveToDisk": load_from_disk(folder / f"attune_{kind}"),
        "toParquet": load_dataset("parquet", split="train", **file),
    }
    for name, dataset in cases.items():
        if dataset.features != types:
            sys.exit(f"{kind}, {name}: features are {dataset.features}, not {types}")
        for found, row in zip(map(plain, dataset), wanted, strict=True):
            if found != row:
                sys.exit(f"{kind}, {name}: a row is {found}, not {row}")
        first = next(iter(types))
        assert len(dataset.map(lambda each: {"copy": each[first]})["copy"]) == len(wanted)  # Python goes on with it
        print(f"Python reads what Attune wrote, {kind}, {name}: {len(wanted)} rows, features and values the same")


def check(folder):
    for kind, types in named.items():
        check_named(folder, kind, types)
    values = json.loads((folder / "values.json").read_text())
    both = load_from_disk(folder / "attune_saved_dict")
    parquet = load_dataset(
        "parquet", data_files=str(folder / "attune.parquet"), split="train", cache_dir=str(folder / "cache")
    )
    numbers = list(range(2500))
    cases = {
        "saveToDisk": (load_from_disk(folder / "attune_saved"), numbers),
        "saveToDisk, shuffled": (load_from_disk(folder / "attune_shuffled"), numbers),
        "saveToDisk of splits, train": (both["train"], numbers[:1200]),
        "saveToDisk of splits, test": (both["test"], list(range(100, 0, -1))),
        "toParquet": (parquet, numbers),
    }
    for name, (dataset, rows) in cases.items():
        found = [plain(each) for each in dataset]
        wanted = [values["rows"][i] for i in rows]
        if name.endswith("shuffled"):
            found, wanted = (sorted(each, key=json.dumps) for each in (found, wanted))
        if dataset.features != features:
            sys.exit(f"{name}: features are {dataset.features}, not {features}")
        exact = [(row(i)["moment"], row(i)["moments"], row(i)["price"]) for i in rows]  # beyond what JavaScript shows
        kept = list(zip(dataset["moment"], dataset["moments"], dataset["price"]))
        if name.endswith("shuffled"):
            exact, kept = (sorted(each, key=str) for each in (exact, kept))
        if kept != exact:
            sys.exit(f"{name}: microseconds or decimals were lost")
        wrong = [i for i, (a, b) in enumerate(zip(found, wanted)) if a != b]
        if wrong or len(found) != len(wanted):
            sys.exit(f"{name}: {len(found)} rows, {len(wrong)} wrong, first {found[wrong[0]]}, not {wanted[wrong[0]]}")
        mapped = dataset.map(lambda each: {"n": len(each["ids"])})  # Python goes on with it
        assert mapped["n"][3] == len(dataset[3]["ids"])
        print(f"Python reads what Attune wrote, {name}: {len(found)} rows, features and values the same")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
