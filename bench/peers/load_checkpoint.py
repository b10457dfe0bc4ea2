"""What Python makes of a checkpoint folder: the logits of given inputs, for bench/roundtrip.ts.

Reads one JSON object from standard input, {"checkpoint", "batches": [{"input_ids", "token_type_ids", "attention_mask"}]}
with nested lists, and writes {"name", "logits": [[...], ...]}: a row for each row of the batches, in their order.
Missing, unexpected or mismatched weights are errors here, not warnings.
"""

import json
import sys

import torch
import transformers
from transformers import AutoModelForSequenceClassification


def main():
    request = json.load(sys.stdin)
    model, info = AutoModelForSequenceClassification.from_pretrained(request["checkpoint"], output_loading_info=True)
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
