"""PyTorch and transformers as one side of bench/step.ts: training steps on real batches, run block by block on request.

Speaks JSON lines, a request on standard input and its answer on standard output:
  {"cmd": "load", "model", "dataset", "config", "batch_size", "batches", "shape"?, "activation_checkpointing"?}
    -> {"name", "batches": [{"shape", "tokens": without padding}, ...]}
  {"cmd": "steps", "n"} -> {"seconds": [...], "losses": [...]}
Between requests it waits on standard input, so that the other side has the machine to itself. End of input ends it.
What a step does is what Trainer does with its defaults: forward with dropout, backward, clip to 1.0, fused AdamW 5e-5
without decay, linear schedule to zero. Batches are tokenized and padded beforehand and are not part of a step's time.
"""

import json
import sys
import time
from pathlib import Path

import pyarrow.parquet as parquet
import torch
import transformers
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, get_scheduler

NO_DECAY = ("bias", "LayerNorm.weight", "LayerNorm.bias")
TEXT_COLUMNS = ("sentence1", "sentence2", "sentence")


def read_batches(tokenizer, folder, batch_size, count):
    """The first `count` batches of the training rows in their order, each padded to its own longest row."""
    table = parquet.read_table(folder / "train-00000-of-00001.parquet").slice(0, count * batch_size)
    columns = [table.column(name).to_pylist() for name in TEXT_COLUMNS if name in table.column_names]
    encoded = tokenizer(*columns, truncation=True)
    labels = table.column("label").to_pylist()
    batches = []
    for start in range(0, len(labels), batch_size):
        rows = {name: values[start : start + batch_size] for name, values in encoded.items()}
        batch = tokenizer.pad(rows, return_tensors="pt")
        batch["labels"] = torch.tensor(labels[start : start + batch_size])
        batches.append(batch)
    return batches


def load_model(request):
    """The checkpoint, or random weights of a shape."""
    shape = request.get("shape")
    if shape is None:
        return AutoModelForSequenceClassification.from_pretrained(request["model"], num_labels=2)
    return AutoModelForSequenceClassification.from_config(AutoConfig.for_model(num_labels=2, **shape))


def fit_batches(batches, shape):
    """The same rows for a model of another vocabulary: ids that it has, and token types only where it reads them."""
    for batch in batches:
        batch["input_ids"] %= shape["vocab_size"]
        batch.pop("token_type_ids", None)


class Training:
    def __init__(self, request):
        torch.manual_seed(42)
        tokenizer = AutoTokenizer.from_pretrained(request["model"])
        folder = Path(request["dataset"]) / request["config"]
        self.batches = read_batches(tokenizer, folder, request["batch_size"], request["batches"])
        if request.get("shape"):
            fit_batches(self.batches, request["shape"])
        self.model = load_model(request)
        self.model.train()
        if request.get("activation_checkpointing"):
            self.model.gradient_checkpointing_enable()
        named = list(self.model.named_parameters())
        groups = [
            {"params": [p for n, p in named if not n.endswith(NO_DECAY)], "weight_decay": 0.0},
            {"params": [p for n, p in named if n.endswith(NO_DECAY)], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=5e-5, fused=True)
        self.schedule = get_scheduler(
            "linear", self.optimizer, num_warmup_steps=0, num_training_steps=len(self.batches)
        )
        self.next = 0

    def describe(self):
        return {
            "name": f"PyTorch {torch.__version__}, transformers {transformers.__version__}, "
            f"{torch.get_num_threads()} threads",
            "batches": [
                {"shape": list(b["input_ids"].shape), "tokens": int(b["attention_mask"].sum())} for b in self.batches
            ],
        }

    def steps(self, n):
        seconds, losses = [], []
        for batch in self.batches[self.next : self.next + n]:
            start = time.perf_counter()
            loss = self.model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad()
            losses.append(loss.item())
            seconds.append(time.perf_counter() - start)
        self.next += len(losses)
        return {"seconds": seconds, "losses": losses}


def main():
    training = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "load":
            training = Training(request)
            answer = training.describe()
        else:
            answer = training.steps(request["n"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
