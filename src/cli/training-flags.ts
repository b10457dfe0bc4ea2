// The flags of `train` and `glue` that say how to train: all fields of TrainingArguments but the folder.
import { AttuneError } from "../support/errors.js";
import { TrainingArguments, type TrainingOptions, trainingFields } from "../trainer/arguments.js";
import { kebabCase, toggle } from "../trainer/fields.js";
import { UsageError } from "./flags.js";

const { outputDir: _, ...fields } = trainingFields;

/** Fields of TrainingArguments that are flags. */
export const argumentFlags = {
  ...fields,
  evalStrategy: { ...fields.evalStrategy, defaultNote: "epoch where there is a split to evaluate on" },
};

export const trainingFlags = {
  ...argumentFlags,
  freshOptimizer: toggle({
    default: false,
    help: "with resumeFromCheckpoint: AdamW's moments start anew, so that the checkpoint need not hold them",
  }),
} as const;

/**
 * The arguments that a command's values make. Needs no engine, so that contradictions are said before anything is loaded.
 * @throws UsageError for fields that contradict each other, spelled as flags
 */
export function argumentsOf(values: Readonly<Record<string, unknown>>, more: TrainingOptions): TrainingArguments {
  const given = Object.fromEntries(Object.keys(argumentFlags).map((name) => [name, values[name]]));
  try {
    return new TrainingArguments({ ...given, ...more });
  } catch (error) {
    if (!(error instanceof AttuneError)) throw error;
    const names = Object.keys(argumentFlags).join("|");
    const message = error.message
      .replace(/^TrainingArguments: /, "")
      .replaceAll(new RegExp(`\\b(${names})\\b`, "g"), (name) => `--${kebabCase(name)}`);
    throw new UsageError(message, { cause: error });
  }
}
