"""The Python side of bench/datasets.ts: datasets' own calls on the same data, timed here, one JSON line per request."""

import json
import os
import shutil
import sys
import tempfile
import time

import datasets
from datasets import load_dataset, load_from_disk
from transformers import AutoTokenizer
import transformers

datasets.disable_progress_bars()


class Side:
    def __init__(self):
        self.scratch = tempfile.mkdtemp(prefix="attune-bench-python-")

    def load(self, files, texts, tokenizer, **_):
        self.files = files
        self.texts = texts
        self.tokenizer = AutoTokenizer.from_pretrained(tokenizer)
        self.round = 0
        return {"name": f"datasets {datasets.__version__}, transformers {transformers.__version__}, Python {sys.version.split()[0]}"}

    def timed(self, work):
        start = time.perf_counter()
        rows = work()
        return {"seconds": time.perf_counter() - start, "rows": rows}

    def read(self, **_):
        """From Parquet into a cache that is empty."""
        cache = tempfile.mkdtemp(dir=self.scratch)

        def work():
            self.dataset = load_dataset("parquet", data_files=self.files, split="train", cache_dir=cache)
            return len(self.dataset)

        return self.timed(work)

    def reread(self, **_):
        """The same again, from that cache."""
        cache = os.path.dirname(self.dataset.cache_files[0]["filename"]).split("/parquet/")[0]
        return self.timed(lambda: len(load_dataset("parquet", data_files=self.files, split="train", cache_dir=cache)))

    def afresh(self, builder, path):
        cache = tempfile.mkdtemp(dir=self.scratch)
        return self.timed(lambda: len(load_dataset(builder, data_files=path, split="train", cache_dir=cache)))

    def csv(self, csv, **_):
        return self.afresh("csv", csv)

    def json(self, json, **_):
        return self.afresh("json", json)

    def streamed(self, builder, path):
        def work():
            rows = 0
            for row in load_dataset(builder, data_files=path, split="train", streaming=True):
                if len(row[self.texts[0]]) > 0:
                    rows += 1
            return rows

        return self.timed(work)

    def stream(self, **_):
        return self.streamed("parquet", self.files)

    def streamJson(self, json, **_):
        return self.streamed("json", json)

    def tokenize(self, **_):
        self.round += 1

        def work():
            self.tokenized = self.dataset.map(
                lambda rows, round: self.tokenizer(*[rows[name] for name in self.texts], truncation=True),
                batched=True,
                fn_kwargs={"round": self.round},
                load_from_cache_file=False,
            )
            return len(self.tokenized)

        return self.timed(work)

    def rows(self, **_):
        self.round += 1
        text = self.texts[0]
        change = lambda row, round: {"upper": row[text].upper(), "words": len(row[text].split(" "))}
        return self.timed(
            lambda: len(self.dataset.map(change, fn_kwargs={"round": self.round}, load_from_cache_file=False))
        )

    def filter(self, **_):
        self.round += 1
        text = self.texts[0]
        keep = lambda row, round: len(row[text]) > 40
        return self.timed(
            lambda: (self.dataset.filter(keep, fn_kwargs={"round": self.round}, load_from_cache_file=False), len(self.dataset))[1]
        )

    def random(self, count, **_):
        shuffled = self.tokenized.shuffle(seed=self.round)

        def work():
            total = 0
            for i in range(count):
                total += len(shuffled[i % len(shuffled)]["input_ids"])
            return count

        return self.timed(work)

    def open(self, folder, **_):
        def work():
            dataset = load_from_disk(folder)
            assert len(dataset[len(dataset) // 2]["sentence"]) > 0
            return len(dataset)

        return self.timed(work)

    def scan(self, folder, count, **_):
        """Random rows of the large dataset."""
        dataset = load_from_disk(folder)
        step = 7919 * 1009

        def work():
            total = 0
            for i in range(count):
                total += len(dataset[i * step % len(dataset)]["sentence"])
            return count

        return self.timed(work)


side = Side()
try:
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(side, request.pop("cmd"))(**request)
        print(json.dumps(answer), flush=True)
finally:
    shutil.rmtree(side.scratch, ignore_errors=True)
