// BERT with a classification head on the pooled first token.

import type { Batch } from "../../batches/index.js";
import { Dropout, Linear } from "../../nn/index.js";
import { classificationLoss } from "../classificationLoss.js";
import { numLabels } from "../config.js";
import { ClassifierOutput, takeInputs } from "../outputs.js";
import { PreTrainedModel } from "../pretrained.js";
import type { BertConfig } from "./config.js";
import { BertModel, bertInputs } from "./model.js";

export class BertForSequenceClassification extends PreTrainedModel<BertConfig> {
  static readonly architecture = "BertForSequenceClassification";
  readonly bert: BertModel;
  readonly dropout: Dropout;
  readonly classifier: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.bert = new BertModel(config);
    this.dropout = new Dropout(config.classifier_dropout ?? config.hidden_dropout_prob);
    this.classifier = new Linear(config.hidden_size, numLabels(config));
  }

  /**
   * BertModel's inputs, and `labels`: int32 [batch] for classes, float32 [batch] for one number, float32 [batch, labels]
   * for independent labels. Only the first token of each sequence goes past the last layer's attention.
   */
  override forward(batch: Batch): ClassifierOutput {
    const { labels, ...inputs } = takeInputs("BertForSequenceClassification", batch, [...bertInputs, "labels"]);
    const { states } = this.bert.encode(inputs, { firstTokenOnly: true });
    const logits = this.classifier.forward(this.dropout.forward(this.bert.pool(states)));
    return new ClassifierOutput(labels && classificationLoss(this.config, logits, labels), logits);
  }
}
