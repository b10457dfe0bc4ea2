// What a task makes of a dataset and a checkpoint: a model with its head, rows, batches, measures. Text classification has a
// way of its own (run-task of the command line); all others are such plans.
import type { Batch, Collator } from "../../batches/index.js";
import type { Dataset, DatasetDict } from "../../datasets/index.js";
import type { AdaptableModel } from "../../peft/index.js";
import { DataError } from "../../support/errors.js";
import type { PreTrainedTokenizer } from "../../tokenizers/index.js";
import type { ComputeMetrics, TrainableModel } from "../../trainer/index.js";

/** What a plan is made of. */
export interface PlanInputs {
  readonly raw: DatasetDict;
  /** The checkpoint to start from, or a trained one to measure. */
  readonly checkpoint: string;
  readonly revision?: string;
  readonly tokenizer: PreTrainedTokenizer;
  /** Tokens of a row at most. Default: the task's, within what the model takes. */
  readonly maxLength: number | undefined;
  readonly seed: number;
  /** A head of another number of outputs starts anew. */
  readonly freshHead: boolean;
  /** Splits that are needed; of others nothing is made. */
  readonly splits: readonly string[];
  readonly choices: TaskChoices;
}

/** What somebody says; the rest is found or usual. */
export interface TaskChoices {
  readonly textColumn?: string;
  readonly labelColumn?: string;
  readonly docStride?: number;
  readonly maxAnswerLength?: number;
  readonly labelAllTokens?: boolean;
  readonly mlmProbability?: number;
  /** Examples of each class to learn from. */
  readonly shots?: number;
  /** Pairs of each kind for each example. */
  readonly pairIterations?: number;
}

export interface TaskPlan {
  /** What the task asks, in a line. */
  readonly description: string;
  readonly model: TrainableModel;
  /** The part of the model that an adapter is of. Default: all of it. */
  readonly adaptable?: AdaptableModel;
  /** Rows by split; none of a split that no loss is measured on. */
  readonly rows: Readonly<Record<string, Dataset>>;
  readonly collator: Collator<never, Batch>;
  /** The measures of a split; none where the loss says all. */
  metricsOf(split: string): ComputeMetrics | undefined;
  /** Figures that follow from those of an evaluation. */
  derived?(metrics: Readonly<Record<string, number>>): Record<string, number>;
  /** Learns what is learned when the Trainer is done, and writes it into the run's folder where one is given. */
  finish?(folder: string | undefined): Promise<void>;
  /** Figures that no loss tells, measured on a split after training. */
  measure?(split: string): Promise<Readonly<Record<string, number>>>;
}

/** A split's rows. @throws DataError where there are none */
export function splitOf(raw: DatasetDict, name: string): Dataset {
  const split = raw.split(name);
  if (split.length === 0) throw new DataError(`the split ${name} has no rows`);
  return split;
}
