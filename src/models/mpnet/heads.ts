// MPNet's heads. Fields are named as in checkpoints, in the order of Python's __init__.
import { Dropout, Linear } from "../../nn/index.js";
import type { Tensor } from "../../tensor/index.js";
import { numLabels } from "../config.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
} from "../heads/index.js";
import { RobertaClassificationHead, RobertaLMHead } from "../roberta/index.js";
import { type MPNetConfig, mpnetFiles } from "./config.js";
import { MPNetModel } from "./model.js";

export class MPNetForSequenceClassification extends SequenceClassificationModel<MPNetConfig> {
  static readonly architecture: string = "MPNetForSequenceClassification";
  static readonly family = mpnetFiles;
  readonly mpnet = new MPNetModel(this.config, { pooler: false });
  readonly classifier = new RobertaClassificationHead(this.config, new Dropout(this.config.hidden_dropout_prob));

  override get baseModel(): MPNetModel {
    return this.mpnet;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(first);
  }
}

export class MPNetForMultipleChoice extends MultipleChoiceModel<MPNetConfig> {
  static readonly architecture: string = "MPNetForMultipleChoice";
  static readonly family = mpnetFiles;
  readonly mpnet = new MPNetModel(this.config);
  readonly dropout = new Dropout(this.config.hidden_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, 1);

  override get baseModel(): MPNetModel {
    return this.mpnet;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.mpnet.pool(first)));
  }
}

export class MPNetForTokenClassification extends TokenClassificationModel<MPNetConfig> {
  static readonly architecture: string = "MPNetForTokenClassification";
  static readonly family = mpnetFiles;
  readonly mpnet = new MPNetModel(this.config, { pooler: false });
  readonly dropout = new Dropout(this.config.hidden_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));

  override get baseModel(): MPNetModel {
    return this.mpnet;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class MPNetForQuestionAnswering extends QuestionAnsweringModel<MPNetConfig> {
  static readonly architecture: string = "MPNetForQuestionAnswering";
  static readonly family = mpnetFiles;
  readonly mpnet = new MPNetModel(this.config, { pooler: false });
  readonly qa_outputs = new Linear(this.config.hidden_size, 2);

  override get baseModel(): MPNetModel {
    return this.mpnet;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(states);
  }
}

export class MPNetForMaskedLM extends MaskedLMModel<MPNetConfig> {
  static readonly architecture: string = "MPNetForMaskedLM";
  static readonly family = mpnetFiles;
  readonly mpnet = new MPNetModel(this.config, { pooler: false });
  readonly lm_head = new RobertaLMHead(this.config, this.mpnet.embeddings.word_embeddings.weight);

  override get baseModel(): MPNetModel {
    return this.mpnet;
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    if (!this.config.tie_word_embeddings) return {};
    return {
      "lm_head.decoder.weight": "mpnet.embeddings.word_embeddings.weight",
      "lm_head.decoder.bias": "lm_head.bias",
    };
  }

  protected override score(states: Tensor): Tensor {
    return this.lm_head.forward(states);
  }
}
