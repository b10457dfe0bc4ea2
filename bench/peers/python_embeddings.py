"""Python's sentence-transformers as the peer of bench/embeddings.ts, one JSON object on standard input, one on standard output:
  {"read": folders of models that Attune saved, "write": folder to write models into, "model": checkpoint of an encoder, "texts",
   "rows": {"anchor", "positive", "negative"}, "steps", "batch_size", "learning_rate"}
    -> {"name", "read": embeddings by each folder, "written": {folder: embeddings}, "losses": of MultipleNegativesRankingLoss with hard
        negatives, of each step, "trained": embeddings after them}
"""

import json
import sys
from pathlib import Path

import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device

try:
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
except ImportError:
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from sentence_transformers.models import Normalize, Pooling, Transformer


def width_of(transformer):
    named = getattr(transformer, "get_embedding_dimension", None) or transformer.get_word_embedding_dimension
    return named()


def embed(model, texts):
    return model.encode(texts, batch_size=16, show_progress_bar=False).tolist()


def write(request):
    """Models as sentence-transformers saves them, and what they make of the texts."""
    written = {}
    for pooling, normalize in (("mean", True), ("cls", False), ("max", False)):
        transformer = Transformer(request["model"])
        modules = [transformer, Pooling(width_of(transformer), pooling_mode=pooling), *([Normalize()] if normalize else [])]
        model = SentenceTransformer(modules=modules, device="cpu", prompts={"query": "query: "})
        folder = str(Path(request["write"]) / pooling)
        model.save(folder)
        asked = model.encode(request["texts"], prompt_name="query", show_progress_bar=False).tolist()
        written[folder] = {"plain": embed(model, request["texts"]), "query": asked}
    return written


def train(request):
    """Steps of AdamW on the rows in their order."""
    transformer = Transformer(request["model"])
    modules = [transformer, Pooling(width_of(transformer), pooling_mode="mean")]
    model = SentenceTransformer(modules=modules, device="cpu")
    loss_of = MultipleNegativesRankingLoss(model)
    model.eval()  # without dropout, so that both sides compute the same
    optimizer = torch.optim.AdamW(model.parameters(), lr=request["learning_rate"], weight_decay=0.0)
    losses = []
    size = request["batch_size"]
    tokenize = model.preprocess if hasattr(model, "preprocess") else model.tokenize
    for step in range(request["steps"]):
        columns = [request["rows"][name][step * size : (step + 1) * size] for name in ("anchor", "positive", "negative")]
        features = [batch_to_device(tokenize(texts), torch.device("cpu")) for texts in columns]
        loss = loss_of(features, None)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses, embed(model, request["texts"])


def main():
    request = json.load(sys.stdin)
    read = {folder: embed(SentenceTransformer(folder, device="cpu"), request["texts"]) for folder in request["read"]}
    losses, trained = train(request)
    name = f"sentence-transformers {sentence_transformers.__version__}, transformers {transformers.__version__}"
    answer = {"name": name, "read": read, "written": write(request), "losses": losses, "trained": trained}
    sys.stderr.flush()
    print("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
