"""The probabilities with which each family's heads drop, in the order of a training step's forward, for dropout.test.ts.
Written by transformers 5.23, torch 2.15:

    python test/models/dropout.py
"""

import json
import os
import re

import torch
import transformers as T

HERE = os.path.dirname(os.path.abspath(__file__))
BERT = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 12,
    "hidden_dropout_prob": 0.11,
    "attention_probs_dropout_prob": 0.12,
}
CONFIGS = {
    "bert": {**BERT, "classifier_dropout": 0.13},
    "distilbert": {
        "vocab_size": 30,
        "dim": 16,
        "n_layers": 2,
        "n_heads": 2,
        "hidden_dim": 24,
        "max_position_embeddings": 12,
        "dropout": 0.11,
        "attention_dropout": 0.12,
        "seq_classif_dropout": 0.13,
        "qa_dropout": 0.14,
    },
    "roberta": {**BERT, "classifier_dropout": 0.13},
    "xlm-roberta": {**BERT, "classifier_dropout": 0.13},
    "camembert": {**BERT, "classifier_dropout": 0.13},
    "electra": {**BERT, "embedding_size": 8, "classifier_dropout": 0.13, "summary_last_dropout": 0.14},
    "albert": {**BERT, "embedding_size": 8, "classifier_dropout_prob": 0.13},
    "mpnet": BERT,
    "deberta-v2": {
        **BERT,
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 6,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "position_biased_input": False,
        "type_vocab_size": 0,
        "pooler_dropout": 0.13,
        "cls_dropout": 0.14,
    },
    "modernbert": {
        "vocab_size": 30,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 12,
        "local_attention": 4,
        "global_attn_every_n_layers": 2,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "cls_token_id": 1,
        "eos_token_id": 2,
        "sep_token_id": 2,
        "attention_dropout": 0.12,
        "embedding_dropout": 0.11,
        "mlp_dropout": 0.15,
        "classifier_dropout": 0.13,
    },
}
HEADS = {
    "AutoModelForSequenceClassification": T.AutoModelForSequenceClassification,
    "AutoModelForTokenClassification": T.AutoModelForTokenClassification,
    "AutoModelForQuestionAnswering": T.AutoModelForQuestionAnswering,
    "AutoModelForMultipleChoice": T.AutoModelForMultipleChoice,
    "AutoModelForMaskedLM": T.AutoModelForMaskedLM,
}


def dropped(model, inputs):
    found = []
    original = torch.nn.functional.dropout

    def record(input, p=0.5, training=True, inplace=False):
        if training and p > 0:
            found.append(p)
        return original(input, p, training, inplace)

    torch.nn.functional.dropout = record
    try:
        model.train()(**inputs)
    finally:
        torch.nn.functional.dropout = original
    return found


def main():
    result = {}
    for family, options in CONFIGS.items():
        config = T.AutoConfig.for_model(family, **options)
        config._attn_implementation = "eager"
        heads = {}
        for name, automodel in HEADS.items():
            ids = torch.tensor([[5, 6, 7], [8, 9, 10]])
            shaped = ids.unsqueeze(0) if name.endswith("MultipleChoice") else ids
            try:
                model = automodel.from_config(config, attn_implementation="eager")
            except ValueError as error:
                print(family, name, str(error)[:60])
                continue
            heads[name] = dropped(model, {"input_ids": shaped})
        result[family] = {"config": options, "heads": heads}
    text = json.dumps({"transformers": T.__version__, "families": result}, indent=2)
    rows = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda match: "[" + " ".join(match.group(1).split()) + "]", text)
    with open(os.path.join(HERE, "dropout.json"), "w") as file:
        file.write(rows + "\n")


main()
