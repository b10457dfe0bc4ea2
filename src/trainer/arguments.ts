// TrainingArguments: one schema, from which come types, defaults, checks, the flags of `attune train` with their --help,
// and the record saved with a run. Names, defaults and meanings are those of transformers' training_args.py.
import { ConfigError } from "../support/errors.js";
import { choice, completeValues, integer, number, snakeCase, steps, text, toggle, type ValuesOf } from "./fields.js";

/** Every field, in the order in which --help lists them. */
export const trainingFields = {
  outputDir: text({
    default: "trainer_output",
    placeholder: "PATH",
    help: "folder that the trained model is written to",
  }),
  perDeviceTrainBatchSize: integer({ default: 8, min: 1, help: "rows in a training batch" }),
  perDeviceEvalBatchSize: integer({ default: 8, min: 1, help: "rows in an evaluation batch" }),
  numTrainEpochs: number({ default: 3, above: 0, help: "passes over the training rows; may be a fraction" }),
  maxSteps: integer({ default: -1, min: -1, help: "optimizer steps, in place of numTrainEpochs where positive" }),
  learningRate: number({ default: 5e-5, min: 0, help: "learning rate of AdamW after the warm-up" }),
  lrSchedulerType: choice(
    ["linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"],
    { default: "linear", help: "how the learning rate changes over the run" },
  ),
  warmupSteps: steps({
    default: 0,
    min: 0,
    help: "steps over which the learning rate rises; below 1 a share of the run",
  }),
  weightDecay: number({ default: 0, min: 0, help: "decay of weights other than biases and LayerNorms" }),
  adamBeta1: number({ default: 0.9, min: 0, below: 1, help: "decay of AdamW's mean of gradients" }),
  adamBeta2: number({ default: 0.999, min: 0, below: 1, help: "decay of AdamW's mean of squared gradients" }),
  adamEpsilon: number({ default: 1e-8, min: 0, help: "AdamW's epsilon" }),
  gradientAccumulationSteps: integer({ default: 1, min: 1, help: "batches that make one optimizer step" }),
  maxGradNorm: number({ default: 1, min: 0, help: "norm that gradients are clipped to; 0 leaves them" }),
  loggingStrategy: choice(["no", "epoch", "steps"], { default: "steps", help: "when the training loss is logged" }),
  loggingSteps: steps({
    default: undefined,
    above: 0,
    help: "steps between two logs",
    defaultNote: "500, or a tenth of a shorter run",
  }),
  loggingFirstStep: toggle({ default: false, help: "log the first step, too" }),
  evalStrategy: choice(["no", "epoch", "steps"], { default: "no", help: "when the model is evaluated" }),
  evalSteps: steps({
    default: undefined,
    above: 0,
    help: "steps between two evaluations",
    defaultNote: "loggingSteps",
  }),
  saveStrategy: choice(["no", "epoch", "steps"], {
    default: "epoch",
    help: "when the model is written, beside the end of the run; no: never",
  }),
  saveSteps: steps({ default: 500, above: 0, help: "steps between two saves" }),
  seed: integer({ default: 42, min: 0, help: "seed of dropout, new weights and the order of rows" }),
  dataSeed: integer({ default: undefined, min: 0, help: "seed of the order of rows", defaultNote: "seed" }),
  removeUnusedColumns: toggle({ default: true, help: "leave out columns that the model does not take" }),
  disableTqdm: toggle({ default: false, help: "no progress display" }),
} as const;

type Fields = typeof trainingFields;

/** What may be given: any of the fields. */
export type TrainingOptions = Partial<ValuesOf<Fields>>;

// The fields come from the schema, so that they are listed once; the constructor below assigns them.
const Values = class {} as new () => Readonly<ValuesOf<Fields>>;

export class TrainingArguments extends Values {
  /**
   * Fields that are not given have their defaults.
   * @throws ConfigError for an unknown field, with the nearest one, or a value that a field does not take.
   */
  constructor(options: TrainingOptions = {}) {
    super();
    Object.assign(this, completeValues(trainingFields, options, "TrainingArguments"));
    if (this.maxSteps === 0)
      throw new ConfigError("TrainingArguments: maxSteps must be positive, or -1 for whole epochs");
  }

  /** With the names of Python's fields: `HfArgumentParser(TrainingArguments).parse_json_file` reads it. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.keys(trainingFields)
        .map((name) => [snakeCase(name), this[name as keyof Fields]])
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
  }
}
