// The Trainer, its arguments and its callbacks.
export { TrainingArguments, type TrainingOptions, trainingFields } from "./arguments.js";
export {
  type CallbackContext,
  type CallbackEvent,
  type CallbackEvents,
  type CallbackOrClass,
  DefaultFlowCallback,
  EarlyStoppingCallback,
  type EarlyStoppingOptions,
  type ErrorContext,
  type EvaluateContext,
  type ExportedState,
  type LogContext,
  PrinterCallback,
  ProgressCallback,
  RunLogCallback,
  type SaveContext,
  type StatefulCallback,
  type StepFigures,
  TensorBoardCallback,
  type TensorBoardOptions,
  type TrainerCallback,
  TrainerControl,
} from "./callbacks/index.js";
export type { CardInfo } from "./card.js";
export { bestCheckpoint, lastCheckpoint } from "./checkpoints/index.js";
export type { ComputeMetrics, PreprocessLogits } from "./evaluation.js";
export type { ComputeLoss } from "./loss.js";
export { countComputedParameters, type ModelResult, type TrainableModel } from "./model.js";
export { type Plan, planRun, type TrainerOptimizer, type TrainerSchedule } from "./optimizer.js";
export type { EvalDatasets, PredictionOutput, TrainerOptions, TrainOptions, TrainOutput } from "./options.js";
export { type LogRow, TrainerState } from "./state.js";
export { Trainer } from "./trainer.js";
