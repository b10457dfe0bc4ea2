"""Python's peft as the peer of bench/lora.ts, one JSON object on standard input, one on standard output:
  {"cmd": "train", "model", "data": folder of MRPC's Parquet files, "seed", "epochs", "output", "learning_rate", "lora": of LoraConfig}
    -> {"name", "accuracy", "f1", "trainable", "all"}: three epochs of Python's Trainer, and the adapter in `output`
  {"cmd": "read", "adapter", "second", "batches"}: two adapters that Attune saved of one base
    -> {"name", "logits": by what is active: first, second, merged}
  {"cmd": "write", "model", "output", "lora", "batches"}
    -> {"name", "logits": of adapters in `output`/first and `output`/second, each other than it began}
"""

import json
import sys
from pathlib import Path

import numpy as np
import peft
import torch
import transformers
from datasets import load_dataset
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

NAME = f"PyTorch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}"


def measures(prediction):
    """Accuracy, and F1 of the class 1, as GLUE measures MRPC."""
    classes, labels = prediction.predictions.argmax(-1), prediction.label_ids
    hits = int(np.sum((classes == 1) & (labels == 1)))
    return {"accuracy": float(np.mean(classes == labels)), "f1": 2 * hits / int(np.sum(classes == 1) + np.sum(labels == 1))}


def train(request):
    set_seed(request["seed"])
    tokenizer = AutoTokenizer.from_pretrained(request["model"])
    model = AutoModelForSequenceClassification.from_pretrained(request["model"], num_labels=2)
    if request.get("lora"):
        model = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", **request["lora"]))
    files = {split: str(Path(request["data"]) / f"{split}-00000-of-00001.parquet") for split in ("train", "validation")}
    rows = load_dataset("parquet", data_files=files)
    rows = rows.map(lambda batch: tokenizer(batch["sentence1"], batch["sentence2"], truncation=True), batched=True)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=request["output"],
            seed=request["seed"],
            num_train_epochs=request["epochs"],
            per_device_train_batch_size=8,
            per_device_eval_batch_size=32,
            learning_rate=request["learning_rate"],
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=rows["train"],
        eval_dataset=rows["validation"],
        data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
        compute_metrics=measures,
    )
    trainer.train()
    trainer.save_model(request["output"])
    figures = trainer.evaluate()
    trained = [p.numel() for p in model.parameters() if p.requires_grad]
    return {
        "accuracy": figures["eval_accuracy"],
        "f1": figures["eval_f1"],
        "trainable": sum(trained),
        "all": sum(p.numel() for p in model.parameters()),
    }


def logits_of(model, batches):
    model.eval()
    rows = []
    with torch.no_grad():
        for batch in batches:
            rows += model(**{name: torch.tensor(values) for name, values in batch.items()}).logits.tolist()
    return rows


def read(request):
    base = json.loads((Path(request["adapter"]) / "adapter_config.json").read_text())["base_model_name_or_path"]
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
    model = PeftModel.from_pretrained(model, request["adapter"], adapter_name="first")
    model.load_adapter(request["second"], "second")
    logits = {}
    for name in ("first", "second"):
        model.set_adapter(name)
        logits[name] = logits_of(model, request["batches"])
    model.set_adapter("first")
    logits["merged"] = logits_of(model.merge_and_unload(), request["batches"])
    return {"logits": logits}


def write(request):
    torch.manual_seed(7)
    base = AutoModelForSequenceClassification.from_pretrained(request["model"], num_labels=2)
    model = get_peft_model(base, LoraConfig(task_type="SEQ_CLS", **request["lora"]), adapter_name="first")
    second = {**request["lora"], "r": 4, "target_modules": "all-linear"}
    model.add_adapter("second", LoraConfig(task_type="SEQ_CLS", **second))
    logits = {}
    for name in ("first", "second"):
        model.set_adapter(name)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.02 * torch.randn_like(parameter))
        logits[name] = logits_of(model, request["batches"])
    model.save_pretrained(request["output"], selected_adapters=["first", "second"])
    model.set_adapter("first")
    logits["merged"] = logits_of(model.merge_and_unload(), request["batches"])
    return {"logits": logits}


def main():
    request = json.load(sys.stdin)
    answer = {"train": train, "read": read, "write": write}[request["cmd"]](request)
    sys.stderr.flush()
    print("\n" + json.dumps({"name": NAME, **answer}))


if __name__ == "__main__":
    main()
