// What a Trainer takes and gives.
import type { Batch, Collator, Sampler } from "../batches/index.js";
import type { Dataset } from "../datasets/index.js";
import type { ShapedArray } from "../metrics/index.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import type { TrainingArguments, TrainingOptions } from "./arguments.js";
import type { CallbackOrClass } from "./callbacks/index.js";
import type { CardInfo } from "./card.js";
import type { ComputeMetrics, PreprocessLogits } from "./evaluation.js";
import type { ComputeLoss } from "./loss.js";
import type { TrainableModel } from "./model.js";
import type { TrainerOptimizer, TrainerSchedule } from "./optimizer.js";
import type { LogRow } from "./state.js";

/** One dataset, or several by their names. */
export type EvalDatasets = Dataset<object> | Readonly<Record<string, Dataset<object>>>;

export interface TrainerOptions {
  readonly model: TrainableModel;
  readonly args?: TrainingArguments | TrainingOptions;
  /** Tokenized rows with labels. */
  readonly trainDataset?: Dataset<object>;
  /** What `evaluate` measures on; of several, `{ matched, mismatched }`, figures are called `eval_matched_loss` and so on. */
  readonly evalDataset?: EvalDatasets;
  /** Makes a batch of rows. Default: DataCollatorWithPadding where there is a processingClass, else DefaultDataCollator. */
  readonly dataCollator?: Collator<never, Batch>;
  /** The tokenizer, saved beside the model. */
  readonly processingClass?: PreTrainedTokenizer;
  readonly computeMetrics?: ComputeMetrics;
  /** What metrics and `predict` see in place of logits. */
  readonly preprocessLogitsForMetrics?: PreprocessLogits;
  /** The batch's loss, in place of the model's own: the mean over its labels. */
  readonly computeLoss?: ComputeLoss;
  /** Called at the events of a run, after those that every Trainer has. */
  readonly callbacks?: readonly CallbackOrClass[];
  /** In place of AdamW and the schedule of the arguments. */
  readonly optimizers?: readonly [optimizer: TrainerOptimizer, lrScheduler?: TrainerSchedule];
  /** The order of the training rows, in place of `trainSamplingStrategy`'s. */
  readonly trainSampler?: Sampler;
  /** For the model card. */
  readonly card?: CardInfo;
}

export interface TrainOptions {
  /**
   * Goes on from a checkpoint: its folder, true or "last" for the newest in outputDir, "auto" for the newest if there is
   * one. Default: the argument resumeFromCheckpoint.
   */
  readonly resumeFromCheckpoint?: boolean | string;
  /** With resumeFromCheckpoint: AdamW's moments start anew, so that the checkpoint need not hold them. */
  readonly freshOptimizer?: boolean;
  /**
   * Ends training after the current step, and saves. Without it Ctrl-C (and SIGTERM) do so while train() runs, and do at
   * once what they always did when they come a second time.
   */
  readonly signal?: AbortSignal;
}

export interface TrainOutput {
  readonly globalStep: number;
  /** Mean loss of all steps. */
  readonly trainingLoss: number;
  /** train_runtime, train_loss, ...: as in all_results.json. */
  readonly metrics: LogRow;
  /** What ended training before its last step, if something did: a signal's name, or "abort". */
  readonly interrupted?: string;
}

export interface PredictionOutput {
  /** [rows, ...]; the first of a head's outputs. */
  readonly predictions: ShapedArray;
  /** All outputs by name. */
  readonly outputs: Readonly<Record<string, ShapedArray>>;
  /** Undefined where the dataset has no labels. */
  readonly labelIds?: ShapedArray;
  readonly metrics: LogRow;
}
