// BERT's heads. Fields are named as in checkpoints, in the order of Python's __init__.
import type { Activation } from "../../backends/kernels.js";
import { activate, Dropout, LayerNorm, Linear, Module, Parameter } from "../../nn/index.js";
import type { Tensor } from "../../tensor/index.js";
import { activationOf, numLabels } from "../config.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
  VocabularyProjection,
} from "../heads/index.js";
import { type BertConfig, bertFiles } from "./config.js";
import { BertModel } from "./model.js";

/** The dropout before a classifier, in BERT and the families that took it over. */
export function classifierDropout(config: BertConfig): Dropout {
  return new Dropout(config.classifier_dropout ?? config.hidden_dropout_prob);
}

/** A linear layer on the pooled first token. */
export class BertForSequenceClassification extends SequenceClassificationModel<BertConfig> {
  static readonly architecture: string = "BertForSequenceClassification";
  static readonly family = bertFiles;
  readonly bert = new BertModel(this.config);
  readonly dropout = classifierDropout(this.config);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): BertModel {
    return this.bert;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.bert.pool(first)));
  }
}

export class BertForMultipleChoice extends MultipleChoiceModel<BertConfig> {
  static readonly architecture: string = "BertForMultipleChoice";
  static readonly family = bertFiles;
  readonly bert = new BertModel(this.config);
  readonly dropout = classifierDropout(this.config);
  readonly classifier = new Linear(this.config.hidden_size, 1);

  override get baseModel(): BertModel {
    return this.bert;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.bert.pool(first)));
  }
}

export class BertForTokenClassification extends TokenClassificationModel<BertConfig> {
  static readonly architecture: string = "BertForTokenClassification";
  static readonly family = bertFiles;
  readonly bert = new BertModel(this.config, { pooler: false });
  readonly dropout = classifierDropout(this.config);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): BertModel {
    return this.bert;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class BertForQuestionAnswering extends QuestionAnsweringModel<BertConfig> {
  static readonly architecture: string = "BertForQuestionAnswering";
  static readonly family = bertFiles;
  readonly bert = new BertModel(this.config, { pooler: false });
  readonly qa_outputs = new Linear(this.config.hidden_size, 2);

  override get baseModel(): BertModel {
    return this.bert;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(states);
  }
}

type PredictionHeadConfig = Pick<
  BertConfig,
  "hidden_size" | "hidden_act" | "layer_norm_eps" | "vocab_size" | "tie_word_embeddings"
>;

export class BertPredictionHeadTransform extends Module {
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  readonly activation: Activation;

  /** `width`: of the word table. */
  constructor(config: PredictionHeadConfig, width: number) {
    super();
    this.dense = new Linear(config.hidden_size, width);
    this.LayerNorm = new LayerNorm(width, config.layer_norm_eps);
    this.activation = activationOf(config.hidden_act);
  }

  override forward(states: Tensor): Tensor {
    return this.LayerNorm.forward(activate(this.activation, this.dense.forward(states)));
  }
}

export class BertLMPredictionHead extends Module {
  readonly bias: Parameter;
  readonly transform: BertPredictionHeadTransform;
  readonly decoder: VocabularyProjection;

  /** `table`: the word table [vocab, width]. */
  constructor(config: PredictionHeadConfig, table: Parameter) {
    super();
    this.bias = new Parameter([config.vocab_size]);
    const [, width] = table.shape;
    this.transform = new BertPredictionHeadTransform(config, width);
    this.decoder = new VocabularyProjection(width, config, { table, bias: this.bias });
  }

  override forward(states: Tensor): Tensor {
    return this.decoder.forward(this.transform.forward(states));
  }
}

export class BertOnlyMLMHead extends Module {
  readonly predictions: BertLMPredictionHead;

  constructor(config: PredictionHeadConfig, table: Parameter) {
    super();
    this.predictions = new BertLMPredictionHead(config, table);
  }

  override forward(states: Tensor): Tensor {
    return this.predictions.forward(states);
  }
}

export class BertForMaskedLM extends MaskedLMModel<BertConfig> {
  static readonly architecture: string = "BertForMaskedLM";
  static readonly family = bertFiles;
  readonly bert = new BertModel(this.config, { pooler: false });
  readonly cls = new BertOnlyMLMHead(this.config, this.bert.embeddings.word_embeddings.weight);

  override get baseModel(): BertModel {
    return this.bert;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    if (!this.config.tie_word_embeddings) return {};
    return {
      "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
      "cls.predictions.decoder.bias": "cls.predictions.bias",
    };
  }

  protected override score(states: Tensor): Tensor {
    return this.cls.forward(states);
  }
}
