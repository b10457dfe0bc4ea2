"""Writes python.json.gz: what transformers' tokenizers make of random texts under random options, and what their methods say.

Run with the environment of bench/setup.sh: bench/.venv/bin/python test/tokenizers/python.py
"""
import gzip
import json
import random
import tempfile
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging

logging.set_verbosity_error()
R = random.Random(5)
CASES = 240

WORDS = """the quick brown fox it's can't U.S. 3.14 $5,000 unbelievably hyphen-ated é naïve İstanbul 中文 日本 😀 👍🏽 [MASK] [SEP]
\u200b \u00a0 a b c ?! ... — “q” x zzz ﬁ ǅ हिन्दी""".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROLES = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")


def frame(tokenizer, second_type):
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair=f"[CLS]:0 $A:0 [SEP]:0 $B:{second_type} [SEP]:{second_type}",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )


def word_piece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(WORDS[:10], trainers.WordPieceTrainer(vocab_size=70, special_tokens=SPECIAL))
    frame(tokenizer, 1)
    return tokenizer, ["input_ids", "token_type_ids", "attention_mask"]


def bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=290, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(WORDS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("[SEP]", 3), ("[CLS]", 2), add_prefix_space=False)
    return tokenizer, ["input_ids", "attention_mask"]


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False)
    tokenizer.train_from_iterator(WORDS[:24], trainer)
    frame(tokenizer, 1)
    return tokenizer, ["input_ids", "token_type_ids", "attention_mask"]


TOKENIZERS = {"WordPiece": word_piece(), "BPE": bpe(), "Unigram": unigram()}


def made(name):
    tokenizer, inputs = TOKENIZERS[name]
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer.to_str()),  # whoever adds tokens adds them to its own
        model_max_length=24,
        model_input_names=inputs,
        padding_side=R.choice(["right", "right", "left"]),
        truncation_side=R.choice(["right", "right", "left"]),
        **ROLES,
    )


def plain(value):
    return [plain(item) for item in value] if isinstance(value, (list, tuple, np.ndarray)) else value


def words():
    return [R.choice(WORDS) for _ in range(R.choice([0, 1, 1, 2, 3, 5, 8, 12]))]


def maybe(options, chance, **choices):
    for name, values in choices.items():
        if R.random() < chance:
            options[name] = R.choice(values)


def draw_options(split):
    options = {"is_split_into_words": True} if split else {}
    maybe(options, 0.6, padding=[True, "longest", "max_length", False, "do_not_pad"])
    maybe(options, 0.6, truncation=[True, True, "longest_first", "only_first", "only_second", "do_not_truncate", False])
    # From 6 on: where a row has no room for a token, Rust neither cuts it nor pads what overflows.
    maybe(options, 0.5, max_length=[6, 7, 8, 9, 10, 12, 16, 20])
    maybe(options, 0.25, add_special_tokens=[False], stride=[1, 2, 3], pad_to_multiple_of=[1, 2, 4])
    maybe(options, 0.25, padding_side=["left", "right"], return_token_type_ids=[True, False])
    maybe(options, 0.25, return_attention_mask=[True, False], return_length=[True])
    maybe(options, 0.15, split_special_tokens=[True])
    maybe(options, 0.35, return_overflowing_tokens=[True], return_special_tokens_mask=[True])
    maybe(options, 0.35, return_offsets_mapping=[True])
    return options


def case():
    name = R.choice(list(TOKENIZERS))
    tokenizer = made(name)
    split, batch, pair, target = (R.random() < chance for chance in (0.25, 0.5, 0.5, 0.1))
    count = R.randint(1, 3)

    def draw():
        one = words if split else (lambda: R.choice([" ", " ", "", "  "]).join(words()))
        return [one() for _ in range(count)] if batch else one()

    text, text_pair = draw(), draw() if pair else None
    options = draw_options(split)
    if target:
        options["text_target"] = draw()
    if name == "BPE" and "add_special_tokens" in options:
        # RoBERTa's types are all 0; Rust leaves 1 in rows that overflow from a pair without special tokens.
        options.pop("return_token_type_ids", None)
    result = {
        "tokenizer": name,
        "sides": [tokenizer.padding_side, tokenizer.truncation_side],
        "text": text,
        "text_pair": text_pair,
        "options": options,
    }
    try:
        encoding = tokenizer(text, text_pair, verbose=False, **options)
    except BaseException as error:  # Rust's panics are no Exception
        return {**result, "error": str(error).split("\n")[0][:100]}
    rows = range(len(encoding.encodings))
    result["expected"] = {key: plain(value) for key, value in encoding.items()}
    result["word_ids"] = [encoding.word_ids(row) for row in rows]
    result["sequence_ids"] = [encoding.sequence_ids(row) for row in rows]
    ids = encoding.encodings[0].ids
    result["first"] = {
        "ids": ids,
        "tokens": tokenizer.convert_ids_to_tokens(ids),
        "without_special": tokenizer.convert_ids_to_tokens(ids, skip_special_tokens=True),
        "decoded": [
            tokenizer.decode(ids),
            tokenizer.decode(ids, skip_special_tokens=True),
            tokenizer.decode(ids, clean_up_tokenization_spaces=True),
        ],
        # for each token its word's tokens, and the token of its first character
        "word_to_tokens": [
            word if word is None else encoding.word_to_tokens(0, word, sequence)
            for word, sequence in zip(encoding.word_ids(0), encoding.sequence_ids(0))
        ],
    }
    return result


def saved(name):
    """The files of save_pretrained, with tokens that were added, and what the tokenizer says."""
    tokenizer = made(name)
    tokenizer.padding_side = "left"
    tokenizer.add_tokens(["NEW1", AddedToken("new2", lstrip=True, normalized=False), AddedToken("ing", single_word=True)])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<user>", AddedToken("<bot>", rstrip=True)]})
    texts = ["the quick NEW1 fox", "a  new2 b new2", "ing ings <user>hi", "<bot>  it's a fox", "É [MASK] 日本 😀"]
    ids = tokenizer(texts, padding=True)["input_ids"]
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        files = {path.name: path.read_text() for path in sorted(Path(folder).iterdir())}
    return {
        "files": files,
        "texts": texts,
        "ids": ids,
        "decoded": [tokenizer.decode(row, skip_special_tokens=True) for row in ids],
        "length": len(tokenizer),
        "special": sorted(tokenizer.all_special_tokens),
        "roles": tokenizer.special_tokens_map,
        "inputs": tokenizer.model_input_names,
        "maximum": tokenizer.model_max_length,
    }


result = {
    "saved": {name: saved(name) for name in TOKENIZERS},
    "tokenizers": {name: json.loads(tokenizer.to_str()) for name, (tokenizer, _) in TOKENIZERS.items()},
    "inputs": {name: inputs for name, (_, inputs) in TOKENIZERS.items()},
    "cases": [case() for _ in range(CASES)],
}
text = json.dumps(result, ensure_ascii=False) + "\n"
Path(__file__).with_suffix(".json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
