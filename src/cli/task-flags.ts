// The flags of `train`, `eval` and `predict` that say which task.
import { FEW_SHOT_ARGUMENTS } from "../tasks/few-shot-arguments.js";
import type { TaskChoices } from "../tasks/plans/plan.js";
import type { TrainingOptions } from "../trainer/arguments.js";
import { choice, integer, number, toggle, type ValuesOf } from "../trainer/fields.js";

export const TASK_NAMES = [
  "text-classification",
  "token-classification",
  "question-answering",
  "multiple-choice",
  "fill-mask",
  "sentence-similarity",
  "few-shot-classification",
] as const;
export type TaskName = (typeof TASK_NAMES)[number];

export const trainTaskFlag = {
  task: choice(TASK_NAMES, {
    default: "text-classification",
    help: "what the model learns; fill-mask goes on with pretraining",
  }),
} as const;

export const foundTaskFlag = {
  task: choice(["found", ...TASK_NAMES], {
    default: "found",
    help: "what the model is for",
    defaultNote: "by its head",
  }),
} as const;

/** Choices of single tasks. */
export const taskFlags = {
  labelAllTokens: toggle({
    default: false,
    help: "token-classification: label all tokens of a word, not its first only",
  }),
  docStride: integer({
    default: undefined,
    min: 0,
    help: "question-answering: tokens that two parts of a long context share",
    defaultNote: "128, or a quarter of maxLength",
  }),
  maxAnswerLength: integer({ default: 30, min: 1, help: "question-answering: tokens of the longest answer" }),
  mlmProbability: number({ default: 0.15, above: 0, max: 1, help: "fill-mask: share of tokens that are asked for" }),
  shots: integer({
    default: undefined,
    min: 1,
    help: "few-shot-classification: examples of each class to learn from",
    defaultNote: "all rows",
  }),
  pairIterations: integer({
    default: 20,
    min: 1,
    help: "few-shot-classification: pairs of one class, and of two, for each example",
  }),
} as const;

/** What a task's training begins with where that is not what it is elsewhere. */
const TASK_DEFAULTS: Partial<Record<TaskName, TrainingOptions>> = { "few-shot-classification": FEW_SHOT_ARGUMENTS };

/** Those of a task's own defaults that no flag takes the place of. */
export function defaultsOf(task: TaskName, given: ReadonlySet<string>): TrainingOptions {
  return Object.fromEntries(Object.entries(TASK_DEFAULTS[task] ?? {}).filter(([name]) => !given.has(name)));
}

/** What the flags say of the task. */
export function choicesOf(
  values: ValuesOf<typeof taskFlags> & { readonly textColumn?: string; readonly labelColumn?: string },
): TaskChoices {
  const { textColumn, labelColumn, labelAllTokens, docStride, maxAnswerLength, mlmProbability, shots, pairIterations } =
    values;
  return { textColumn, labelColumn, labelAllTokens, docStride, maxAnswerLength, mlmProbability, shots, pairIterations };
}
