"""Writes python.json: what transformers' collators, its length-grouped order and torch's default_collate make of rows.

Run with the environment of bench/setup.sh: bench/.venv/bin/python test/batches/python.py
"""
import json
import random
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models
from torch.utils.data import default_collate
from transformers import (
    DataCollatorForLanguageModeling,
    DataCollatorForMultipleChoice,
    DataCollatorForTokenClassification,
    DataCollatorWithFlattening,
    DataCollatorWithPadding,
    PreTrainedTokenizerFast,
    default_data_collator,
)
from transformers.trainer_pt_utils import get_length_grouped_indices


def tokenizer(side="right"):
    vocabulary = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[MASK]": 3, "a": 4, "b": 5}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(vocabulary, unk_token="[PAD]")),
        pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]", padding_side=side,
    )


def lists(value):
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return value.tolist()
    if hasattr(value, "items"):
        return {key: lists(item) for key, item in value.items()}
    return [lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def row(length, **fields):
    return {"input_ids": list(range(4, 4 + length)), "attention_mask": [1] * length, **fields}


tokens = [row(4, labels=[-100, 1, 2, -100]), row(2, labels=[3, 4]), row(5, labels=[0, 0, 1, 1, 2])]
labelled = [row(4, token_type_ids=[0, 0, 1, 1], label=1), row(2, token_type_ids=[0, 1], label=0)]
multi_label = [row(2, label_ids=[0.5, 1.0, 0.0]), row(2, label_ids=[0.0, 0.25, 1.0])]
paddings = {
    "longest": {},
    "max_length": dict(padding="max_length", max_length=6),
    "multiple": dict(pad_to_multiple_of=8),
    "max_length multiple": dict(padding="max_length", max_length=6, pad_to_multiple_of=4),
}
choices = [
    {"input_ids": [[4, 5], [4, 5, 6]], "attention_mask": [[1, 1], [1, 1, 1]], "label": 1},
    {"input_ids": [[7], [8, 9]], "attention_mask": [[1], [1, 1]], "label": 0},
]
flat = [row(3), row(2), row(1)]
flat_labels = [row(3, labels=[7, 8, 9]), row(2, labels=[-100, 1])]

# Words by their offsets: touching tokens are one word, special tokens are none and end one.
offsets = [
    [[0, 0], [0, 3], [3, 5], [6, 7], [7, 8], [0, 0], [0, 2], [2, 4], [0, 0]],
    [[0, 0], [0, 1], [1, 2], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]],
]
special = [[1, 0, 0, 0, 0, 1, 0, 0, 1], [1, 0, 0, 1, 1, 1, 1, 1, 1]]
words, _ = DataCollatorForLanguageModeling._calc_word_ids_and_prob_mask(np.array(offsets), np.array(special))

random.seed(1)
lengths = [random.randint(1, 60) for _ in range(997)]

result = {
    "withPadding": {
        f"{name}, {side}": lists(DataCollatorWithPadding(tokenizer(side), **options)([dict(r) for r in labelled]))
        for name, options in paddings.items()
        for side in ("right", "left")
    },
    "multiLabel": lists(DataCollatorWithPadding(tokenizer())([dict(r) for r in multi_label])),
    "default": [
        lists(default_data_collator(rows))
        for rows in (
            [row(2, label=1, name="a"), row(2, label=0, name="b")],
            [row(2, label_ids=[0.5, 1.0]), row(2, label_ids=[0.0, 1.0])],
            [dict(x=1.5, label=2.5), dict(x=2, label=3)],
        )
    ],
    "tokenClassification": {
        side: lists(DataCollatorForTokenClassification(tokenizer(side), pad_to_multiple_of=4)([dict(r) for r in tokens]))
        for side in ("right", "left")
    },
    "multipleChoice": lists(DataCollatorForMultipleChoice(tokenizer())(choices)),
    "flattening": lists(DataCollatorWithFlattening(return_flash_attn_kwargs=True, return_seq_idx=True)(flat)),
    "flatteningLabels": lists(DataCollatorWithFlattening(position_ids_start=2, separator_id=-1)(flat_labels)),
    "causal": lists(DataCollatorForLanguageModeling(tokenizer(), mlm=False)([row(3), row(1)])),
    "words": {"offsets": offsets, "special": special, "ids": words.tolist()},
    "defaultCollate": lists(
        default_collate(
            [
                {"x": 1, "name": "a", "inner": {"score": 0.5, "on": True}, "vector": np.array([1, 2])},
                {"x": 2, "name": "b", "inner": {"score": 2.0, "on": False}, "vector": np.array([3, 4])},
            ]
        )
    ),
    "lengthGrouped": {
        "lengths": lengths,
        "orders": {
            f"{batch}:{seed}": get_length_grouped_indices(lengths, batch, generator=torch.Generator().manual_seed(seed))
            for batch, seed in ((8, 42), (8, 43), (1, 0), (600, 5))
        },
    },
}
Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")
