"""Writes embeddings.json: embeddings of all-MiniLM-L6-v2 by sentence-transformers' formula, losses and gradients of ranking and
of similarity in torch, and scikit-learn's logistic regression.

Needs torch, transformers and scikit-learn:  python test/embeddings/python.py
"""
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from transformers import AutoModel, AutoTokenizer

HERE = Path(__file__).parent
MINILM = HERE / "../../../shared/hub/models/sentence-transformers/all-MiniLM-L6-v2"
TINY = HERE / "../pipelines/fixtures/words"
TEXTS = ["A man is eating food.", "Someone has a meal.", "The stock market fell sharply on Monday, and nobody knew why.", "Zürich"]
ANCHORS = ["Ada wrote the first program", "Babbage built engines there", "New York City"]
POSITIVES = ["the first program of Lovelace", "Babbage built", "what is London"]
NEGATIVES = ["Ada is not there", "London , England .", "Paris"]
SCORES = [0.9, 0.2, 0.5]


def embed(model, tokenizer, texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    states = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1).float()
    return (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)


def gradients(model):
    return {
        name: parameter.grad.norm().item()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and ("layer.0.attention.self.query" in name or "word_embeddings" in name or "layer.1.output.dense" in name)
    }


model = AutoModel.from_pretrained(MINILM).eval()
tokenizer = AutoTokenizer.from_pretrained(MINILM)
with torch.no_grad():
    rows = F.normalize(embed(model, tokenizer, TEXTS), p=2, dim=1)
result = {"texts": TEXTS, "embeddings": [[round(v, 6) for v in row] for row in rows.tolist()], "similarity": (rows @ rows.T).tolist()}

tokenizer = AutoTokenizer.from_pretrained(TINY)
for name, columns in {"ranking": [ANCHORS, POSITIVES], "hard": [ANCHORS, POSITIVES, NEGATIVES]}.items():
    model = AutoModel.from_pretrained(TINY, add_pooling_layer=False).eval()
    anchors, *candidates = [embed(model, tokenizer, texts) for texts in columns]
    scores = F.normalize(anchors, p=2, dim=1) @ F.normalize(torch.cat(candidates), p=2, dim=1).T * 20.0
    loss = F.cross_entropy(scores, torch.arange(len(ANCHORS)))
    loss.backward()
    result[name] = {"loss": loss.item(), "scores": scores.tolist(), "gradients": gradients(model)}
model = AutoModel.from_pretrained(TINY, add_pooling_layer=False).eval()
cosines = F.cosine_similarity(embed(model, tokenizer, ANCHORS), embed(model, tokenizer, POSITIVES))
loss = F.mse_loss(cosines, torch.tensor(SCORES))
loss.backward()
result["cosine"] = {"loss": loss.item(), "scores": cosines.tolist(), "gradients": gradients(model)}
result["columns"] = {"anchor": ANCHORS, "positive": POSITIVES, "negative": NEGATIVES, "score": SCORES}

random = np.random.default_rng(5)
features = random.normal(size=(24, 6))
labels = (features @ random.normal(size=(6, 3))).argmax(1)
regression = LogisticRegression(tol=1e-9, max_iter=5000).fit(features, labels)
result["regression"] = {
    "features": features.round(6).tolist(),
    "labels": labels.tolist(),
    "probabilities": LogisticRegression(tol=1e-9, max_iter=5000).fit(features.round(6), labels).predict_proba(features.round(6)).tolist(),
    # of two classes, with another C
    "two": LogisticRegression(C=0.3, tol=1e-9, max_iter=5000).fit(features.round(6), labels == 1).predict_proba(features.round(6)).tolist(),
}
(HERE / "embeddings.json").write_text(json.dumps(result) + "\n")
