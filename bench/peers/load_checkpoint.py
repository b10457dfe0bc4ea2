"""What Python makes of a checkpoint folder: the logits of given inputs, for bench/roundtrip.ts.

Reads one JSON object from standard input, {"checkpoint", "batches": [{"input_ids", "token_type_ids", "attention_mask"}]}
with nested lists, and writes {"name", "logits": [[...], ...]}: a row for each row of the batches, in their order.
Missing, unexpected or mismatched weights are errors here, not warnings.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForSequenceClassification


def load(checkpoint):
    """A model, or one with an adapter; and what of its weights was missing, unexpected or mismatched."""
    adapter = Path(checkpoint) / "adapter_config.json"
    if not adapter.exists():
        return AutoModelForSequenceClassification.from_pretrained(checkpoint, output_loading_info=True)
    from peft import PeftModel

    base = json.loads(adapter.read_text())["base_model_name_or_path"]
    labels = len(json.loads((adapter.parent / "model_config.json").read_text())["id2label"])
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=labels)
    model = PeftModel.from_pretrained(model, checkpoint)
    found = model.load_adapter(checkpoint, "again")
    return model, {"missing": found.missing_keys and [k for k in found.missing_keys if ".again." in k], "unexpected": found.unexpected_keys}


def main():
    request = json.load(sys.stdin)
    model, info = load(request["checkpoint"])
    faults = {name: sorted(map(str, keys)) for name, keys in info.items() if keys}
    if faults:
        sys.exit(f"{request['checkpoint']} does not load cleanly: {json.dumps(faults)}")
    model.eval()
    logits = []
    with torch.no_grad():
        for batch in request["batches"]:
            logits += model(**{name: torch.tensor(rows) for name, rows in batch.items()}).logits.tolist()
    name = f"PyTorch {torch.__version__}, transformers {transformers.__version__}"
    json.dump({"name": name, "logits": logits}, sys.stdout)


if __name__ == "__main__":
    main()
