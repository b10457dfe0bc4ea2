// Evaluation: a model over a loader without gradients, its losses and metrics streamed. Outputs are kept only where
// somebody asked for them.
import type { LoaderLike } from "../accelerate/index.js";
import type { Batch } from "../batches/index.js";
import { type EvalPrediction, Metric, type ShapedArray } from "../metrics/index.js";
import { DataError } from "../support/errors.js";
import type { Progress } from "../support/progress.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { countRows, type TrainableModel } from "./model.js";

/** A metric that is streamed, or a function of everything that was predicted. */
export type ComputeMetrics = Metric | ((prediction: EvalPrediction) => Readonly<Record<string, number>>);

export interface EvaluationOptions {
  readonly model: TrainableModel;
  readonly loader: LoaderLike<Batch>;
  readonly computeMetrics?: ComputeMetrics;
  /** Keep all outputs, for predict. */
  readonly keepPredictions: boolean;
  /** Whether batches have labels. */
  readonly labelled: boolean;
  readonly progress: Progress;
  /** Asked after each batch; true ends the evaluation early. */
  readonly stop: () => boolean;
}

export interface Evaluation {
  readonly rows: number;
  readonly batches: number;
  /** Mean over the rows; undefined without labels. */
  readonly loss?: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly predictions?: ShapedArray;
  readonly labelIds?: ShapedArray;
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
  const { model, loader, computeMetrics, labelled, progress } = options;
  const metric = labelled && computeMetrics instanceof Metric ? computeMetrics : undefined;
  const summarize = labelled && typeof computeMetrics === "function" ? computeMetrics : undefined;
  const keep = options.keepPredictions || summarize !== undefined;
  const predictions = new Collected("predictions");
  const labelIds = new Collected("labels");
  const pending: Promise<void>[] = [];
  let [rows, batches, lossSum] = [0, 0, 0];
  let incomplete = false;
  const addLoss = (loss: number): void => {
    lossSum += loss;
  };

  metric?.reset();
  for await (const batch of loader) {
    const count = countRows(batch);
    const output = noGrad(() => model.forward(batch));
    const taken = [
      labelled ? output.loss.item().then((loss) => addLoss(loss * count)) : undefined,
      metric?.addBatch({ predictions: output.logits, references: batch.labels }),
      keep ? predictions.add(output.logits, batches) : undefined,
      keep && labelled ? labelIds.add(batch.labels, batches) : undefined,
    ];
    const all = Promise.all(taken).then(() => undefined);
    all.catch(() => undefined); // heard of below
    pending.push(all);
    if (pending.length > BATCHES_BEHIND) await pending.shift();
    rows += count;
    batches++;
    progress.advance();
    incomplete = options.stop();
    if (incomplete) break;
  }
  for (const each of pending) await each;

  const kept = keep ? predictions.concatenate() : undefined;
  const labels = keep && labelled ? labelIds.concatenate() : undefined;
  let metrics: Readonly<Record<string, number>> = {};
  if (metric && rows > 0) metrics = metric.compute();
  else if (summarize && kept && labels) metrics = summarize({ predictions: kept, labelIds: labels });
  return {
    rows,
    batches,
    loss: labelled ? lossSum / rows : undefined,
    metrics,
    predictions: options.keepPredictions ? kept : undefined,
    labelIds: options.keepPredictions ? labels : undefined,
    incomplete,
  };
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

/** Tensors of many batches, put together row after row on the host. */
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
    const rowShape = this.#parts[0]?.shape.slice(1) ?? [];
    let rows = 0;
    let size = 0;
    for (const [i, { shape, data }] of this.#parts.entries()) {
      if (shape.slice(1).join() !== rowShape.join()) {
        throw new DataError(
          `the ${this.#what} of batch ${i} have shape [${shape.join(", ")}], those of batch 0 [${this.#parts[0].shape.join(", ")}]: ` +
            "they cannot be put together. Pad to one length, or give computeMetrics a Metric, which takes batch by batch",
        );
      }
      rows += shape[0];
      size += data.length;
    }
    const all = new Float32Array(size);
    let at = 0;
    for (const { data } of this.#parts) {
      all.set(data, at);
      at += data.length;
    }
    return { shape: [rows, ...rowShape], data: all };
  }
}
