"""Python's side of tokenize.ts: transformers' call on a list of texts, timed on request (JSON lines)."""
import json
import sys
import time

import pyarrow.parquet as parquet
import tokenizers
import transformers
from transformers import AutoTokenizer

texts = parquet.read_table(sys.argv[1]).column("sentence").to_pylist()
print(json.dumps({"texts": len(texts), "versions": f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}"}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    tokenizer = AutoTokenizer.from_pretrained(request["folder"])  # anew: no words of the round before are known
    start = time.perf_counter()
    ids = tokenizer(texts)["input_ids"]
    seconds = time.perf_counter() - start
    check = sum(sum(row) * (i % 1009 + 1) for i, row in enumerate(ids)) % 2**31
    print(json.dumps({"seconds": seconds, "tokens": sum(map(len, ids)), "check": check}), flush=True)
