"""Writes test/pipelines/fixtures: tiny models, and what the pipelines of transformers make of them.

Needs torch and transformers:  python test/pipelines/python.py
The question-answering pipeline is of transformers 4 (4.57.1); it is left as it is where another version runs this.
"""
import json
import sys
import warnings
from pathlib import Path

import torch
import transformers
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertForMultipleChoice,
    BertForQuestionAnswering,
    BertForTokenClassification,
    BertTokenizerFast,
    pipeline,
)

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
OUT = Path(__file__).parent / "fixtures"
OUT.mkdir(exist_ok=True)
QUESTIONS = transformers.__version__.startswith("4.")

WORDS = "ada love ##lace wrote the first program in lon ##don , eng ##land . babb ##age built engine ##s there who where what did is a paris london not bert visited new york city tower of and".split()
VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
TEXTS = [
    "Ada Lovelace wrote the first program in London, England.",
    "Babbage built engines there. Zürich visited New York City.",
    "Paris, london and  Bert 🗼 of England.",
    "the",
]
LONG = " ".join(["Ada Lovelace visited Babbage in London , and Bert wrote the program in New York City ."] * 4)
CASES = [
    {"question": "Who wrote the first program?", "context": "Ada Lovelace wrote the first program in London, England. Babbage built engines there."},
    {"question": "Where is Lovelace?", "context": LONG},
    {"question": "what", "context": "Paris is not London."},
]

CHOICES = [
    {"text": "Who wrote the first program?", "choices": ["Ada Lovelace", "Babbage", "the tower of London"]},
    {"text": "Where is Bert?", "choices": ["not in Paris", LONG]},
]


def base(seed, **more):
    torch.manual_seed(seed)
    return BertConfig(vocab_size=len(VOCAB), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_position_embeddings=32, initializer_range=0.6, **more)


def various(tokenizer, labels):
    """A random model that gives the words of TEXTS many different labels."""
    for seed in range(1000):
        config = base(seed, id2label=labels, label2id={v: k for k, v in labels.items()})
        config.initializer_range = 0.9
        model = BertForTokenClassification(config).eval()
        batch = tokenizer(TEXTS[:3], padding=True, return_tensors="pt")
        found = model(**batch).logits.argmax(-1)[batch["attention_mask"] == 1]
        if found.bincount(minlength=5).min() >= 4:
            return model


def write_models():
    (OUT / "vocab.txt").write_text("\n".join(VOCAB) + "\n")
    tokenizer = BertTokenizerFast(vocab=str(OUT / "vocab.txt"), do_lower_case=True, model_max_length=32)
    labels = {i: label for i, label in enumerate(LABELS)}
    models = {
        "tokens": various(tokenizer, labels),
        "answers": BertForQuestionAnswering(base(2)),
        "words": BertForMaskedLM(base(3)),
        "choices": BertForMultipleChoice(base(4)),
    }
    for name, model in models.items():
        model.save_pretrained(OUT / name)
        tokenizer.save_pretrained(OUT / name)
    (OUT / "vocab.txt").unlink()


def rounded(value):
    if isinstance(value, float) or hasattr(value, "dtype"):
        return round(float(value), 7)
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


def main():
    path = OUT / "reference.json"
    reference = json.loads(path.read_text()) if path.exists() else {}
    if QUESTIONS:
        answer = pipeline("question-answering", str(OUT / "answers"))
        options = [{}, {"top_k": 4}, {"top_k": 3, "handle_impossible_answer": True}, {"align_to_words": False, "top_k": 2}, {"max_answer_len": 2}, {"max_seq_len": 20, "doc_stride": 4, "top_k": 3}]
        reference["answers"] = [
            {"input": case, "options": each, "output": rounded(answer(**case, max_seq_len=each.get("max_seq_len", 32), **{k: v for k, v in each.items() if k != "max_seq_len"}))}
            for case in CASES
            for each in options
        ]
    else:
        write_models()
        label = pipeline("token-classification", str(OUT / "tokens"))
        reference["texts"] = TEXTS
        reference["tokens"] = {
            strategy: rounded([label(text, aggregation_strategy=strategy) for text in TEXTS])
            for strategy in ("none", "simple", "first", "average", "max")
        }
        reference["allTokens"] = rounded(label(TEXTS[0], ignore_labels=[]))
        reference["long"] = LONG
        strided = pipeline("token-classification", str(OUT / "tokens"), aggregation_strategy="simple", stride=8)
        reference["strided"] = rounded(strided(LONG))
        words = TEXTS[0].replace(",", " ,").replace(".", " .").split()
        reference["words"] = words
        reference["ofWords"] = rounded(label(words, is_split_into_words=True, aggregation_strategy="first")[0])
        fill = pipeline("fill-mask", str(OUT / "words"))
        one, two = "Ada [MASK] the first program.", "the [MASK] of [MASK]"
        reference["masks"] = {
            "one": [one, rounded(fill(one))],
            "two": [two, rounded(fill(two, top_k=2))],
            "targets": [one, rounded(fill(one, targets=["wrote", "built"]))],
        }
        tokenizer = AutoTokenizer.from_pretrained(OUT / "words")
        model = AutoModel.from_pretrained(OUT / "words").eval()
        with torch.no_grad():
            batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
            states = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).float()
            mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            most = states.masked_fill(mask == 0, -1e9).max(1).values
        reference["features"] = {
            "none": rounded(pipeline("feature-extraction", model=model, tokenizer=tokenizer)(TEXTS[3])[0]),
            "mean": rounded(mean.tolist()),
            "normalized": rounded(torch.nn.functional.normalize(mean, p=2, dim=1).tolist()),
            "cls": rounded(states[:, 0].tolist()),
            "max": rounded(most.tolist()),
        }
        reference["sentences"] = {
            "sourceSentence": TEXTS[0],
            "sentences": TEXTS[1:],
            "cosines": rounded(torch.nn.functional.cosine_similarity(mean[:1], mean[1:]).tolist()),
        }
        tokenizer = AutoTokenizer.from_pretrained(OUT / "choices")
        model = BertForMultipleChoice.from_pretrained(OUT / "choices").eval()
        reference["choices"] = []
        for case in CHOICES:
            texts = [case["text"]] * len(case["choices"])
            batch = tokenizer(texts, case["choices"], padding=True, truncation=True, return_tensors="pt")
            with torch.no_grad():
                logits = model(**{name: values.unsqueeze(0) for name, values in batch.items()}).logits[0]
            reference["choices"].append({"input": case, "scores": rounded(logits.softmax(0).tolist())})
    path.write_text(json.dumps(reference, indent=1, ensure_ascii=False) + "\n")


sys.exit(main())
