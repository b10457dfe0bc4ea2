// What few-shot classification trains its pairs with where nothing else is said: SetFit's choices. It imports no engine.
import type { TrainingOptions } from "../trainer/arguments.js";

export const FEW_SHOT_ARGUMENTS = {
  perDeviceTrainBatchSize: 16,
  numTrainEpochs: 1,
  learningRate: 2e-5,
} as const satisfies TrainingOptions;
