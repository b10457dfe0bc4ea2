// The Trainer's evaluations: of one dataset or of several by their names, and a trial of them before training begins.
import type { Accelerator } from "../accelerate/index.js";
import type { Batch, DataLoader } from "../batches/index.js";
import type { AnyRow, Dataset } from "../datasets/index.js";
import { DataError } from "../support/errors.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import type { TrainingArguments } from "./arguments.js";
import { asksForBest, noSuchMetric } from "./best.js";
import { withoutLabels } from "./columns.js";
import { namedDatasets, type TrainerData } from "./data.js";
import { DetailsCollector } from "./details/collector.js";
import type { EvaluationDetails } from "./details/types.js";
import type { PreprocessLogits } from "./evaluation.js";
import { type ComputeMetrics, type Evaluation, evaluateModel, nameMetrics, tryEvaluation } from "./evaluation.js";
import type { TrainableModel } from "./model.js";
import type { EvalDatasets } from "./options.js";

/** Batches of a dataset, in its order. */
export type EvalLoaderOf = (
  dataset: Dataset<object>,
  options: { readonly labelsNeeded: boolean },
) => DataLoader<AnyRow, Batch>;

export interface EvaluatorParts {
  readonly model: TrainableModel;
  readonly accelerator: Accelerator;
  readonly args: TrainingArguments;
  readonly data: TrainerData;
  /** The Trainer's getEvalDataLoader, which may be another's. */
  readonly loaderOf: EvalLoaderOf;
  readonly computeMetrics: ComputeMetrics | undefined;
  readonly preprocessLogits: PreprocessLogits | undefined;
  readonly tokenizer: PreTrainedTokenizer | undefined;
  /** Where the run stands. */
  readonly place: () => { readonly step: number; readonly epoch: number };
  /** Called after each batch. */
  readonly onBatch: (loader: DataLoader<AnyRow, Batch>) => Promise<void>;
}

export interface MeasureOptions {
  /** What the names of figures begin with. */
  readonly prefix: string;
  /** Default false. */
  readonly labelsNeeded?: boolean;
  /** Keep all outputs, for predict. Default false. */
  readonly keepPredictions?: boolean;
  /** Gather what the evaluation shows beyond its figures. Default false. */
  readonly details?: boolean;
  /** Asked after each batch; true ends the evaluation early. */
  readonly stop?: () => boolean;
}

/** An evaluation with its figures under their names in the log. */
export interface Measured {
  readonly metrics: Record<string, number>;
  readonly evaluation: Evaluation;
  /** Where details were asked for, and there are any. */
  readonly details?: EvaluationDetails;
}

export class Evaluator {
  readonly #parts: EvaluatorParts;

  constructor(parts: EvaluatorParts) {
    this.#parts = parts;
  }

  /** The figures of all datasets, and their details; undefined where `stop` ended one early. @throws as evaluateModel */
  async measureAll(
    datasets: EvalDatasets,
    { prefix, ...options }: MeasureOptions,
  ): Promise<{ metrics: Record<string, number>; details: EvaluationDetails[] } | undefined> {
    const metrics: Record<string, number> = {};
    const details: EvaluationDetails[] = [];
    for (const [name, dataset] of namedDatasets(datasets)) {
      const own = name === undefined ? prefix : `${prefix}_${name}`;
      const measured = await this.measure(dataset, { ...options, prefix: own });
      if (measured.evaluation.incomplete) return undefined;
      Object.assign(metrics, measured.metrics);
      if (measured.details) details.push(measured.details);
    }
    return { metrics, details };
  }

  /** @throws DataError where labels are needed and missing; as evaluateModel */
  async measure(dataset: Dataset<object>, options: MeasureOptions): Promise<Measured> {
    const { prefix, labelsNeeded = false, keepPredictions = false, stop = () => false } = options;
    const { model, accelerator, data, loaderOf, computeMetrics, preprocessLogits, onBatch, tokenizer, place } =
      this.#parts;
    const started = performance.now();
    const labelled = data.checkLabels(dataset, labelsNeeded);
    const [loader] = accelerator.prepare(
      loaderOf(labelled ? dataset : withoutLabels(dataset, model), { labelsNeeded }),
    );
    model.eval();
    const collector = options.details && labelled ? new DetailsCollector(model, accelerator) : undefined;
    const evaluation = await evaluateModel({
      model,
      accelerator,
      loader,
      computeMetrics,
      preprocessLogits,
      keepPredictions,
      labelled,
      watch: collector && ((output, batch) => collector.add(output, batch)),
      afterBatch: async () => {
        await onBatch(loader);
        return stop();
      },
    });
    const metrics = nameMetrics(evaluation, prefix, (performance.now() - started) / 1000);
    const details = collector?.finish(dataset, tokenizer, { prefix, ...place() });
    return { metrics, evaluation, details };
  }

  /**
   * One batch of each dataset, so that a metric that does not work, or is not there, is said before step 1.
   * @throws ConfigError, DataError; as the model and the metric do
   */
  async tryOut(datasets: EvalDatasets | undefined): Promise<void> {
    const { args, model, data, loaderOf, computeMetrics, preprocessLogits } = this.#parts;
    const names: string[] = [];
    for (const [name, dataset] of namedDatasets(datasets)) {
      const prefix = name === undefined ? "eval_" : `eval_${name}_`;
      if (dataset.length === 0) throw new DataError(`Trainer: evalDataset${name ? `.${name}` : ""} has no rows`);
      const labelled = data.checkLabels(dataset, true);
      const rows = Math.min(dataset.length, args.perDeviceEvalBatchSize);
      const loader = loaderOf(dataset.select([...Array(rows).keys()]), { labelsNeeded: true });
      model.eval();
      const found = await tryEvaluation({ model, loader, computeMetrics, preprocessLogits, labelled });
      names.push(...found.map((key) => (key.startsWith(prefix) ? key : prefix + key)));
    }
    if (asksForBest(args) && !names.includes(args.bestMetricKey)) throw noSuchMetric(args.bestMetricKey, names);
  }
}
