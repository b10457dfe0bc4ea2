// The files of a run's folder beside its checkpoints: the model, its tokenizer, its card, what was logged and measured.
import { join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError } from "../support/errors.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import type { TrainingArguments } from "./arguments.js";
import { type CardInfo, modelCard } from "./card.js";
import type { TrainableModel } from "./model.js";
import { sortedJson } from "./save.js";
import type { LogRow, TrainerState } from "./state.js";

/** What a run's files are made of. */
export interface RunContent {
  readonly args: TrainingArguments;
  readonly model: TrainableModel;
  readonly tokenizer: PreTrainedTokenizer | undefined;
}

/** Writes the model, its tokenizer and the arguments into `folder`. */
export async function writeModel(folder: string, { model, tokenizer, args }: RunContent): Promise<void> {
  if (!model.savePretrained) throw new ConfigError("Trainer: the model has no savePretrained(folder)");
  await model.savePretrained(folder);
  await tokenizer?.savePretrained(folder);
  await writeFileAtomic(join(folder, "training_args.json"), sortedJson(args.toJSON(), 2));
}

/** Writes what was logged (trainer_state.json), what was measured (all_results.json), and the model's card. */
export async function writeReport(
  folder: string,
  content: {
    readonly args: TrainingArguments;
    readonly state: TrainerState;
    readonly stateJson: object;
    readonly results: LogRow;
    readonly card: CardInfo;
  },
): Promise<void> {
  const { args, state, stateJson, results, card } = content;
  const text = modelCard({ ...card, name: runName(args), args, log: state.logHistory });
  await writeFileAtomic(join(folder, "trainer_state.json"), sortedJson(stateJson, 2));
  await writeFileAtomic(join(folder, "all_results.json"), sortedJson(results, 4));
  await writeFileAtomic(join(folder, "README.md"), text);
}

/** The run's name: the one it was given, or its folder's. */
export function runName(args: TrainingArguments): string {
  return args.runName ?? (args.outputDir.split(/[\\/]/).findLast((part) => part !== "") || "model");
}
