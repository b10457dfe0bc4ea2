"""Writes small SentencePiece models, a byte-level vocabulary with merges, what transformers makes of them (cases.json), and
the charsmap that most published models have (nmt_nfkc.gz), for the comparison of random texts.

Run in an environment with transformers 5.23, sentencepiece and protobuf: python test/tokenizers/sentencepiece/make.py
"""
import gzip
import json
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer

here = Path(__file__).parent
words = "the quick brown fox jumps over lazy dogs unbelievable believe able naïve café résumé 12 345 don't can't it's".split()
lines = [" ".join(words[(i * 7 + j * j) % len(words)] for j in range(3 + i % 9)) for i in range(400)]

# A charsmap with one rule of each kind: one for one, one for many, many for one, one for none, a space for a tab.
rules = "FF21\t41\nFB01\t66 69\n65 301\tE9\nAD\t\n9\t20\nA0\t20\n"
texts = [
    "the quick fox", "  two   spaces and a tab\there ", "naïve café résumé", "cafe\u0301 \uff21\ufb01ne so\u00adft",
    "unbelievable dogs, don't!", "中文 😀 unknown", "", "12345 67", "[MASK] <mask> the <s> fox", "THE Fox's\u00a0``quoted''",
]


def train(name, **options):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as table:
        table.write(rules)
        table.flush()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_prefix=str(here / name), normalization_rule_tsv=table.name,
            hard_vocab_limit=False, character_coverage=1.0, minloglevel=2, **options,
        )
    (here / f"{name}.vocab").unlink()


train("unigram", vocab_size=120, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]"], user_defined_symbols=["[MASK]"])
train("xlmr", vocab_size=120, unk_id=0, bos_id=1, eos_id=2)
train("t5", vocab_size=120, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
train("bpe", vocab_size=400, model_type="bpe", byte_fallback=True, unk_id=0, bos_id=1, eos_id=2, user_defined_symbols=["<mask>"])

with tempfile.TemporaryDirectory() as folder:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=f"{folder}/nmt", vocab_size=60, hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc", minloglevel=2)
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(Path(folder, "nmt.model").read_bytes())
    charsmap = model.normalizer_spec.precompiled_charsmap
    (here / "nmt_nfkc.gz").write_bytes(gzip.compress(charsmap, 9, mtime=0))

byte_level = Tokenizer(models.BPE())
byte_level.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
byte_level.train_from_iterator(lines, trainers.BpeTrainer(
    vocab_size=330, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
byte_level.model.save(str(here))

folders = {
    "albert": ({"spiece.model": "unigram.model"}, {"tokenizer_class": "AlbertTokenizer"}),
    "albert-cased": ({"spiece.model": "unigram.model"}, {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True}),
    "deberta-v2": ({"spm.model": "unigram.model"}, {"tokenizer_class": "DebertaV2Tokenizer", "unk_token": "<unk>", "pad_token": "<pad>"}),
    "xlm-roberta": ({"sentencepiece.bpe.model": "xlmr.model"}, {"tokenizer_class": "XLMRobertaTokenizer"}),
    "camembert": ({"sentencepiece.bpe.model": "xlmr.model"}, {"tokenizer_class": "CamembertTokenizer"}),
    "t5": ({"spiece.model": "t5.model"}, {"tokenizer_class": "T5Tokenizer"}),
    "llama": ({"tokenizer.model": "bpe.model"}, {"tokenizer_class": "LlamaTokenizer"}),
    "roberta": ({"vocab.json": "vocab.json", "merges.txt": "merges.txt"}, {"tokenizer_class": "RobertaTokenizer"}),
    "roberta-space": ({"vocab.json": "vocab.json", "merges.txt": "merges.txt"}, {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True, "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "rstrip": False, "single_word": False, "normalized": False, "special": True}}),
    "gpt2": ({"vocab.json": "vocab.json", "merges.txt": "merges.txt"}, {"tokenizer_class": "GPT2Tokenizer"}),
}
cases = {}
for name, (files, config) in folders.items():
    with tempfile.TemporaryDirectory() as folder:
        for target, source in files.items():
            (Path(folder) / target).write_bytes((here / source).read_bytes())
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        case = {"files": files, "config": config, "inputs": tokenizer.model_input_names, "texts": []}
        for text in texts:
            encoding = tokenizer(text, return_offsets_mapping=True)
            case["texts"].append({
                "text": text, "ids": encoding["input_ids"], "offsets": encoding["offset_mapping"],
                "tokens": tokenizer.convert_ids_to_tokens(encoding["input_ids"]),
                "decoded": tokenizer.decode(encoding["input_ids"], skip_special_tokens=True),
            })
        case["pair"] = tokenizer("the fox", "lazy dogs")["input_ids"]
        cases[name] = case
(here / "cases.json").write_text(json.dumps(cases) + "\n")
