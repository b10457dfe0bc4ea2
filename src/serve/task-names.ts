// What can be served, by the Hub's names of tasks. It imports nothing: --help is made from it.
export const servedTasks = [
  "text-classification",
  "token-classification",
  "question-answering",
  "fill-mask",
  "feature-extraction",
] as const;

export type ServedTask = (typeof servedTasks)[number];
