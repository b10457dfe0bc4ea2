// TrainingArguments: one schema, from which come types, defaults, checks, the flags of `attune train` with their --help,
// and the record saved with a run. Names, defaults and meanings are those of transformers' training_args.py; what this
// machine or version cannot do is refused by name, not ignored.
import { checkSchedule } from "../optim/schedules.js";
import { ConfigError } from "../support/errors.js";
import { checkCombination } from "./contradictions.js";
import {
  choice,
  completeValues,
  integer,
  number,
  record,
  snakeCase,
  steps,
  text,
  toggle,
  type ValuesOf,
} from "./fields.js";

/** Every field, in the order in which --help lists them. */
export const trainingFields = {
  outputDir: text({
    default: "trainer_output",
    placeholder: "PATH",
    help: "folder that the trained model and its checkpoints are written to",
  }),
  runName: text({ default: undefined, placeholder: "NAME", help: "name of the run", defaultNote: "outputDir's" }),

  perDeviceTrainBatchSize: integer({ default: 8, min: 1, help: "rows in a training batch" }),
  perDeviceEvalBatchSize: integer({ default: 8, min: 1, help: "rows in an evaluation batch" }),
  maxTokensPerBatch: integer({
    default: undefined,
    min: 1,
    help: "tokens in a training batch at most, padding not counted, in place of a number of rows",
    defaultNote: "perDeviceTrainBatchSize rows",
  }),
  numTrainEpochs: number({ default: 3, above: 0, help: "passes over the training rows; may be a fraction" }),
  maxSteps: integer({ default: -1, min: -1, help: "optimizer steps, in place of numTrainEpochs where positive" }),

  learningRate: number({ default: 5e-5, min: 0, help: "learning rate of AdamW after the warm-up" }),
  lrSchedulerType: choice(
    [
      "linear",
      "cosine",
      "cosine_with_restarts",
      "polynomial",
      "constant",
      "constant_with_warmup",
      "inverse_sqrt",
      "cosine_with_min_lr",
      "warmup_stable_decay",
    ],
    { default: "linear", help: "how the learning rate changes over the run" },
  ),
  lrSchedulerKwargs: record({
    default: undefined,
    help: "options of the schedule beside its steps",
    defaultNote: "the schedule's own",
  }),
  warmupSteps: steps({
    default: 0,
    min: 0,
    help: "steps over which the learning rate rises; below 1 a share of the run",
  }),

  optim: choice(["adamw_torch_fused", "adamw_torch"], {
    default: "adamw_torch_fused",
    help: "optimizer; both names are AdamW, in one pass over all weights",
  }),
  weightDecay: number({ default: 0, min: 0, help: "decay of weights other than biases and norms" }),
  adamBeta1: number({ default: 0.9, min: 0, below: 1, help: "decay of AdamW's mean of gradients" }),
  adamBeta2: number({ default: 0.999, min: 0, below: 1, help: "decay of AdamW's mean of squared gradients" }),
  adamEpsilon: number({ default: 1e-8, min: 0, help: "AdamW's epsilon" }),

  gradientAccumulationSteps: integer({ default: 1, min: 1, help: "batches that make one optimizer step" }),
  maxGradNorm: number({ default: 1, min: 0, help: "norm that gradients are clipped to; 0 leaves them as they are" }),
  labelSmoothingFactor: number({
    default: 0,
    min: 0,
    below: 1,
    help: "share of each label that is spread over all classes",
  }),
  skipNonFinite: toggle({
    default: false,
    help: "leave out steps whose loss or gradients are not finite, instead of stopping; slower, as each step is awaited",
  }),

  bf16: toggle({ default: false, help: "matrix products in bfloat16, all the rest in float32" }),
  fp16: toggle({ default: false, help: "float16; no processor has its products" }),
  activationCheckpointing: toggle({ default: false, help: "compute activations twice, to keep less of them" }),

  loggingStrategy: choice(["no", "epoch", "steps"], { default: "steps", help: "when the training loss is logged" }),
  loggingSteps: steps({
    default: undefined,
    above: 0,
    help: "steps between two logs",
    defaultNote: "500, or a tenth of a shorter run",
  }),
  loggingFirstStep: toggle({ default: false, help: "log the first step, too" }),
  reportTo: choice(["none", "tensorboard"], {
    default: "none",
    help: "where the log goes beside the run's folder; tensorboard: event files in outputDir/runs",
  }),
  histogramSteps: integer({
    default: undefined,
    min: 1,
    help: "with reportTo tensorboard: steps between two histograms of all weights and gradients, which are read for it",
    defaultNote: "none",
  }),
  disableTqdm: toggle({ default: false, help: "no progress display" }),

  evalStrategy: choice(["no", "epoch", "steps"], { default: "no", help: "when the model is evaluated" }),
  evalSteps: steps({
    default: undefined,
    above: 0,
    help: "steps between two evaluations",
    defaultNote: "loggingSteps",
  }),
  evalDelay: number({ default: 0, min: 0, help: "steps or epochs, by evalStrategy, before the first evaluation" }),
  evalOnStart: toggle({ default: false, help: "evaluate before the first step, too" }),
  evalAccumulationSteps: integer({
    default: undefined,
    min: 1,
    help: "taken for Python's sake: outputs come to the host with every batch",
    defaultNote: "1",
  }),

  saveStrategy: choice(["no", "epoch", "steps", "best"], {
    default: "steps",
    help: "when a checkpoint is written, beside the end of the run; best: where the metric improves; no: nothing is written",
  }),
  saveSteps: steps({ default: 500, above: 0, help: "steps between two checkpoints" }),
  saveTotalLimit: integer({
    default: undefined,
    min: 1,
    help: "checkpoints that are kept; the best and the last always are",
    defaultNote: "all",
  }),
  saveOnlyModel: toggle({
    default: false,
    help: "checkpoints without optimizer, schedule and counters; training cannot go on from them",
  }),

  loadBestModelAtEnd: toggle({ default: false, help: "end with the weights of the best checkpoint" }),
  metricForBestModel: text({
    default: undefined,
    placeholder: "NAME",
    help: "metric that says which checkpoint is the best",
    defaultNote: "loss",
  }),
  greaterIsBetter: toggle({
    default: undefined,
    help: "whether more of metricForBestModel is better",
    defaultNote: "true unless its name ends in loss",
  }),

  seed: integer({ default: 42, min: 0, help: "seed of dropout, new weights and the order of rows" }),
  dataSeed: integer({ default: undefined, min: 0, help: "seed of the order of rows", defaultNote: "seed" }),
  resumeFromCheckpoint: text({
    default: undefined,
    placeholder: "PATH|last",
    help: "checkpoint to go on from; last: the newest in outputDir",
  }),

  dataloaderNumWorkers: integer({
    default: 0,
    min: 0,
    help: "batches that are kept ready while the device works: two for each, one for 0; there are no further processes",
  }),
  dataloaderDropLast: toggle({ default: false, help: "leave out a last batch that is smaller" }),
  removeUnusedColumns: toggle({ default: true, help: "leave out columns that the model does not take" }),
  trainSamplingStrategy: choice(["random", "sequential", "group_by_length"], {
    default: "random",
    help: "order of the training rows; group_by_length: rows of like length together",
  }),

  pushToHub: toggle({ default: false, help: "publish the model on the Hub" }),
  hubModelId: text({
    default: undefined,
    placeholder: "ID",
    help: "repository to publish to",
    defaultNote: "outputDir's name",
  }),
  hubStrategy: choice(["every_save", "end", "checkpoint", "all_checkpoints"], {
    default: "every_save",
    help: "when to publish, and what beside the model",
  }),
  hubPrivateRepo: toggle({
    default: undefined,
    help: "make a new repository private",
    defaultNote: "as the account has it",
  }),
} as const;

type Fields = typeof trainingFields;

/** What may be given: any of the fields. */
export type TrainingOptions = Partial<ValuesOf<Fields>>;

/** All fields with their values. */
export type TrainingValues = Readonly<ValuesOf<Fields>>;

// The fields come from the schema, so that they are listed once; the constructor below assigns them.
const Values = class {} as new () => TrainingValues;

/** Fields that Python's TrainingArguments does not have, and would refuse. */
const OURS: ReadonlySet<string> = new Set<keyof Fields>(["maxTokensPerBatch", "skipNonFinite", "histogramSteps"]);

export class TrainingArguments extends Values {
  /**
   * Fields that are not given have their defaults.
   * @throws ConfigError for an unknown field, with the nearest one, a value that a field does not take, fields that
   *   contradict each other, or options that the schedule does not have.
   */
  constructor(options: TrainingOptions = {}) {
    super();
    Object.assign(this, completeValues(trainingFields, options, "TrainingArguments"));
    const wrong = checkCombination(this);
    if (wrong !== undefined) throw new ConfigError(`TrainingArguments: ${wrong}`);
    checkSchedule(this.lrSchedulerType, this.learningRate, this.lrSchedulerKwargs);
  }

  /** Key of the evaluation's figures that says which checkpoint is the best: "eval_loss" unless the arguments say otherwise. */
  get bestMetricKey(): string {
    const name = this.metricForBestModel ?? "loss";
    return name.startsWith("eval_") ? name : `eval_${name}`;
  }

  /** Whether more of that figure is better. */
  get bestIsGreatest(): boolean {
    return this.greaterIsBetter ?? !this.bestMetricKey.endsWith("loss");
  }

  /** All fields that have a value, under their own names: what a run's manifest holds. */
  toRecord(): Record<string, unknown> {
    const entries = Object.keys(trainingFields).map((name) => [name, this[name as keyof Fields]]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  /** With the names of Python's fields: `HfArgumentParser(TrainingArguments).parse_json_file` reads it. */
  toJSON(): Record<string, unknown> {
    const entries = Object.entries(this.toRecord()).filter(([name]) => !OURS.has(name));
    const spelled = entries.map(([name, value]): [string, unknown] => [
      snakeCase(name),
      name === "lrSchedulerKwargs" ? snakeKeys(value as object) : value,
    ]);
    return Object.fromEntries(spelled.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function snakeKeys(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [snakeCase(name), value]));
}
