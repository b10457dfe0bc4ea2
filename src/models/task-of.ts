// What a class of models is for, by the Hub's names of tasks: that of "BertForSequenceClassification" is text classification.

const ENDINGS = {
  "text-classification": "ForSequenceClassification",
  "token-classification": "ForTokenClassification",
  "question-answering": "ForQuestionAnswering",
  "multiple-choice": "ForMultipleChoice",
  "fill-mask": "ForMaskedLM",
  "feature-extraction": "Model",
} as const;

export type ModelTask = keyof typeof ENDINGS;

/** The task of an architecture that config.json names; undefined where the name is of none. */
export function taskOfArchitecture(architecture: string | undefined): ModelTask | undefined {
  const tasks = Object.keys(ENDINGS) as ModelTask[];
  return tasks.find((task) => architecture?.endsWith(ENDINGS[task]));
}
