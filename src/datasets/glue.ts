// GLUE's tasks: the columns of text, the labels' names in order; and the types of their rows.
// Source: the dataset script of glue on the Hub. Their metrics are in metrics/glue.ts.
import { ConfigError, nearest } from "../support/errors.js";
import type { Label } from "./types.js";

/** What a GLUE task asks. */
export interface GlueTask {
  /** The columns of text, one or a pair, in the order in which a model reads them. */
  readonly textColumns: readonly [string] | readonly [string, string];
  /** The names of the classes, in order; empty for a regression. */
  readonly labelNames: readonly string[];
  /** The outputs of a model: the number of classes, 1 for a regression. */
  readonly numLabels: number;
  /** The splits on which a trained model is evaluated. */
  readonly evaluationSplits: readonly string[];
}

const validation = ["validation"] as const;
const entailment = ["entailment", "not_entailment"] as const;
const inference = ["entailment", "neutral", "contradiction"] as const;

/** GLUE's ten configurations by name. Labels are -1 in the test splits, whose answers GLUE keeps, but for mrpc. */
export const glueTasks = {
  cola: {
    textColumns: ["sentence"],
    labelNames: ["unacceptable", "acceptable"],
    numLabels: 2,
    evaluationSplits: validation,
  },
  sst2: {
    textColumns: ["sentence"],
    labelNames: ["negative", "positive"],
    numLabels: 2,
    evaluationSplits: validation,
  },
  mrpc: {
    textColumns: ["sentence1", "sentence2"],
    labelNames: ["not_equivalent", "equivalent"],
    numLabels: 2,
    evaluationSplits: validation,
  },
  qqp: {
    textColumns: ["question1", "question2"],
    labelNames: ["not_duplicate", "duplicate"],
    numLabels: 2,
    evaluationSplits: validation,
  },
  stsb: {
    textColumns: ["sentence1", "sentence2"],
    labelNames: [],
    numLabels: 1,
    evaluationSplits: validation,
  },
  mnli: {
    textColumns: ["premise", "hypothesis"],
    labelNames: inference,
    numLabels: 3,
    evaluationSplits: ["validation_matched", "validation_mismatched"],
  },
  qnli: {
    textColumns: ["question", "sentence"],
    labelNames: entailment,
    numLabels: 2,
    evaluationSplits: validation,
  },
  rte: {
    textColumns: ["sentence1", "sentence2"],
    labelNames: entailment,
    numLabels: 2,
    evaluationSplits: validation,
  },
  wnli: {
    textColumns: ["sentence1", "sentence2"],
    labelNames: ["not_entailment", "entailment"], // the other way round than qnli and rte
    numLabels: 2,
    evaluationSplits: validation,
  },
  ax: {
    textColumns: ["premise", "hypothesis"],
    labelNames: inference,
    numLabels: 3,
    evaluationSplits: ["test"],
  },
} as const satisfies Record<string, GlueTask>;

/** The name of a GLUE configuration. */
export type GlueConfig = keyof typeof glueTasks;

/** The rows of a GLUE configuration: its columns of text, `label` and `idx`. */
export type GlueRow<Config extends GlueConfig> = {
  [Name in (typeof glueTasks)[Config]["textColumns"][number]]: string;
} & {
  label: (typeof glueTasks)[Config]["labelNames"] extends readonly []
    ? number
    : Label<(typeof glueTasks)[Config]["labelNames"][number]>;
  idx: number;
} extends infer Row extends object
  ? { [Name in keyof Row]: Row[Name] }
  : never;

/** True where `name` is a GLUE configuration. */
export function isGlueConfig(name: string): name is GlueConfig {
  return Object.hasOwn(glueTasks, name);
}

/** The task of that name. Throws ConfigError, listing the tasks, where there is none. */
export function glueTask(name: string): GlueTask {
  if (isGlueConfig(name)) return glueTasks[name];
  const names = Object.keys(glueTasks);
  const near = nearest(name, names);
  throw new ConfigError(
    `"${name}" is not a task of GLUE: ${names.join(", ")} are${near === undefined ? "" : `; did you mean "${near}"?`}`,
  );
}
