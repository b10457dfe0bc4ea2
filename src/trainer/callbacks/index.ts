// Callbacks: who hears of a run's events and steers it.
export type {
  CallbackContext,
  CallbackEvent,
  CallbackEvents,
  ErrorContext,
  EvaluateContext,
  ExportedState,
  LogContext,
  SaveContext,
  StatefulCallback,
  StepFigures,
  TrainerCallback,
} from "./callback.js";
export { TrainerControl } from "./control.js";
export { DefaultFlowCallback } from "./default-flow.js";
export { EarlyStoppingCallback, type EarlyStoppingOptions } from "./early-stopping.js";
export { CallbackHandler, type CallbackOrClass } from "./handler.js";
export { PrinterCallback } from "./printer.js";
export { ProgressCallback } from "./progress.js";
export { reporters } from "./reporters.js";
export { RunLogCallback } from "./run-log.js";
export { TensorBoardCallback, type TensorBoardOptions } from "./tensorboard.js";
