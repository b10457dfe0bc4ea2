// How long a run will take and how much memory it needs, before it begins: by the operations of its tokens and a short
// measurement of what the engine does in a second, and by the sizes of weights and activations.

import { matmul, noGrad, type Tensor, zeros } from "../tensor/index.js";
import { countComputedParameters, type TrainableModel, type TrainingArguments } from "../trainer/index.js";
import type { Lengths } from "./tokenize.js";

export interface Forecast {
  readonly seconds: number;
  readonly bytes: number;
}

/** Of a step's time this share is matrix products at the speed of a large one; measured on BERTs of 6 and 12 layers. */
const EFFICIENCY = 0.6;
const SIDE = 384;
const PRODUCTS = 6;

/** @throws as the engine does */
export async function forecastRun(model: TrainableModel, args: TrainingArguments, lengths: Lengths): Promise<Forecast> {
  const epochs =
    args.maxSteps > 0
      ? (args.maxSteps * args.perDeviceTrainBatchSize * args.gradientAccumulationSteps) / lengths.rows
      : args.numTrainEpochs;
  const weights = model.parameters().reduce((sum, { size }) => sum + size, 0);
  const learned = trainable(model) / weights;
  // a product forward, one for the gradient of what came in, and one for that of a weight that learns
  const operations = (4 + 2 * learned) * countComputedParameters(model) * lengths.tokens * epochs;
  const seconds = operations / (EFFICIENCY * (await operationsPerSecond()));
  return { seconds, bytes: memoryOf(model, args, lengths) };
}

function trainable(model: TrainableModel): number {
  return model.parameters().reduce((sum, { size, requiresGrad }) => sum + (requiresGrad ? size : 0), 0);
}

/** Weights, the gradients and AdamW's two moments of those that learn; and what a batch of longest rows keeps for backward. */
function memoryOf(model: TrainableModel, args: TrainingArguments, lengths: Lengths): number {
  const weights = model.parameters().reduce((sum, { size }) => sum + size, 0);
  const config = (model.config ?? {}) as Readonly<Record<string, unknown>>;
  const { hidden_size: hidden = 0, intermediate_size: wide = 0, num_hidden_layers: layers = 0 } = config;
  const tokens = args.perDeviceTrainBatchSize * lengths.longest;
  const activations = tokens * Number(layers) * (10 * Number(hidden) + 2 * Number(wide));
  return 4 * (weights + 3 * trainable(model) + activations);
}

/** Of a matrix product of the engine; the first warms up. */
async function operationsPerSecond(): Promise<number> {
  const [a, b] = [zeros([SIDE, SIDE]), zeros([SIDE, SIDE])];
  const multiply = (): Tensor => noGrad(() => matmul(a, b));
  await multiply().data();
  const began = performance.now();
  const results = Array.from({ length: PRODUCTS }, multiply);
  await results.at(-1)?.data();
  const seconds = (performance.now() - began) / 1000;
  for (const tensor of [a, b, ...results]) tensor.dispose();
  return (2 * SIDE ** 3 * PRODUCTS) / seconds;
}

/** "about 12 minutes and 0.9 GB of memory". */
export function describeForecast({ seconds, bytes }: Forecast): string {
  const minutes = seconds / 60;
  const time =
    seconds < 90
      ? `${Math.max(1, Math.round(seconds))} seconds`
      : minutes < 90
        ? `${Math.round(minutes)} minutes`
        : `${(minutes / 60).toFixed(1)} hours`;
  return `about ${time} and ${(bytes / 1e9).toFixed(1)} GB of memory`;
}
