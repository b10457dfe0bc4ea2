// CamemBERT's encoder and heads: those of XLM-RoBERTa, whose fields and their order they share.
import {
  XLMRobertaForMaskedLM,
  XLMRobertaForMultipleChoice,
  XLMRobertaForQuestionAnswering,
  XLMRobertaForSequenceClassification,
  XLMRobertaForTokenClassification,
  XLMRobertaModel,
} from "../xlm-roberta/index.js";
import { camembertFiles } from "./config.js";

export class CamembertModel extends XLMRobertaModel {
  static override readonly architecture = "CamembertModel";
  static override readonly family = camembertFiles;
}

export class CamembertForSequenceClassification extends XLMRobertaForSequenceClassification {
  static override readonly architecture = "CamembertForSequenceClassification";
  static override readonly family = camembertFiles;
}

export class CamembertForTokenClassification extends XLMRobertaForTokenClassification {
  static override readonly architecture = "CamembertForTokenClassification";
  static override readonly family = camembertFiles;
}

export class CamembertForQuestionAnswering extends XLMRobertaForQuestionAnswering {
  static override readonly architecture = "CamembertForQuestionAnswering";
  static override readonly family = camembertFiles;
}

export class CamembertForMultipleChoice extends XLMRobertaForMultipleChoice {
  static override readonly architecture = "CamembertForMultipleChoice";
  static override readonly family = camembertFiles;
}

export class CamembertForMaskedLM extends XLMRobertaForMaskedLM {
  static override readonly architecture = "CamembertForMaskedLM";
  static override readonly family = camembertFiles;
}
