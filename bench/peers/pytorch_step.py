"""PyTorch and transformers as one side of bench/step.ts: training steps on real batches, run block by block on request.

Speaks JSON lines, a request on standard input and its answer on standard output:
  {"cmd": "load", "model", "dataset", "config", "batch_size", "batches", "shape"?, "activation_checkpointing"?, "lora"?,
   "bf16"?: under autocast, "evaluate"?: forward alone, "grouped"?: rows of about equal length in a batch,
   "comparable"?: no dropout, and a head by formula}
    -> {"name", "batches": [{"shape", "tokens": without padding}, ...]}
  {"cmd": "steps", "n"} -> {"seconds": [...], "losses": [...]}
Between requests it waits on standard input, so that the other side has the machine to itself. End of input ends it.
What a step does is what Trainer does with its defaults: forward with dropout, backward, clip to 1.0, fused AdamW 5e-5
without decay, linear schedule to zero. Batches are tokenized and padded beforehand and are not part of a step's time.
"""

import json
import math
import sys
import time
from pathlib import Path

import pyarrow.parquet as parquet
import torch
import transformers
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, get_scheduler
from transformers.trainer_pt_utils import LengthGroupedSampler

NO_DECAY = ("bias", "LayerNorm.weight", "LayerNorm.bias")
TEXT_COLUMNS = ("sentence1", "sentence2", "sentence")


def read_batches(tokenizer, folder, batch_size, count, grouped):
    """
    `count` batches of the first training rows, each padded to its own longest row: in the rows' order, or grouped by length
    as Trainer groups them.
    """
    table = parquet.read_table(folder / "train-00000-of-00001.parquet").slice(0, count * batch_size)
    columns = [table.column(name).to_pylist() for name in TEXT_COLUMNS if name in table.column_names]
    encoded = tokenizer(*columns, truncation=True)
    labels = table.column("label").to_pylist()
    order = list(range(len(labels)))
    if grouped:
        lengths = [len(ids) for ids in encoded["input_ids"]]
        order = list(LengthGroupedSampler(batch_size, lengths=lengths, generator=torch.Generator().manual_seed(42)))
    batches = []
    for start in range(0, len(labels), batch_size):
        chosen = order[start : start + batch_size]
        rows = {name: [values[i] for i in chosen] for name, values in encoded.items()}
        batch = tokenizer.pad(rows, return_tensors="pt")
        batch["labels"] = torch.tensor([labels[i] for i in chosen])
        batches.append(batch)
    return batches


def load_model(request):
    """The checkpoint, or random weights of a shape."""
    shape = request.get("shape")
    if shape is None:
        dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if request.get("comparable") else {}
        return AutoModelForSequenceClassification.from_pretrained(request["model"], num_labels=2, **dropout)
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
        grouped = request.get("grouped", False)
        self.batches = read_batches(tokenizer, folder, request["batch_size"], request["batches"], grouped)
        if request.get("shape"):
            fit_batches(self.batches, request["shape"])
        self.model = load_model(request)
        if request.get("comparable"):
            head = self.model.classifier
            values = [0.02 * math.sin(1 + i) for i in range(head.weight.numel())]
            head.weight.data.copy_(torch.tensor(values).reshape(head.weight.shape))
            head.bias.data.zero_()
        self.model.train()
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=request.get("bf16", False))
        self.step = self.evaluate if request.get("evaluate") else self.train
        if request.get("activation_checkpointing"):
            self.model.gradient_checkpointing_enable()
        if request.get("lora"):
            from peft import LoraConfig, get_peft_model

            config = LoraConfig(
                r=8, lora_alpha=16, lora_dropout=0.1, target_modules=request["lora"], task_type="SEQ_CLS"
            )
            self.model = get_peft_model(self.model, config)
        named = [(name, parameter) for name, parameter in self.model.named_parameters() if parameter.requires_grad]
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

    def train(self, batch):
        with self.autocast:
            loss = self.model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return loss.item()

    def evaluate(self, batch):
        self.model.eval()
        with torch.no_grad(), self.autocast:
            output = self.model(**batch)
        output.logits.float().numpy()
        return output.loss.item()

    def steps(self, n):
        seconds, losses = [], []
        for batch in self.batches[self.next : self.next + n]:
            start = time.perf_counter()
            losses.append(self.step(batch))
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
