// Who carries the log elsewhere, by a run's arguments.
import type { TrainingArguments } from "../arguments.js";
import type { TrainerCallback } from "./callback.js";
import { RunLogCallback } from "./run-log.js";
import { TensorBoardCallback } from "./tensorboard.js";

export function reporters({ reportTo, saveStrategy }: TrainingArguments): TrainerCallback[] {
  return [
    ...(saveStrategy === "no" ? [] : [new RunLogCallback()]),
    ...(reportTo === "tensorboard" ? [new TensorBoardCallback()] : []),
  ];
}
