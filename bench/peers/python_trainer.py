"""Python's Trainer as the peer of bench/trainer.ts: training steps on MRPC from a saved checkpoint, its log on standard output.

Reads one JSON object from standard input: {"model": folder with head and tokenizer, "dataset": Parquet file of the
training rows, "arguments": of TrainingArguments, "resume": checkpoint folder or null}. Writes {"name", "log": the log
history}. Order of rows, schedule, clipping and what is logged are the Trainer's own.
"""

import json
import sys

import torch
import transformers
from datasets import load_dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)


def main():
    request = json.load(sys.stdin)
    tokenizer = AutoTokenizer.from_pretrained(request["model"])
    model = AutoModelForSequenceClassification.from_pretrained(request["model"])
    rows = load_dataset("parquet", data_files=request["dataset"], split="train")
    rows = rows.map(lambda batch: tokenizer(batch["sentence1"], batch["sentence2"], truncation=True), batched=True)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(**request["arguments"], use_cpu=True),
        train_dataset=rows,
        data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
    )
    trainer.train(resume_from_checkpoint=request["resume"])
    name = f"PyTorch {torch.__version__}, transformers {transformers.__version__}"
    sys.stderr.flush()
    print("\n" + json.dumps({"name": name, "log": trainer.state.log_history}))


if __name__ == "__main__":
    main()
