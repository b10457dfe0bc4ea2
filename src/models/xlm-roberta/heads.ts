// XLM-RoBERTa's heads: RoBERTa's, before the encoder rather than after it (fields stand in the order of Python's __init__,
// by which optimizer files number parameters).
import { Dropout, Linear } from "../../nn/index.js";
import type { Tensor } from "../../tensor/index.js";
import { classifierDropout } from "../bert/heads.js";
import { numLabels } from "../config.js";
import {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
} from "../heads/index.js";
import { RobertaClassificationHead, RobertaLMHead, RobertaModel } from "../roberta/index.js";
import { type XLMRobertaConfig, xlmRobertaFiles } from "./config.js";

export class XLMRobertaModel extends RobertaModel {
  static override readonly architecture: string = "XLMRobertaModel";
  static override readonly family = xlmRobertaFiles;
}

export class XLMRobertaForSequenceClassification extends SequenceClassificationModel<XLMRobertaConfig> {
  static readonly architecture: string = "XLMRobertaForSequenceClassification";
  static readonly family = xlmRobertaFiles;
  readonly classifier = new RobertaClassificationHead(this.config, classifierDropout(this.config));
  readonly roberta = new XLMRobertaModel(this.config, { pooler: false });

  override get baseModel(): XLMRobertaModel {
    return this.roberta;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(first);
  }
}

export class XLMRobertaForMultipleChoice extends MultipleChoiceModel<XLMRobertaConfig> {
  static readonly architecture: string = "XLMRobertaForMultipleChoice";
  static readonly family = xlmRobertaFiles;
  readonly dropout = new Dropout(this.config.hidden_dropout_prob);
  readonly classifier = new Linear(this.config.hidden_size, 1);
  readonly roberta = new XLMRobertaModel(this.config);

  override get baseModel(): XLMRobertaModel {
    return this.roberta;
  }

  protected override score(first: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(this.roberta.pool(first)));
  }
}

export class XLMRobertaForTokenClassification extends TokenClassificationModel<XLMRobertaConfig> {
  static readonly architecture: string = "XLMRobertaForTokenClassification";
  static readonly family = xlmRobertaFiles;
  readonly dropout = classifierDropout(this.config);
  readonly classifier = new Linear(this.config.hidden_size, numLabels(this.config));
  readonly roberta = new XLMRobertaModel(this.config, { pooler: false });

  override get baseModel(): XLMRobertaModel {
    return this.roberta;
  }

  protected override score(states: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(states));
  }
}

export class XLMRobertaForQuestionAnswering extends QuestionAnsweringModel<XLMRobertaConfig> {
  static readonly architecture: string = "XLMRobertaForQuestionAnswering";
  static readonly family = xlmRobertaFiles;
  readonly qa_outputs = new Linear(this.config.hidden_size, 2);
  readonly roberta = new XLMRobertaModel(this.config, { pooler: false });

  override get baseModel(): XLMRobertaModel {
    return this.roberta;
  }

  protected override score(states: Tensor): Tensor {
    return this.qa_outputs.forward(states);
  }
}

export class XLMRobertaForMaskedLM extends MaskedLMModel<XLMRobertaConfig> {
  static readonly architecture: string = "XLMRobertaForMaskedLM";
  static readonly family = xlmRobertaFiles;
  readonly lm_head: RobertaLMHead;
  readonly roberta: XLMRobertaModel;

  constructor(config: XLMRobertaConfig) {
    super(config);
    const roberta = new XLMRobertaModel(config, { pooler: false });
    this.lm_head = new RobertaLMHead(config, roberta.embeddings.word_embeddings.weight);
    this.roberta = roberta;
  }

  override get baseModel(): XLMRobertaModel {
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
