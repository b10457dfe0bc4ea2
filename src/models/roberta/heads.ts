// RoBERTa's heads. Fields are named as in checkpoints, in the order of Python's __init__.
import { Dropout, LayerNorm, Linear, Module, Parameter } from "../../nn/index.js";
import { gelu, type Tensor, tanh } from "../../tensor/index.js";
import { classifierDropout } from "../bert/heads.js";
import { type CommonConfig, numLabels } from "../config.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
  VocabularyProjection,
} from "../heads/index.js";
import { type RobertaConfig, robertaFiles } from "./config.js";
import { RobertaModel } from "./model.js";

/** Two layers on the first token, which has gone through no pooler; MPNet's, too. */
export class RobertaClassificationHead extends Module {
  readonly dense: Linear;
  readonly dropout: Dropout;
  readonly out_proj: Linear;

  constructor(config: CommonConfig & { hidden_size: number }, dropout: Dropout) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.dropout = dropout;
    this.out_proj = new Linear(config.hidden_size, numLabels(config));
  }

  override forward(first: Tensor): Tensor {
    const hidden = tanh(this.dense.forward(this.dropout.forward(first)));
    return this.out_proj.forward(this.dropout.forward(hidden));
  }
}

export class RobertaForSequenceClassification extends SequenceClassificationModel<RobertaConfig> {
  static readonly architecture: string = "RobertaForSequenceClassification";
  static readonly family = robertaFiles;
  readonly roberta = new RobertaModel(this.config, { pooler: false });
  readonly classifier = new RobertaClassificationHead(this.config, classifierDropout(this.config));

  override get baseModel(): RobertaModel {
    return this.roberta;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(first);
  }
}

export class RobertaForMultipleChoice extends MultipleChoiceModel<RobertaConfig> {
  static readonly architecture: string = "RobertaForMultipleChoice";
  static readonly family = robertaFiles;
  readonly roberta = new RobertaModel(this.config);
  readonly dropout = new Dropout(this.config.hidden_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, 1);

  override get baseModel(): RobertaModel {
    return this.roberta;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.roberta.pool(first)));
  }
}

export class RobertaForTokenClassification extends TokenClassificationModel<RobertaConfig> {
  static readonly architecture: string = "RobertaForTokenClassification";
  static readonly family = robertaFiles;
  readonly roberta = new RobertaModel(this.config, { pooler: false });
  readonly dropout = classifierDropout(this.config);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): RobertaModel {
    return this.roberta;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class RobertaForQuestionAnswering extends QuestionAnsweringModel<RobertaConfig> {
  static readonly architecture: string = "RobertaForQuestionAnswering";
  static readonly family = robertaFiles;
  readonly roberta = new RobertaModel(this.config, { pooler: false });
  readonly qa_outputs = new Linear(this.config.hidden_size, 2);

  override get baseModel(): RobertaModel {
    return this.roberta;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(states);
  }
}

type LMHeadConfig = Pick<RobertaConfig, "hidden_size" | "layer_norm_eps" | "vocab_size" | "tie_word_embeddings">;

/** MPNet's, too. */
export class RobertaLMHead extends Module {
  readonly bias: Parameter;
  readonly dense: Linear;
  readonly layer_norm: LayerNorm;
  readonly decoder: VocabularyProjection;

  /** `table`: the word table [vocab, hidden]. */
  constructor(config: LMHeadConfig, table: Parameter) {
    super();
    this.bias = new Parameter([config.vocab_size]);
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.layer_norm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.decoder = new VocabularyProjection(config.hidden_size, config, { table, bias: this.bias });
  }

  override forward(states: Tensor): Tensor {
    return this.decoder.forward(this.layer_norm.forward(gelu(this.dense.forward(states))));
  }
}

export class RobertaForMaskedLM extends MaskedLMModel<RobertaConfig> {
  static readonly architecture: string = "RobertaForMaskedLM";
  static readonly family = robertaFiles;
  readonly roberta = new RobertaModel(this.config, { pooler: false });
  readonly lm_head = new RobertaLMHead(this.config, this.roberta.embeddings.word_embeddings.weight);

  override get baseModel(): RobertaModel {
    return this.roberta;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    if (!this.config.tie_word_embeddings) return {};
    return {
      "lm_head.decoder.weight": "roberta.embeddings.word_embeddings.weight",
      "lm_head.decoder.bias": "lm_head.bias",
    };
  }

  protected override score(states: Tensor): Tensor {
    return this.lm_head.forward(states);
  }
}
