// Evaluation: a model over a loader without gradients, its losses and metrics streamed. Outputs are kept only where
// somebody asked for them.
import type { Accelerator, LoaderLike } from "../accelerate/index.js";
import type { Batch } from "../batches/index.js";
import { type EvalPrediction, Metric, type ShapedArray } from "../metrics/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { countRows, labelNamesOf, type ModelResult, outputsOf, type TrainableModel } from "./model.js";

/** A metric that is streamed, or a function of everything that was predicted. */
export type ComputeMetrics = Metric | ((prediction: EvalPrediction) => Readonly<Record<string, number>>);

/** What metrics see of a batch's outputs in place of them: classes in place of logits, say, which need less memory. */
export type PreprocessLogits = (logits: Tensor, labels: Tensor | undefined) => Tensor;

export interface EvaluationOptions {
  readonly model: TrainableModel;
  readonly loader: LoaderLike<Batch>;
  readonly computeMetrics?: ComputeMetrics;
  readonly preprocessLogits?: PreprocessLogits;
  /** Keep all outputs, for predict. */
  readonly keepPredictions: boolean;
  /** Whether batches have labels. */
  readonly labelled: boolean;
  /** Whose processes share the rows: each has a part of the batches, and figures are of all of them. Default: one process. */
  readonly accelerator?: Accelerator;
  /** Sees each batch with what the model made of it, in order; waited for as metrics are. */
  readonly watch?: (output: ModelResult, batch: Batch) => Promise<void>;
  /** Called after each batch; true ends the evaluation early. */
  readonly afterBatch: () => Promise<boolean>;
}

export interface Evaluation {
  readonly rows: number;
  readonly batches: number;
  /** Mean over the rows; undefined without labels. */
  readonly loss?: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Everything that was predicted, where it was kept. */
  readonly kept?: EvalPrediction;
  /** Ended early: the figures are of a part of the rows. */
  readonly incomplete: boolean;
}

const BATCHES_BEHIND = 2; // results are taken in this many batches later, so that the device need not wait for them

/**
 * Runs the model, in evaluation mode, over every batch. Python's Trainer weights each batch's mean loss by its rows; so
 * does this.
 * @throws DeviceError, ShapeError as the model does; DataError where kept outputs have no common shape.
 */
export async function evaluateModel(options: EvaluationOptions): Promise<Evaluation> {
  const { model, loader, computeMetrics, labelled } = options;
  const metric = labelled && computeMetrics instanceof Metric ? computeMetrics : undefined;
  const summarize = labelled && typeof computeMetrics === "function" ? computeMetrics : undefined;
  const keep = options.keepPredictions || summarize !== undefined ? new Kept(model, labelled) : undefined;
  const pending: Promise<void>[] = [];
  let [rows, batches, lossSum] = [0, 0, 0];
  let incomplete = false;
  const addLoss = (loss: number): void => {
    lossSum += loss;
  };

  metric?.reset();
  for await (const batch of loader) {
    const result = noGrad(() => model.forward(batch));
    const watched = options.watch?.(result, batch);
    const own = noGrad(() => seen(result, batch, options.preprocessLogits));
    const several = options.accelerator && options.accelerator.numProcesses > 1 ? options.accelerator : undefined;
    const counts = several?.rowsOfStep ?? [countRows(batch)];
    const count = counts.reduce((sum, each) => sum + each, 0);
    const losses = labelled ? (several?.gather(own.loss) ?? own.loss) : undefined;
    const wanted = metric !== undefined || keep !== undefined;
    const [output, all] = several && wanted ? gatherRows(several, model, own, batch) : [own, batch];
    const taken = [
      losses?.data().then((values) => addLoss(counts.reduce((sum, rows, i) => sum + values[i] * rows, 0))),
      metric && addTo(metric, output, all),
      keep?.add(output, all, batches),
      watched,
    ];
    const done = Promise.all(taken).then(() => undefined);
    done.catch(() => undefined); // heard of below
    pending.push(done);
    if (pending.length > BATCHES_BEHIND) await pending.shift();
    rows += count;
    batches++;
    incomplete = await options.afterBatch();
    if (incomplete) break;
  }
  for (const each of pending) await each;

  const kept = rows > 0 ? keep?.all() : undefined;
  let metrics: Readonly<Record<string, number>> = {};
  if (metric && rows > 0) metrics = metric.compute();
  else if (summarize && kept) metrics = summarize(kept);
  return { rows, batches, loss: labelled ? lossSum / rows : undefined, metrics, kept, incomplete };
}

/** Outputs and labels of all processes; those of unequal lengths are filled up, as Python's Trainer does it. */
function gatherRows(
  accelerator: Accelerator,
  model: TrainableModel,
  result: ModelResult,
  batch: Batch,
): [ModelResult, Batch] {
  const labels = Object.fromEntries(labelNamesOf(model).flatMap((name) => (batch[name] ? [[name, batch[name]]] : [])));
  const own = { outputs: outputsOf(result), labels };
  const padded = accelerator.padAcrossProcesses(own, { dim: 1, padIndex: FILLER });
  const all = accelerator.gatherForMetrics(padded);
  return [{ ...all.outputs, loss: result.loss }, all.labels];
}

function seen(result: ModelResult, batch: Batch, preprocess: PreprocessLogits | undefined): ModelResult {
  if (!preprocess || !result.logits) return result;
  return { loss: result.loss, logits: preprocess(result.logits, batch.labels) };
}

function addTo(metric: Metric, { logits }: ModelResult, batch: Batch): Promise<void> {
  if (!logits) {
    throw new ConfigError(
      `computeMetrics is the Metric ${metric.name}, which takes logits, and the model has several outputs: give a function ` +
        "of everything that was predicted",
    );
  }
  return metric.addBatch({ predictions: logits, references: batch.labels });
}

/**
 * One batch, before training begins, so that a metric that does not work is not found after an epoch.
 * @returns The names of the figures that an evaluation will give, without prefix.
 * @throws as the model and the metric do; ConfigError where a function of metrics throws
 */
export async function tryEvaluation(
  options: Omit<EvaluationOptions, "afterBatch" | "keepPredictions">,
): Promise<string[]> {
  const { model, computeMetrics: metric } = options;
  const guarded =
    typeof metric === "function"
      ? (prediction: EvalPrediction) => {
          try {
            return metric(prediction);
          } catch (error) {
            throw new ConfigError(
              `computeMetrics failed on one batch of the evaluation dataset, tried before training: ${(error as Error).message}`,
              { cause: error },
            );
          }
        }
      : undefined;
  const once = { ...options, keepPredictions: false, afterBatch: async () => true };
  if (metric instanceof Metric) {
    // A batch may be too few rows for the metric's result, which says nothing of all rows: only taking them in is tried.
    const found = await evaluateModel({ ...once, computeMetrics: new Intake(metric) });
    metric.reset();
    return found.loss === undefined ? [...metric.keys] : ["loss", ...metric.keys];
  }
  const { metrics, loss } = await evaluateModel({ ...once, model, computeMetrics: guarded });
  return [...(loss === undefined ? [] : ["loss"]), ...Object.keys(metrics)];
}

/** A metric that takes rows in and never says what comes of them. */
class Intake extends Metric {
  readonly name: string;
  readonly keys: readonly string[] = [];
  readonly #metric: Metric;

  constructor(metric: Metric) {
    super();
    this.#metric = metric;
    this.name = metric.name;
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    this.#metric.update(predictions, references);
  }

  result(): Record<string, number> {
    return {};
  }

  clear(): void {
    this.#metric.clear();
  }
}

/** An evaluation's figures under Python's names: prefix_loss, the metrics, and how long it took. */
export function nameMetrics(evaluation: Evaluation, prefix: string, seconds: number): Record<string, number> {
  const { loss, rows, batches } = evaluation;
  const metrics = Object.entries(evaluation.metrics).map(([key, value]): [string, number] => [
    key.startsWith(`${prefix}_`) ? key : `${prefix}_${key}`,
    value,
  ]);
  return {
    ...(loss === undefined ? {} : { [`${prefix}_loss`]: loss }),
    ...Object.fromEntries(metrics),
    [`${prefix}_runtime`]: seconds,
    [`${prefix}_samples_per_second`]: rows / seconds,
    [`${prefix}_steps_per_second`]: batches / seconds,
  };
}

/** The outputs and labels of all batches, by name. */
class Kept {
  readonly #labelNames: readonly string[];
  readonly #outputs = new Map<string, Collected>();
  readonly #labels = new Map<string, Collected>();

  constructor(model: TrainableModel, labelled: boolean) {
    this.#labelNames = labelled ? labelNamesOf(model) : [];
  }

  async add(result: ModelResult, batch: Batch, number: number): Promise<void> {
    const adding = Object.entries(outputsOf(result)).map(([name, tensor]) =>
      into(this.#outputs, name).add(tensor, number),
    );
    for (const name of this.#labelNames) adding.push(into(this.#labels, name).add(batch[name], number));
    await Promise.all(adding);
  }

  all(): EvalPrediction {
    const joined = (parts: ReadonlyMap<string, Collected>) =>
      Object.fromEntries(Array.from(parts, ([name, part]) => [name, part.concatenate()]));
    const [outputs, labels] = [joined(this.#outputs), joined(this.#labels)];
    const nothing: ShapedArray = { shape: [0], data: new Float32Array(0) };
    return {
      predictions: Object.values(outputs)[0] ?? nothing,
      labelIds: Object.values(labels)[0] ?? nothing,
      outputs,
      labels,
    };
  }
}

function into(parts: Map<string, Collected>, name: string): Collected {
  const part = parts.get(name) ?? new Collected(name);
  parts.set(name, part);
  return part;
}

const FILLER = -100; // Python's: labels of this value are no labels

/** Tensors of many batches, put together row after row on the host; lengths that differ are filled up with -100. */
class Collected {
  readonly #what: string;
  readonly #parts: ShapedArray[] = [];

  constructor(what: string) {
    this.#what = what;
  }

  async add(tensor: Tensor, batch: number): Promise<void> {
    const { shape } = tensor;
    this.#parts[batch] = { shape, data: await tensor.data() };
  }

  concatenate(): ShapedArray {
    const [first] = this.#parts;
    const rest = (shape: readonly number[]) => shape.slice(2).join();
    for (const [i, { shape }] of this.#parts.entries()) {
      if (shape.length === first.shape.length && rest(shape) === rest(first.shape)) continue;
      throw new DataError(
        `the ${this.#what} of batch ${i} have shape [${shape.join(", ")}], those of batch 0 [${first.shape.join(", ")}]: ` +
          "they cannot be put together. Give computeMetrics a Metric, which takes batch by batch",
      );
    }
    const rows = this.#parts.reduce((sum, { shape }) => sum + shape[0], 0);
    const length = Math.max(...this.#parts.map(({ shape }) => shape[1] ?? 1));
    const width = first.shape.slice(2).reduce((product, size) => product * size, 1);
    const all = new Float32Array(rows * length * width).fill(FILLER);
    let row = 0;
    for (const { shape, data } of this.#parts) {
      const own = (shape[1] ?? 1) * width;
      const values = data as Float32Array;
      for (let i = 0; i < shape[0]; i++) all.set(values.subarray(i * own, (i + 1) * own), (row + i) * length * width);
      row += shape[0];
    }
    return { shape: [rows, ...(first.shape.length > 1 ? [length] : []), ...first.shape.slice(2)], data: all };
  }
}
