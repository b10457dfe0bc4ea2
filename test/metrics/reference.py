# Writes reference.json: what scikit-learn, scipy and seqeval say of random and of degenerate predictions, and the scoring
# script of SQuAD 1.1 (the one that evaluate's squad metric runs) of some answers.
#   pip install scikit-learn==1.9.1 scipy==1.17.1 seqeval==1.2.2 && python test/metrics/reference.py
import json
import re
import string
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from seqeval.metrics import accuracy_score as tag_accuracy
from seqeval.metrics import classification_report
from scipy.stats import spearmanr
from sklearn import metrics

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
AVERAGES = ["binary", "micro", "macro", "weighted"]


def value(function, *arguments, **options):
    try:
        result = float(function(*arguments, **options))
    except ValueError:
        return "error"
    return "nan" if np.isnan(result) else result


def averaged():
    cases = [([1, 1], [1, 1]), ([0, 0], [0, 0]), ([2, 2], [2, 2]), ([0, 0, 1], [0, 0, 0]), ([0, 0, 0], [0, 1, 1])]
    cases += [([0, 2], [0, 2]), ([0, 1, 2, 2], [0, 0, 0, 1])]
    cases += [(rng.integers(0, n, size).tolist(), rng.integers(0, n, size).tolist()) for n, size in [(2, 50), (2, 7), (3, 40), (5, 60)]]
    functions = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}
    return [
        {"references": y, "predictions": p, **{f"{name} {a}": value(f, y, p, average=a) for name, f in functions.items() for a in AVERAGES}}
        for y, p in cases
    ]


def roc_auc():
    two = [([0, 1], [0.5, 0.5]), ([1, 1], [0.1, 0.2]), ([0, 2], [0.5, 0.6]), ([0, 1, 1, 0], [1.0, 1.0, 0.5, 0.5])]
    two += [(rng.integers(0, 2, n).tolist(), np.round(rng.normal(size=n), 1).tolist()) for n in (20, 101)]
    cases = [{"references": y, "predictions": s, "roc_auc": value(metrics.roc_auc_score, y, s)} for y, s in two]
    many = []
    for classes, n in ((3, 30), (4, 60)):
        y = rng.integers(0, classes, n)
        logits = np.round(rng.normal(size=(n, classes)) + 0.8 * np.eye(classes)[y], 2)
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        many.append({
            "references": y.tolist(), "predictions": logits.tolist(),
            **{f"{m} {a}": value(metrics.roc_auc_score, y, p, multi_class=m, average=a) for m in ("ovr", "ovo") for a in ("macro", "weighted")},
        })
    return {"two": cases, "many": many}


def errors():
    cases = [([1.0], [1.0]), ([0.5, 0.5], [0.5, 0.5])]
    cases += [(rng.normal(size=s).tolist(), rng.normal(size=s).tolist()) for s in (9, 100, (12, 3))]
    return [
        {"references": y, "predictions": p, "mse": value(metrics.mean_squared_error, y, p), "mae": value(metrics.mean_absolute_error, y, p),
         "rmse": value(lambda y, p: np.sqrt(metrics.mean_squared_error(y, p)), y, p)}
        for y, p in cases
    ]


def ties():
    cases = [([1.0, 1.0], [1.0, 2.0]), ([1, 2], [2, 2]), ([1.0], [1.0])]
    cases += [(rng.integers(0, 4, n).tolist(), rng.integers(0, 3, n).tolist()) for n in (6, 30)]
    return [{"references": y, "predictions": p, "spearmanr": value(lambda y, p: spearmanr(p, y).statistic, y, p)} for y, p in cases]


def seqeval():
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "E-LOC", "S-ORG", "I-ORG", "B-MISC-X"]
    draw = lambda k: [[tags[i] for i in rng.integers(0, k, n)] for n in rng.integers(1, 9, 12)]
    cases = [([["O", "O"]], [["O", "O"]]), ([["B-PER", "O"]], [["O", "O"]]), ([["O"]], [["B-PER"]])]
    cases += [([["I-PER", "I-PER", "B-PER", "I-LOC"], ["I-LOC", "B"]], [["B-PER", "I-PER", "B-PER", "I-LOC"], ["B-LOC", "I"]])]
    for k in (5, 9):
        y = draw(k)
        cases.append((y, [[t if rng.random() < 0.6 else tags[rng.integers(0, k)] for t in s] for s in y]))
    out = []
    for suffix in (False, True):
        for y, p in cases:
            if suffix:
                y, p = [[["-".join(t.split("-")[1:] + t.split("-")[:1]) for t in s] for s in side] for side in (y, p)]
            if not any(t != "O" for side in (y, p) for s in side for t in s):
                continue  # seqeval itself fails where there is no entity at all
            report = classification_report(y, p, suffix=suffix, output_dict=True, zero_division=0)
            report.pop("macro avg"), report.pop("weighted avg")
            overall = report.pop("micro avg")
            result = {f"overall_{n}": float(overall[k]) for n, k in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score"))}
            result["overall_accuracy"] = float(tag_accuracy(y, p))
            for name, r in report.items():
                result |= {f"{name}_precision": float(r["precision"]), f"{name}_recall": float(r["recall"]), f"{name}_f1": float(r["f1-score"]), f"{name}_number": int(r["support"])}
            out.append({"suffix": suffix, "references": y, "predictions": p, "result": result})
    return out


def squad():
    # SQuAD 1.1's evaluate-v1.1.py
    def normalize(s):
        s = "".join(ch for ch in s.lower() if ch not in set(string.punctuation))
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())

    def f1(prediction, truth):
        p, t = normalize(prediction).split(), normalize(truth).split()
        same = sum((Counter(p) & Counter(t)).values())
        if same == 0:
            return 0
        return 2 * (same / len(p)) * (same / len(t)) / (same / len(p) + same / len(t))

    questions = [
        ("the Normans", ["Normans", "The Normans!"]), ("in the 10th and 11th centuries", ["10th and 11th centuries", "10th"]),
        ("", ["a"]), ("a", ["the"]), ("Denmark, Iceland", ["Denmark, Iceland and Norway"]), ("Über the café an", ["über café"]),
        ("x-ray thean", ["xray thean", "x ray"]), ("cat cat dog", ["cat dog dog"]), ("1976", ["1975"]), ("  New\tYork ", ["new york."]),
    ]
    scores = [(max(float(normalize(p) == normalize(t)) for t in truths), max(f1(p, t) for t in truths)) for p, truths in questions]
    return {"questions": questions, "exact_match": 100 * sum(e for e, _ in scores) / len(scores), "f1": 100 * sum(f for _, f in scores) / len(scores)}


reference = {"averaged": averaged(), "roc_auc": roc_auc(), "errors": errors(), "ties": ties(), "seqeval": seqeval(), "squad": squad()}
path = Path(__file__).parent / "reference.json"
path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")
print(path.stat().st_size)
