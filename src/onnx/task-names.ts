// What a model can be exported for, by the Hub's names of tasks. It imports nothing: --help is made from it.
export const onnxTasks = [
  "text-classification",
  "token-classification",
  "question-answering",
  "fill-mask",
  "multiple-choice",
  "feature-extraction",
] as const;

export type OnnxTask = (typeof onnxTasks)[number];
