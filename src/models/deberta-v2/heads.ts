// DeBERTa-v2's heads. Fields are named as in checkpoints, in the order of Python's __init__.
import type { Activation } from "../../backends/kernels.js";
import { activate, Dropout, LayerNorm, Linear, Module, Parameter } from "../../nn/index.js";
import { linear, type Tensor } from "../../tensor/index.js";
import { BertOnlyMLMHead } from "../bert/heads.js";
import { activationOf, numLabels } from "../config.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
} from "../heads/index.js";
import { type DebertaV2Config, debertaV2Files } from "./config.js";
import { DebertaV2Model } from "./model.js";

/** activation(dense(dropout(first token))). */
export class ContextPooler extends Module {
  readonly dense: Linear;
  readonly dropout: Dropout;
  readonly activation: Activation;

  constructor(config: DebertaV2Config) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.dropout = new Dropout(config.pooler_dropout);
    this.activation = activationOf(config.pooler_hidden_act);
  }

  override forward(first: Tensor): Tensor {
    return activate(this.activation, this.dense.forward(this.dropout.forward(first)));
  }
}

function classifierDropout(config: DebertaV2Config): Dropout {
  return new Dropout(config.cls_dropout ?? config.hidden_dropout_prob);
}

export class DebertaV2ForSequenceClassification extends SequenceClassificationModel<DebertaV2Config> {
  static readonly architecture: string = "DebertaV2ForSequenceClassification";
  static readonly family = debertaV2Files;
  readonly deberta = new DebertaV2Model(this.config);
  readonly pooler = new ContextPooler(this.config);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));
  readonly dropout = classifierDropout(this.config);

  override get baseModel(): DebertaV2Model {
    return this.deberta;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.pooler.forward(first)));
  }
}

export class DebertaV2ForMultipleChoice extends MultipleChoiceModel<DebertaV2Config> {
  static readonly architecture: string = "DebertaV2ForMultipleChoice";
  static readonly family = debertaV2Files;
  readonly deberta = new DebertaV2Model(this.config);
  readonly pooler = new ContextPooler(this.config);
  readonly classifier = new Linear(this.config.hidden_size, 1);
  readonly dropout = classifierDropout(this.config);

  override get baseModel(): DebertaV2Model {
    return this.deberta;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.pooler.forward(first)));
  }
}

export class DebertaV2ForTokenClassification extends TokenClassificationModel<DebertaV2Config> {
  static readonly architecture: string = "DebertaV2ForTokenClassification";
  static readonly family = debertaV2Files;
  readonly deberta = new DebertaV2Model(this.config);
  readonly dropout = new Dropout(this.config.hidden_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): DebertaV2Model {
    return this.deberta;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class DebertaV2ForQuestionAnswering extends QuestionAnsweringModel<DebertaV2Config> {
  static readonly architecture: string = "DebertaV2ForQuestionAnswering";
  static readonly family = debertaV2Files;
  readonly deberta = new DebertaV2Model(this.config);
  readonly qa_outputs = new Linear(this.config.hidden_size, 2);

  override get baseModel(): DebertaV2Model {
    return this.deberta;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(states);
  }
}

/** The head of the published v3 checkpoints; its vocabulary projection is the word table itself. */
export class DebertaV2LMPredictionHead extends Module {
  readonly bias: Parameter;
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  readonly activation: Activation;

  readonly #table: Parameter;

  /** `table`: the word table [vocab, hidden]. */
  constructor(config: DebertaV2Config, table: Parameter) {
    super();
    this.#table = table;
    this.bias = new Parameter([config.vocab_size]);
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.activation = activationOf(config.hidden_act);
  }

  override forward(states: Tensor): Tensor {
    const inner = this.LayerNorm.forward(activate(this.activation, this.dense.forward(states)));
    return linear(inner, this.#table, this.bias);
  }
}

export class DebertaV2OnlyMLMHead extends Module {
  readonly lm_head: DebertaV2LMPredictionHead;

  constructor(config: DebertaV2Config, table: Parameter) {
    super();
    this.lm_head = new DebertaV2LMPredictionHead(config, table);
  }

  override forward(states: Tensor): Tensor {
    return this.lm_head.forward(states);
  }
}

/** One of two heads, by `legacy`. */
export class DebertaV2ForMaskedLM extends MaskedLMModel<DebertaV2Config> {
  static readonly architecture: string = "DebertaV2ForMaskedLM";
  static readonly family = debertaV2Files;
  readonly deberta: DebertaV2Model;
  readonly cls: BertOnlyMLMHead | undefined;
  readonly lm_predictions: DebertaV2OnlyMLMHead | undefined;

  constructor(config: DebertaV2Config) {
    super(config);
    this.deberta = new DebertaV2Model(config);
    const table = this.deberta.embeddings.word_embeddings.weight;
    if (config.legacy) this.cls = new BertOnlyMLMHead(config, table);
    else this.lm_predictions = new DebertaV2OnlyMLMHead(config, table);
  }

  override get baseModel(): DebertaV2Model {
    return this.deberta;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    if (!this.cls || !this.config.tie_word_embeddings) return {};
    return {
      "cls.predictions.decoder.weight": "deberta.embeddings.word_embeddings.weight",
      "cls.predictions.decoder.bias": "cls.predictions.bias",
    };
  }

  protected override score(states: Tensor): Tensor {
    return (this.cls ?? this.lm_predictions)?.forward(states) as Tensor;
  }
}
