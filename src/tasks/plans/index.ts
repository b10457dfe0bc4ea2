// The plans by their tasks.
import { planFewShot } from "./few-shot.js";
import { planMaskedLM } from "./masked-lm.js";
import { planMultipleChoice } from "./multiple-choice.js";
import type { PlanInputs, TaskPlan } from "./plan.js";
import { planQuestionAnswering } from "./question-answering.js";
import { planSentenceSimilarity } from "./sentence-similarity.js";
import { planTokenClassification } from "./token-classification.js";

const plans = {
  "token-classification": planTokenClassification,
  "question-answering": planQuestionAnswering,
  "multiple-choice": planMultipleChoice,
  "fill-mask": planMaskedLM,
  "sentence-similarity": planSentenceSimilarity,
  "few-shot-classification": planFewShot,
} as const;

/** What a task makes of a dataset and a checkpoint. @throws DataError where columns cannot be told, and as fromPretrained */
export function planTask(task: keyof typeof plans, inputs: PlanInputs): Promise<TaskPlan> {
  return plans[task](inputs);
}

export { takeShots } from "./few-shot.js";
export { textBlocks } from "./masked-lm.js";
export { type ChoiceColumns, findChoiceColumns, tokenizeChoices } from "./multiple-choice.js";
export type { PlanInputs, TaskChoices, TaskPlan } from "./plan.js";
