// DistilBERT's heads. Fields are named as in checkpoints, in the order of Python's __init__.
import { activate, Dropout, LayerNorm, Linear } from "../../nn/index.js";
import { relu, type Tensor } from "../../tensor/index.js";
import { activationOf, numLabels } from "../config.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
  VocabularyProjection,
} from "../heads/index.js";
import { type DistilBertConfig, distilbertFiles } from "./config.js";
import { DistilBertModel, EPSILON } from "./model.js";

/** Two layers on the first token: the first stands for the pooler that the encoder has not. */
export class DistilBertForSequenceClassification extends SequenceClassificationModel<DistilBertConfig> {
  static readonly architecture: string = "DistilBertForSequenceClassification";
  static readonly family = distilbertFiles;
  readonly distilbert = new DistilBertModel(this.config);
  readonly pre_classifier = new Linear(this.config.dim, this.config.dim);
  readonly classifier = new Linear(this.config.dim, numLabels(this.config));
  readonly dropout = new Dropout(this.config.seq_classif_dropout);

  override get baseModel(): DistilBertModel {
    return this.distilbert;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(relu(this.pre_classifier.forward(first))));
  }
}

export class DistilBertForMultipleChoice extends MultipleChoiceModel<DistilBertConfig> {
  static readonly architecture: string = "DistilBertForMultipleChoice";
  static readonly family = distilbertFiles;
  readonly distilbert = new DistilBertModel(this.config);
  readonly pre_classifier = new Linear(this.config.dim, this.config.dim);
  readonly classifier = new Linear(this.config.dim, 1);
  readonly dropout = new Dropout(this.config.seq_classif_dropout);

  override get baseModel(): DistilBertModel {
    return this.distilbert;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(relu(this.pre_classifier.forward(first))));
  }
}

export class DistilBertForTokenClassification extends TokenClassificationModel<DistilBertConfig> {
  static readonly architecture: string = "DistilBertForTokenClassification";
  static readonly family = distilbertFiles;
  readonly distilbert = new DistilBertModel(this.config);
  readonly dropout = new Dropout(this.config.dropout);
  readonly classifier = new Linear(this.config.dim, numLabels(this.config));

  override get baseModel(): DistilBertModel {
    return this.distilbert;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class DistilBertForQuestionAnswering extends QuestionAnsweringModel<DistilBertConfig> {
  static readonly architecture: string = "DistilBertForQuestionAnswering";
  static readonly family = distilbertFiles;
  readonly distilbert = new DistilBertModel(this.config);
  readonly qa_outputs = new Linear(this.config.dim, 2);
  readonly dropout = new Dropout(this.config.qa_dropout);

  override get baseModel(): DistilBertModel {
    return this.distilbert;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(this.dropout.forward(states));
  }
}

export class DistilBertForMaskedLM extends MaskedLMModel<DistilBertConfig> {
  static readonly architecture: string = "DistilBertForMaskedLM";
  static readonly family = distilbertFiles;
  readonly distilbert = new DistilBertModel(this.config);
  readonly vocab_transform = new Linear(this.config.dim, this.config.dim);
  readonly vocab_layer_norm = new LayerNorm(this.config.dim, EPSILON);
  readonly vocab_projector = new VocabularyProjection(this.config.dim, this.config, {
    table: this.distilbert.embeddings.word_embeddings.weight,
  });

  override get baseModel(): DistilBertModel {
    return this.distilbert;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    if (!this.config.tie_word_embeddings) return {};
    return { "vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight" };
  }

  protected override score(states: Tensor): Tensor {
    const hidden = activate(activationOf(this.config.activation), this.vocab_transform.forward(states));
    return this.vocab_projector.forward(this.vocab_layer_norm.forward(hidden));
  }
}
