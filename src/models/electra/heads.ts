// ELECTRA's heads. Fields are named as in checkpoints, in the order of Python's __init__. Published discriminators are for
// all of them but masked language modelling, which the generators were trained for.
import type { Activation } from "../../backends/kernels.js";
import { activate, Dropout, LayerNorm, Linear, Module } from "../../nn/index.js";
import { gelu, type Tensor } from "../../tensor/index.js";
import { classifierDropout } from "../bert/heads.js";
import { activationOf, numLabels } from "../config.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
  VocabularyProjection,
} from "../heads/index.js";
import { type ElectraConfig, electraFiles } from "./config.js";
import { ElectraModel } from "./model.js";

/** Two layers on the first token, with GELU where RoBERTa has tanh. */
export class ElectraClassificationHead extends Module {
  readonly dense: Linear;
  readonly dropout: Dropout;
  readonly out_proj: Linear;

  constructor(config: ElectraConfig) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.dropout = classifierDropout(config);
    this.out_proj = new Linear(config.hidden_size, numLabels(config));
  }

  override forward(first: Tensor): Tensor {
    const hidden = gelu(this.dense.forward(this.dropout.forward(first)));
    return this.out_proj.forward(this.dropout.forward(hidden));
  }
}

export class ElectraForSequenceClassification extends SequenceClassificationModel<ElectraConfig> {
  static readonly architecture: string = "ElectraForSequenceClassification";
  static readonly family = electraFiles;
  readonly electra = new ElectraModel(this.config);
  readonly classifier = new ElectraClassificationHead(this.config);

  override get baseModel(): ElectraModel {
    return this.electra;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(first);
  }
}

/** What a sequence is summed up to for a multiple choice: its first token, projected. */
export class ElectraSequenceSummary extends Module {
  readonly summary: Linear | undefined;
  readonly activation: Activation;
  readonly first_dropout: Dropout;
  readonly last_dropout: Dropout;

  constructor(config: ElectraConfig) {
    super();
    this.summary = config.summary_use_proj ? new Linear(config.hidden_size, config.hidden_size) : undefined;
    this.activation = activationOf(config.summary_activation);
    this.first_dropout = new Dropout(config.summary_first_dropout ?? 0);
    this.last_dropout = new Dropout(config.summary_last_dropout);
  }

  override forward(first: Tensor): Tensor {
    const dropped = this.first_dropout.forward(first);
    const projected = this.summary?.forward(dropped) ?? dropped;
    return this.last_dropout.forward(activate(this.activation, projected));
  }
}

export class ElectraForMultipleChoice extends MultipleChoiceModel<ElectraConfig> {
  static readonly architecture: string = "ElectraForMultipleChoice";
  static readonly family = electraFiles;
  readonly electra = new ElectraModel(this.config);
  readonly sequence_summary = new ElectraSequenceSummary(this.config);
  readonly classifier = new Linear(this.config.hidden_size, 1);

  override get baseModel(): ElectraModel {
    return this.electra;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.sequence_summary.forward(first));
  }
}

export class ElectraForTokenClassification extends TokenClassificationModel<ElectraConfig> {
  static readonly architecture: string = "ElectraForTokenClassification";
  static readonly family = electraFiles;
  readonly electra = new ElectraModel(this.config);
  readonly dropout = classifierDropout(this.config);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): ElectraModel {
    return this.electra;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class ElectraForQuestionAnswering extends QuestionAnsweringModel<ElectraConfig> {
  static readonly architecture: string = "ElectraForQuestionAnswering";
  static readonly family = electraFiles;
  readonly electra = new ElectraModel(this.config);
  readonly qa_outputs = new Linear(this.config.hidden_size, 2);

  override get baseModel(): ElectraModel {
    return this.electra;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(states);
  }
}

/** From the layers' width back to the embeddings'. */
export class ElectraGeneratorPredictions extends Module {
  readonly LayerNorm: LayerNorm;
  readonly dense: Linear;

  constructor(config: ElectraConfig) {
    super();
    this.LayerNorm = new LayerNorm(config.embedding_size, config.layer_norm_eps);
    this.dense = new Linear(config.hidden_size, config.embedding_size);
  }

  override forward(states: Tensor): Tensor {
    return this.LayerNorm.forward(gelu(this.dense.forward(states)));
  }
}

export class ElectraForMaskedLM extends MaskedLMModel<ElectraConfig> {
  static readonly architecture: string = "ElectraForMaskedLM";
  static readonly family = electraFiles;
  readonly electra = new ElectraModel(this.config);
  readonly generator_predictions = new ElectraGeneratorPredictions(this.config);
  readonly generator_lm_head = new VocabularyProjection(this.config.embedding_size, this.config, {
    table: this.electra.embeddings.word_embeddings.weight,
  });

  override get baseModel(): ElectraModel {
    return this.electra;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    if (!this.config.tie_word_embeddings) return {};
    return { "generator_lm_head.weight": "electra.embeddings.word_embeddings.weight" };
  }

  protected override score(states: Tensor): Tensor {
    return this.generator_lm_head.forward(this.generator_predictions.forward(states));
  }
}
