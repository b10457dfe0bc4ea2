// How long a run will take and how much memory it needs, before it begins: a few batches of its rows go forward and
// backward, and what they took is multiplied. The weights are left as they are.
import { DataCollatorWithPadding, DataLoader, rowLengths } from "../batches/index.js";
import type { Dataset } from "../datasets/index.js";
import { AdamW } from "../optim/index.js";
import { residentMemory } from "../support/memory.js";
import { currentBackend, fence, randomState, setRandomState, tidy, zeros } from "../tensor/index.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import { countComputedParameters, planRun, type TrainableModel, type TrainingArguments } from "../trainer/index.js";

export interface Forecast {
  /** Of training and its evaluations; files are written besides. */
  readonly seconds: number;
  /** Of the process at its height. */
  readonly bytes: number;
}

/** A loader, as far as which rows are a batch. */
type Batches = Pick<DataLoader<object>, "length" | "batchSampler">;

/** What is going to run, and on what. */
export interface Planned {
  readonly model: TrainableModel;
  readonly args: TrainingArguments;
  readonly tokenizer: PreTrainedTokenizer;
  readonly train: Dataset;
  /** The batches of training: as the Trainer will have them. */
  readonly loader: Batches;
  readonly evaluated: readonly Dataset[];
}

const TOKENS_MEASURED = 1024; // of a batch, where its rows have as many: a second at most for large models
const BATCHES_MEASURED = 2;
const WEIGHTS_MEASURED = 2 ** 21; // more than caches hold, with their moments
const BYTES_OF_MOMENTS = 8; // two floats a weight
const COPIES_IN_SAVING = 3; // what a process grew by, measured
const FORWARD_SHARE = 1 / 3; // of a pass forward and backward

/** @throws as the model does */
export async function forecastRun(planned: Planned): Promise<Forecast> {
  const { model, args, train, loader, evaluated } = planned;
  const lengths = rowLengths(train);
  const plan = planRun(args, loader.length);
  const batch = await measureBatches(planned, lengths);
  const { tokens, largest } = countTokens(loader, lengths, plan.epochs, plan.maxSteps * args.gradientAccumulationSteps);
  const learning = model.parameters().reduce((sum, { size, requiresGrad }) => sum + (requiresGrad ? size : 0), 0);
  // rows of tables that never occur are left alone
  const updates = plan.maxSteps * (await secondsPerWeight()) * Math.min(learning, countComputedParameters(model));
  const evaluations = { no: 0, epoch: plan.maxSteps / plan.stepsPerEpoch, steps: plan.maxSteps / plan.evalSteps };
  const evaluatedTokens = evaluated.reduce((sum, dataset) => sum + total(rowLengths(dataset)), 0);
  const forward = FORWARD_SHARE * evaluatedTokens * Math.ceil(evaluations[args.evalStrategy]);
  return {
    seconds: batch.secondsPerToken * (tokens + forward) + updates,
    bytes:
      batch.bytes +
      BYTES_OF_MOMENTS * learning +
      bytesOfSaving(model, args) +
      batch.bytesPerToken * Math.max(0, largest - batch.tokens),
  };
}

/** Files are written tensor after tensor, with copies of each on the way. */
function bytesOfSaving(model: TrainableModel, { saveStrategy }: TrainingArguments): number {
  if (saveStrategy === "no") return 0;
  return (
    COPIES_IN_SAVING * 4 * Math.max(...model.parameters().map(({ size, requiresGrad }) => (requiresGrad ? size : 0)))
  );
}

interface Measured {
  readonly secondsPerToken: number;
  /** What a token leaves behind for the pass backward. */
  readonly bytesPerToken: number;
  /** Tokens of a batch that was measured. */
  readonly tokens: number;
  /** Of the process, after it. */
  readonly bytes: number;
}

/** Passes forward and backward over a few batches of rows from all over the dataset; the first warms up. */
async function measureBatches(
  { model, args, tokenizer, train }: Planned,
  lengths: ArrayLike<number>,
): Promise<Measured> {
  const mean = total(lengths) / train.length;
  const { maxTokensPerBatch, perDeviceTrainBatchSize } = args;
  const asked = maxTokensPerBatch === undefined ? perDeviceTrainBatchSize : Math.floor(maxTokensPerBatch / mean);
  const rows = Math.max(1, Math.min(asked, Math.floor(TOKENS_MEASURED / mean)));
  const wanted = Math.min(train.length, rows * (1 + BATCHES_MEASURED));
  const spread = Array.from({ length: wanted }, (_, i) => Math.floor((i * train.length) / wanted));
  const collator = new DataCollatorWithPadding(tokenizer);
  const loader = new DataLoader(train.select(spread), { batchSize: rows, collator, prefetch: 0 });
  const random = randomState();
  let [seconds, tokens, batches, bytesPerToken] = [0, 0, 0, 0];
  model.train();
  for await (const batch of loader) {
    const here = total(batch.attention_mask.host ?? []);
    const began = performance.now();
    const before = currentBackend().statistics().bytesInUse;
    const { loss } = model.forward(batch);
    bytesPerToken = Math.max(bytesPerToken, (currentBackend().statistics().bytesInUse - before) / here);
    loss.backward();
    model.zeroGrad();
    await fence().wait();
    if (batches++ === 0 && loader.length > 1) continue;
    seconds += (performance.now() - began) / 1000;
    tokens += here;
  }
  model.eval();
  setRandomState(random);
  const measured = Math.max(1, batches - 1);
  return {
    secondsPerToken: seconds / tokens,
    bytesPerToken,
    tokens: tokens / measured,
    bytes: residentMemory() ?? 0,
  };
}

/** Of an optimizer's step with clipping, for a weight. */
async function secondsPerWeight(): Promise<number> {
  const weights = zeros([WEIGHTS_MEASURED]);
  weights.setRequiresGrad(true);
  const optimizer = new AdamW([weights]);
  const step = async (): Promise<number> => {
    const began = performance.now();
    optimizer.step();
    await fence().wait();
    return (performance.now() - began) / 1000;
  };
  tidy(() => weights.sum().backward());
  await step(); // makes the moments
  const seconds = await step();
  for (const { firstMoment, secondMoment } of optimizer.state.values())
    for (const each of [firstMoment, secondMoment]) each.dispose();
  weights.zeroGrad();
  weights.dispose();
  return seconds / WEIGHTS_MEASURED;
}

const EPOCHS_COUNTED = 3; // further ones have the same rows, in batches of about the same sizes

/** Tokens of the first `batches` batches, and of the largest of them. */
function countTokens(
  { batchSampler, length }: Batches,
  lengths: ArrayLike<number>,
  epochs: number,
  batches: number,
): { tokens: number; largest: number } {
  let [tokens, largest, counted] = [0, 0, 0];
  for (let epoch = 0; epoch < Math.min(epochs, EPOCHS_COUNTED); epoch++) {
    const order = batchSampler?.batches(epoch);
    for (let i = 0; i < length && counted < batches; i++, counted++) {
      const here = Array.from(order?.at(i) ?? []).reduce((sum, row) => sum + lengths[row], 0);
      tokens += here;
      largest = Math.max(largest, here);
    }
  }
  return { tokens: counted > 0 ? (tokens * batches) / counted : 0, largest };
}

function total(values: ArrayLike<number>): number {
  return Array.prototype.reduce.call(values, (sum, value) => (sum as number) + value, 0) as number;
}

/** "about 12 minutes and 0.9 GB of memory". */
export function describeForecast({ seconds, bytes }: Forecast): string {
  const minutes = seconds / 60;
  const time =
    seconds < 90
      ? plural(Math.max(1, Math.round(seconds)), "second")
      : minutes < 90
        ? plural(Math.round(minutes), "minute")
        : `${(minutes / 60).toFixed(1)} hours`;
  return `about ${time} and ${(bytes / 1e9).toFixed(1)} GB of memory`;
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
