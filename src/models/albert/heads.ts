// ALBERT's heads. Fields are named as in checkpoints, in the order of Python's __init__.
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
import { type AlbertConfig, albertFiles } from "./config.js";
import { AlbertModel } from "./model.js";

/** A linear layer on the pooled first token. */
export class AlbertForSequenceClassification extends SequenceClassificationModel<AlbertConfig> {
  static readonly architecture: string = "AlbertForSequenceClassification";
  static readonly family = albertFiles;
  readonly albert = new AlbertModel(this.config);
  readonly dropout = new Dropout(this.config.classifier_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): AlbertModel {
    return this.albert;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.albert.pool(first)));
  }
}

export class AlbertForMultipleChoice extends MultipleChoiceModel<AlbertConfig> {
  static readonly architecture: string = "AlbertForMultipleChoice";
  static readonly family = albertFiles;
  readonly albert = new AlbertModel(this.config);
  readonly dropout = new Dropout(this.config.classifier_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, 1);

  override get baseModel(): AlbertModel {
    return this.albert;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.albert.pool(first)));
  }
}

export class AlbertForTokenClassification extends TokenClassificationModel<AlbertConfig> {
  static readonly architecture: string = "AlbertForTokenClassification";
  static readonly family = albertFiles;
  readonly albert = new AlbertModel(this.config, { pooler: false });
  readonly dropout = new Dropout(this.config.classifier_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): AlbertModel {
    return this.albert;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class AlbertForQuestionAnswering extends QuestionAnsweringModel<AlbertConfig> {
  static readonly architecture: string = "AlbertForQuestionAnswering";
  static readonly family = albertFiles;
  readonly albert = new AlbertModel(this.config, { pooler: false });
  readonly qa_outputs = new Linear(this.config.hidden_size, 2);

  override get baseModel(): AlbertModel {
    return this.albert;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(states);
  }
}

/** From the layers' width back to the embeddings', and onto the word table. */
export class AlbertMLMHead extends Module {
  readonly bias: Parameter;
  readonly LayerNorm: LayerNorm;
  readonly dense: Linear;
  readonly decoder: VocabularyProjection;
  readonly activation: Activation;

  /** `table`: the word table [vocab, embedding]. */
  constructor(config: AlbertConfig, table: Parameter) {
    super();
    this.bias = new Parameter([config.vocab_size]);
    this.LayerNorm = new LayerNorm(config.embedding_size, config.layer_norm_eps);
    this.dense = new Linear(config.hidden_size, config.embedding_size);
    this.decoder = new VocabularyProjection(config.embedding_size, config, { table, bias: this.bias });
    this.activation = activationOf(config.hidden_act);
  }

  override forward(states: Tensor): Tensor {
    const hidden = activate(this.activation, this.dense.forward(states));
    return this.decoder.forward(this.LayerNorm.forward(hidden));
  }
}

export class AlbertForMaskedLM extends MaskedLMModel<AlbertConfig> {
  static readonly architecture: string = "AlbertForMaskedLM";
  static readonly family = albertFiles;
  readonly albert = new AlbertModel(this.config, { pooler: false });
  readonly predictions = new AlbertMLMHead(this.config, this.albert.embeddings.word_embeddings.weight);

  override get baseModel(): AlbertModel {
    return this.albert;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    if (!this.config.tie_word_embeddings) return {};
    return {
      "predictions.decoder.weight": "albert.embeddings.word_embeddings.weight",
      "predictions.decoder.bias": "predictions.bias",
    };
  }

  protected override score(states: Tensor): Tensor {
    return this.predictions.forward(states);
  }
}
