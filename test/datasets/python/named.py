"""Writes named/: datasets of features with names of their own, as Python's datasets saves them, with their rows as JSON.

    bench/.venv/bin/python test/datasets/python/named.py
"""

import json
import shutil
from pathlib import Path

import datasets
from datasets import Array2D, Array3D, Audio, Dataset, Features, Image, Json, List, Translation
from datasets import TranslationVariableLanguages, Value

datasets.disable_progress_bars()
folder = Path(__file__).parent / "named"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()

arrays = Features(
    {
        "matrix": Array2D(shape=(2, 3), dtype="int32"),
        "frames": Array3D(shape=(None, 1, 2), dtype="float32"),
        "json": Json(),
        "messages": List(Json()),
        "call": {"arguments": Json(), "n": Value("int8")},
    }
)
rows = [
    {
        "matrix": [[i, 1, 2], [3, 4, 5]],
        "frames": [[[i / 4, 1]]] * (i % 3),
        "json": value,
        "messages": [{"role": "user", "content": None}, value][: i % 3],
        "call": {"arguments": value, "n": i},
    }
    for i, value in enumerate([{"x": 1}, [1, "é"], "text", 7, True, None])
]
file = {"bytes": b"\x00\xff", "path": "a.png"}
files = Features({"image": Image(mode="RGB", decode=False), "sounds": List(Audio(sampling_rate=16000, decode=False))})
translations = Features(
    {"pair": Translation(languages=["de", "fr"]), "several": TranslationVariableLanguages(languages=["fr", "de"])}
)
made = {
    "arrays": Dataset.from_list(rows, features=arrays),
    "files": Dataset.from_list([{"image": file, "sounds": [file, None]}, {"image": None, "sounds": []}]).cast(files),
    "translations": Dataset.from_list(
        [{"pair": {"de": "ja", "fr": None}, "several": {"fr": ["oui", "si"], "de": "ja"}}], features=translations
    ),
}


def plain(value):
    return list(value) if isinstance(value, bytes) else value


for name, dataset in made.items():
    dataset.save_to_disk(folder / name)
    dataset.to_parquet(folder / f"{name}.parquet")
    held = {"features": dataset.features.to_dict(), "card": dataset.features._to_yaml_list(), "rows": list(dataset)}
    (folder / f"{name}.json").write_text(json.dumps(held, default=plain) + "\n")
