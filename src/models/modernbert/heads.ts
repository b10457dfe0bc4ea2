// ModernBERT's heads. Fields are named as in checkpoints, in the order of Python's __init__.
import type { Activation } from "../../backends/kernels.js";
import { activate, Dropout, LayerNorm, Linear, Module, meanOfTokens } from "../../nn/index.js";
import type { Tensor } from "../../tensor/index.js";
import { activationOf, numLabels } from "../config.js";
import type { EncoderInputs } from "../encoder.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
  VocabularyProjection,
} from "../heads/index.js";
import { type ModernBertConfig, modernbertFiles } from "./config.js";
import { ModernBertModel } from "./model.js";

/** What stands before the last layer of every head. */
export class ModernBertPredictionHead extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  readonly activation: Activation;

  constructor(config: ModernBertConfig) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size, { bias: config.classifier_bias });
    this.norm = new LayerNorm(config.hidden_size, config.norm_eps, { bias: config.norm_bias });
    this.activation = activationOf(config.classifier_activation);
  }

  override forward(states: Tensor): Tensor {
    return this.norm.forward(activate(this.activation, this.dense.forward(states)));
  }
}

/** What classifier_pooling makes of a sequence, [batch, hidden]. */
function summarize(model: ModernBertModel, inputs: EncoderInputs): Tensor {
  if (model.config.classifier_pooling === "cls") return model.encode(inputs, { firstTokenOnly: true }).states;
  const { states, packing } = model.encode(inputs);
  return meanOfTokens(states, packing);
}

export class ModernBertForSequenceClassification extends SequenceClassificationModel<ModernBertConfig> {
  static readonly architecture: string = "ModernBertForSequenceClassification";
  static readonly family = modernbertFiles;
  readonly model = new ModernBertModel(this.config);
  readonly head = new ModernBertPredictionHead(this.config);
  readonly drop = new Dropout(this.config.classifier_dropout);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): ModernBertModel {
    return this.model;
  }

  protected override summarize(inputs: EncoderInputs): Tensor {
    return summarize(this.model, inputs);
  }

  protected override score(summary: Tensor): Tensor {
    return this.classifier.forward(this.drop.forward(this.head.forward(summary)));
  }
}

export class ModernBertForMultipleChoice extends MultipleChoiceModel<ModernBertConfig> {
  static readonly architecture: string = "ModernBertForMultipleChoice";
  static readonly family = modernbertFiles;
  readonly model = new ModernBertModel(this.config);
  readonly head = new ModernBertPredictionHead(this.config);
  readonly drop = new Dropout(this.config.classifier_dropout);
  readonly classifier = new Linear(this.config.hidden_size, 1);

  override get baseModel(): ModernBertModel {
    return this.model;
  }

  protected override summarize(inputs: EncoderInputs): Tensor {
    return summarize(this.model, inputs);
  }

  protected override score(summary: Tensor): Tensor {
    return this.classifier.forward(this.drop.forward(this.head.forward(summary)));
  }
}

export class ModernBertForTokenClassification extends TokenClassificationModel<ModernBertConfig> {
  static readonly architecture: string = "ModernBertForTokenClassification";
  static readonly family = modernbertFiles;
  readonly model = new ModernBertModel(this.config);
  readonly head = new ModernBertPredictionHead(this.config);
  readonly drop = new Dropout(this.config.classifier_dropout);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): ModernBertModel {
    return this.model;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.drop.forward(this.head.forward(states)));
  }
}

export class ModernBertForQuestionAnswering extends QuestionAnsweringModel<ModernBertConfig> {
  static readonly architecture: string = "ModernBertForQuestionAnswering";
  static readonly family = modernbertFiles;
  readonly model = new ModernBertModel(this.config);
  readonly head = new ModernBertPredictionHead(this.config);
  readonly drop = new Dropout(this.config.classifier_dropout);
  readonly classifier = new Linear(this.config.hidden_size, 2);

  override get baseModel(): ModernBertModel {
    return this.model;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.drop.forward(this.head.forward(states)));
  }
}

export class ModernBertForMaskedLM extends MaskedLMModel<ModernBertConfig> {
  static readonly architecture: string = "ModernBertForMaskedLM";
  static readonly family = modernbertFiles;
  readonly model = new ModernBertModel(this.config);
  readonly head = new ModernBertPredictionHead(this.config);
  readonly decoder = new VocabularyProjection(this.config.hidden_size, this.config, {
    table: this.model.embeddings.tok_embeddings.weight,
    bias: this.config.decoder_bias ? undefined : false,
  });

  override get baseModel(): ModernBertModel {
    return this.model;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    return this.config.tie_word_embeddings ? { "decoder.weight": "model.embeddings.tok_embeddings.weight" } : {};
  }

  protected override score(states: Tensor): Tensor {
    return this.decoder.forward(this.head.forward(states));
  }
}
