// The Trainer and its arguments.
export { TrainingArguments, type TrainingOptions, trainingFields } from "./arguments.js";
export type { CardInfo } from "./card.js";
export type { ComputeMetrics } from "./evaluation.js";
export type { ModelResult, TrainableModel } from "./model.js";
export type { LogRow, TrainerState } from "./state.js";
export {
  type PredictionOutput,
  Trainer,
  type TrainerOptions,
  type TrainOptions,
  type TrainOutput,
} from "./trainer.js";
