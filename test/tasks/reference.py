# Writes reference.json: what scikit-learn's naive Bayes and ridge regression say of small texts, for the baselines.
#   pip install scikit-learn==1.9.1 && python test/tasks/reference.py
import json
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import MultinomialNB

rng = np.random.default_rng(3)
WORDS = "good bad day night a the was very long short cold warm sea hill".split()
CLASSES = 3


def rows(n):
    texts, labels = [], []
    for _ in range(n):
        label = int(rng.integers(CLASSES))
        chance = np.ones(len(WORDS)) + 3 * (np.arange(len(WORDS)) % CLASSES == label)
        texts.append(" ".join(rng.choice(WORDS, rng.integers(2, 8), p=chance / chance.sum())))
        labels.append(label)
    return texts, labels


train, labels = rows(60)
asked, references = rows(25)
asked[0] = "Unknown words, only!"
counts = CountVectorizer(binary=True, token_pattern=r"(?u)\b\w+\b")
x, z = counts.fit_transform(train), counts.transform(asked)
bayes = MultinomialNB(alpha=1.0).fit(x, labels).predict(z).tolist()
values = (np.array(labels) + 0.3 * rng.normal(size=len(labels))).round(3)
ridge = values.mean() + Ridge(alpha=1.0, fit_intercept=False, solver="cholesky").fit(x, values - values.mean()).predict(z)
Path(__file__).with_name("reference.json").write_text(
    json.dumps({"train": train, "labels": labels, "values": values.tolist(), "asked": asked, "references": references,
                "bayes": bayes, "ridge": ridge.tolist()}) + "\n"
)
