"""Writes token-tasks.json: what transformers' tokenizer and its examples' rules make of tagged words and of questions with
contexts, and the scores that its SQuAD script gives.

Needs transformers 4 (4.57.1) for squad_metrics:  python test/tasks/token-tasks.py
"""
import json
import random
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

from transformers import AutoTokenizer
from transformers.data.metrics.squad_metrics import squad_evaluate

HERE = Path(__file__).parent
tokenizer = AutoTokenizer.from_pretrained(HERE / "../pipelines/fixtures/tokens")
random.seed(3)

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
SENTENCES = [
    (["Ada", "Lovelace", "wrote", "in", "London", ",", "England", "."], [1, 2, 0, 0, 3, 0, 3, 0]),
    (["Babbage", "built", "engines", "there"] * 10, [1, 0, 0, 0] * 10),
    (["Zürich"], [3]),
]


def align(all_tokens):
    """run_ner.py's tokenize_and_align_labels."""
    inside = [LABELS.index("I-" + name[2:]) if name.startswith("B-") else i for i, name in enumerate(LABELS)]
    rows = []
    encoding = tokenizer([words for words, _ in SENTENCES], is_split_into_words=True, truncation=True, max_length=24)
    for i, (_, tags) in enumerate(SENTENCES):
        previous, labels = None, []
        for word in encoding.word_ids(i):
            if word is None:
                labels.append(-100)
            elif word != previous:
                labels.append(tags[word])
            else:
                labels.append(inside[tags[word]] if all_tokens else -100)
            previous = word
        rows.append({"input_ids": encoding["input_ids"][i], "labels": labels})
    return rows


CONTEXT = "Ada Lovelace wrote the first program in London, England. Babbage built engines there. Bert visited New York City. Paris is not London."
QUESTIONS = [
    ("q1", "Who wrote the first program?", CONTEXT, ["Ada Lovelace"], [0]),
    ("q2", "  Where did Bert visit?", CONTEXT, ["New York City"], [CONTEXT.index("New York")]),
    ("q3", "What is Paris?", CONTEXT, ["not London", "London"], [CONTEXT.index("not London"), CONTEXT.rindex("London")]),
    ("q4", "Where is Babbage?", CONTEXT, [], []),
    ("q5", "What?", "Paris is not Zürich, Ada.", ["Zürich"], [13]),
]


def train_features():
    """run_qa.py's prepare_train_features."""
    encoding = tokenizer(
        [question.lstrip() for _, question, *_ in QUESTIONS],
        [context for _, _, context, *_ in QUESTIONS],
        truncation="only_second", max_length=24, stride=6, return_overflowing_tokens=True, return_offsets_mapping=True,
    )
    rows = []
    for i, offsets in enumerate(encoding["offset_mapping"]):
        ids = encoding["input_ids"][i]
        cls = ids.index(tokenizer.cls_token_id)
        sequence = encoding.sequence_ids(i)
        _, _, _, texts, starts = QUESTIONS[encoding["overflow_to_sample_mapping"][i]]
        start = end = cls
        if texts:
            first, last = starts[0], starts[0] + len(texts[0])
            a = 0
            while sequence[a] != 1:
                a += 1
            b = len(ids) - 1
            while sequence[b] != 1:
                b -= 1
            if offsets[a][0] <= first and offsets[b][1] >= last:
                while a < len(offsets) and offsets[a][0] <= first:
                    a += 1
                start = a - 1
                while offsets[b][1] >= last:
                    b -= 1
                end = b + 1
        rows.append({"input_ids": ids, "question": encoding["overflow_to_sample_mapping"][i], "start": start, "end": end})
    return encoding, rows


def postprocess(encoding, starts, ends, version_2, n_best=20, max_answer_length=8):
    """utils_qa.py's postprocess_qa_predictions, its choice of an answer."""
    answers = {}
    by_question = defaultdict(list)
    for i, question in enumerate(encoding["overflow_to_sample_mapping"]):
        by_question[question].append(i)
    for number, (identity, _, context, *_) in enumerate(QUESTIONS):
        minimum, found = None, []
        for i in by_question[number]:
            offsets = [o if encoding.sequence_ids(i)[k] == 1 else None for k, o in enumerate(encoding["offset_mapping"][i])]
            score = starts[i][0] + ends[i][0]
            minimum = score if minimum is None else min(minimum, score)
            best = lambda values: sorted(range(len(offsets)), key=lambda k: -values[k])[:n_best]
            for a in best(starts[i]):
                for b in best(ends[i]):
                    if not offsets[a] or not offsets[b] or b < a or b - a + 1 > max_answer_length:
                        continue
                    found.append((starts[i][a] + ends[i][b], context[offsets[a][0] : offsets[b][1]]))
        score, text = max(found, key=lambda pair: pair[0])
        answers[identity] = "" if version_2 and minimum - score > 0 else text
    return answers


encoding, rows = train_features()
length = max(len(row["input_ids"]) for row in rows)
scores = lambda: [[round(random.gauss(0, 3), 4) for _ in range(length)] for _ in rows]
starts, ends = scores(), scores()

PREDICTIONS = {"q1": ("Ada Lovelace", 0.1), "q2": ("the New York", 0.4), "q3": ("London", 0.2), "q4": ("", 0.9), "q5": ("Zürich, Ada", 0.7), "q6": ("an engine", 0.3), "q7": ("", 0.6)}
ANSWERS = {identity: texts for identity, _, _, texts, _ in QUESTIONS} | {"q6": [], "q7": ["the"]}


def squad_v2(threshold):
    examples = [
        SimpleNamespace(qas_id=identity, answers=[{"text": text} for text in texts]) for identity, texts in ANSWERS.items()
    ]
    result = squad_evaluate(
        examples, {k: text for k, (text, _) in PREDICTIONS.items()}, {k: p for k, (_, p) in PREDICTIONS.items()}, threshold
    )
    return dict(result)


json.dump(
    {
        "labels": LABELS,
        "sentences": SENTENCES,
        "first": align(False),
        "all": align(True),
        "questions": QUESTIONS,
        "features": rows,
        "starts": starts,
        "ends": ends,
        "answers": postprocess(encoding, starts, ends, False),
        "answersOrNone": postprocess(encoding, starts, ends, True),
        "predictions": PREDICTIONS,
        "wanted": ANSWERS,
        "squadV2": {str(threshold): squad_v2(threshold) for threshold in (1.0, 0.5)},
    },
    open(HERE / "token-tasks.json", "w"),
    ensure_ascii=False,
)
