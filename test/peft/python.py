"""Writes test/peft/fixtures: small base models, LoRA adapters of them as peft saves them, and what peft computes with them.

Needs torch, transformers and peft:  python test/peft/python.py
"""
import json
import shutil
import warnings
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ModernBertConfig,
)

warnings.filterwarnings("ignore")
OUT = Path(__file__).parent / "fixtures"
shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir()
torch.manual_seed(0)

IDS = torch.tensor([[2, 5, 9, 11, 3, 0], [2, 14, 7, 6, 12, 3]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]])
LABELS = torch.tensor([1, 0])
small = dict(vocab_size=20, max_position_embeddings=12, initializer_range=0.3, pad_token_id=0)
bert = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, type_vocab_size=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
BASES = {
    "bert": BertConfig(**small, **bert, num_labels=3),
    "distilbert": DistilBertConfig(**small, dim=8, n_layers=1, n_heads=2, hidden_dim=12, dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0),
    "deberta-v2": DebertaV2Config(**small, **{**bert, "type_vocab_size": 0}, relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=4, max_relative_positions=-1, share_att_key=True, norm_rel_ebd="layer_norm", position_biased_input=False, pooler_hidden_size=8, pooler_dropout=0.0),
    "modernbert": ModernBertConfig(**small, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, global_attn_every_n_layers=2, local_attention=4, attention_dropout=0.0, mlp_dropout=0.0, embedding_dropout=0.0, classifier_dropout=0.0, cls_token_id=2, sep_token_id=3, bos_token_id=2, eos_token_id=3, attn_implementation="eager"),
}
CASES = {
    "plain": ("bert", dict(r=2, lora_alpha=6)),
    "everything": ("bert", dict(r=3, lora_alpha=4, target_modules="all-linear", use_rslora=True)),
    "patterns": ("bert", dict(r=2, lora_alpha=4, target_modules=["query", "output.dense"], rank_pattern={"layer.1.output.dense": 4}, alpha_pattern={"query": 1}, layers_to_transform=[1])),
    "expression": ("bert", dict(r=2, target_modules=r".*layer\.[01]\.intermediate\.dense", modules_to_save=["classifier", "pooler"])),
    "biases": ("bert", dict(r=2, bias="all")),
    "own-biases": ("bert", dict(r=2, bias="lora_only")),
    "distilbert": ("distilbert", dict(r=2, target_modules=["q_lin", "lin1", "lin2"], modules_to_save=["pre_classifier", "classifier"])),
    "deberta": ("deberta-v2", dict(r=2, target_modules=["query_proj", "key_proj", "value_proj"], modules_to_save=["classifier", "pooler"])),
    "modernbert": ("modernbert", dict(r=2, target_modules=["Wqkv", "Wi", "Wo"], modules_to_save=["classifier", "head"])),
}

for name, config in BASES.items():
    base = AutoModelForSequenceClassification.from_config(config)
    base.save_pretrained(OUT / name)

reference = {}
for case, (name, choices) in CASES.items():
    base = AutoModelForSequenceClassification.from_pretrained(OUT / name, attn_implementation="eager").eval()
    base.name_or_path = name
    batch = dict(input_ids=IDS, attention_mask=MASK, labels=LABELS)
    without = base(**batch).logits.detach()
    model = get_peft_model(base, LoraConfig(task_type="SEQ_CLS", init_lora_weights=False, **choices)).eval()
    with torch.no_grad():  # everything that trains is other than it was, so that a part left out is seen
        for key, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    out = model(**batch)
    out.loss.backward()
    grads = {key: parameter.grad for key, parameter in model.named_parameters() if parameter.requires_grad}
    frozen = [key for key, parameter in model.named_parameters() if not parameter.requires_grad and parameter.grad is not None]
    assert not frozen, frozen
    count = model.get_nb_trainable_parameters()
    model.save_pretrained(OUT / f"{case}-adapter")
    (OUT / f"{case}-adapter" / "README.md").unlink()
    with model.disable_adapter():
        disabled = model(**batch).logits.detach()
    merged = model.merge_and_unload()(**batch).logits.detach()
    short = lambda key: key.removeprefix("base_model.model.").replace(".default", "").replace(".modules_to_save", "")
    reference[case] = {
        "base": name,
        "without": without.tolist(),
        "disabled": disabled.tolist(),
        "logits": out.logits.tolist(),
        "loss": out.loss.item(),
        "merged": merged.tolist(),
        "trainable": count[0],
        "all": count[1],
        "gradients": {short(key): {"norm": grad.norm().item(), "sine": (grad.flatten() * torch.sin(1 + torch.arange(grad.numel()).double())).sum().item()} for key, grad in grads.items()},
    }

# several adapters on one base: each alone, and both at once
base = AutoModelForSequenceClassification.from_pretrained(OUT / "bert").eval()
model = PeftModel.from_pretrained(base, OUT / "plain-adapter", adapter_name="first")
model.load_adapter(OUT / "everything-adapter", adapter_name="second")
several = {}
for name in ("first", "second"):
    model.set_adapter(name)
    several[name] = model(input_ids=IDS, attention_mask=MASK).logits.tolist()
reference["several"] = several

# ten steps of AdamW from a given start
base = AutoModelForSequenceClassification.from_pretrained(OUT / "bert")
model = PeftModel.from_pretrained(base, OUT / "plain-adapter", is_trainable=True).train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
losses = []
for step in range(10):
    loss = model(input_ids=IDS, attention_mask=MASK, labels=LABELS).loss
    losses.append(loss.item())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
reference["training"] = {"losses": losses, "logits": model(input_ids=IDS, attention_mask=MASK).logits.tolist()}

(OUT / "reference.json").write_text(json.dumps({"ids": IDS.tolist(), "mask": MASK.tolist(), "labels": LABELS.tolist(), "cases": reference}, indent=1) + "\n")
