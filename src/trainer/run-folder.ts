// The files of a run's folder beside its checkpoints: the model, its tokenizer, its card, what was logged and measured,
// and with what the run was made.
import { join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError } from "../support/errors.js";
import type { TrainingArguments } from "./arguments.js";
import { modelCard } from "./card.js";
import { namedDatasets } from "./data.js";
import { writeManifest } from "./manifest.js";
import type { TrainableModel } from "./model.js";
import type { Plan } from "./optimizer.js";
import type { TrainerOptions } from "./options.js";
import { saveTogether, sortedJson } from "./save.js";
import type { CallbackStates, LogRow, TrainerState } from "./state.js";

/** What the files are made of. */
export interface RunContent {
  readonly args: TrainingArguments;
  readonly model: TrainableModel;
  readonly options: Pick<TrainerOptions, "processingClass" | "card" | "trainDataset" | "evalDataset">;
  /** Where the run stands. */
  readonly progress: () => { readonly state: TrainerState; readonly callbacks: CallbackStates };
}

export class RunFolder {
  readonly #content: RunContent;
  /** What all_results.json holds. */
  readonly #results: Record<string, number> = {};

  constructor(content: RunContent) {
    this.#content = content;
  }

  /** Joins figures to those of all_results.json. */
  addResults({ step: _, ...figures }: LogRow): void {
    Object.assign(this.#results, figures);
  }

  /** Writes the model, its tokenizer and the arguments into a folder that is there. */
  async writeModel(folder: string): Promise<void> {
    const { model, args, options } = this.#content;
    if (!model.savePretrained) throw new ConfigError("Trainer: the model has no savePretrained(folder)");
    await model.savePretrained(folder);
    await options.processingClass?.savePretrained(folder);
    await writeFileAtomic(join(folder, "training_args.json"), sortedJson(args.toJSON(), 2));
  }

  /** As writeModel; the files appear together or not at all. @throws AttuneError naming the folder and the cause */
  async saveModel(folder: string): Promise<void> {
    await saveTogether(folder, (stage) => this.writeModel(stage));
  }

  /** Saves trainer_state.json, all_results.json and the model card in the run's folder. @throws as saveModel */
  async saveState(): Promise<void> {
    await saveTogether(this.#content.args.outputDir, (stage) => this.#writeReport(stage));
  }

  /** Saves all of a run's files. @throws as saveModel */
  async saveRun(): Promise<void> {
    await saveTogether(this.#content.args.outputDir, async (stage) => {
      await this.writeModel(stage);
      await this.#writeReport(stage);
    });
  }

  /** Writes attune_run.json. @param resumedAt The step that the run went on from; 0 where it began anew. */
  async writeManifest(plan: Plan, resumedAt: number): Promise<void> {
    const { args, model, options } = this.#content;
    const evaluated = namedDatasets(options.evalDataset).map(
      ([name, dataset]) => [name ? `eval_${name}` : "eval", dataset] as const,
    );
    await writeManifest(args.outputDir, {
      args,
      plan,
      model,
      tokenizer: options.processingClass,
      data: [["train", options.trainDataset], ...evaluated],
      resumedAt,
    });
  }

  async #writeReport(folder: string): Promise<void> {
    const { args, options, progress } = this.#content;
    const { state, callbacks } = progress();
    const { library } = this.#content.model;
    const card = modelCard({ ...options.card, library, name: runName(args), args, log: state.logHistory });
    await writeFileAtomic(join(folder, "trainer_state.json"), sortedJson(state.toJSON(callbacks), 2));
    await writeFileAtomic(join(folder, "all_results.json"), sortedJson(this.#results, 4));
    await writeFileAtomic(join(folder, "README.md"), card);
  }
}

/** The run's name: the one it was given, or its folder's. */
function runName(args: TrainingArguments): string {
  return args.runName ?? (args.outputDir.split(/[\\/]/).findLast((part) => part !== "") || "model");
}
