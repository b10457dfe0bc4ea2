// Publishing a run on the Hub: while it trains, after saves, one at a time beside the training; and once more at its end.
// What is published is always what is on the disk already.
import { basename, resolve } from "node:path";
import { createRepo, type Published, type PublishOptions, uploadFolder } from "../hub/index.js";
import { AttuneError } from "../support/errors.js";
import { info, warn } from "../support/log.js";
import type { TrainingArguments, TrainingValues } from "./arguments.js";
import { checkpointFiles } from "./checkpoints/files.js";

/** As Python's hub_strategy: at the end only; the model after each save; the last checkpoint, or all of them, too. */
export type HubStrategy = TrainingValues["hubStrategy"];

/** The publisher that the arguments ask for, if they do. */
export function publisherOf(args: TrainingArguments): RunPublisher | undefined {
  if (!args.pushToHub) return undefined;
  const { hubModelId = basename(resolve(args.outputDir)), hubStrategy, hubPrivateRepo } = args;
  return new RunPublisher(hubModelId, hubStrategy, hubPrivateRepo === undefined ? {} : { private: hubPrivateRepo });
}

/** What of a run's folder is not published at its root: checkpoints have their own place, or none. */
const NOT_AT_ROOT = ["checkpoint-*/*", "_*"];

/** What a checkpoint holds for resuming, beside the model: Attune's files, and those of Python's. */
const FOR_RESUMING = [...Object.values(checkpointFiles), "scaler.pt", "rng_state*", "training_args.bin"];

interface Job {
  readonly folder: string;
  readonly options: Parameters<typeof uploadFolder>[2];
}

/** Publishes one run. A push that fails while the run goes on is a warning: the next one, or the last, covers it. */
export class RunPublisher {
  readonly #repoId: string;
  readonly #strategy: HubStrategy;
  readonly #options: PublishOptions;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(repoId: string, strategy: HubStrategy, options: PublishOptions = {}) {
    this.#repoId = repoId;
    this.#strategy = strategy;
    this.#options = options;
  }

  /** Makes the repository, so that a missing login is said before anything is computed. @throws HubError */
  async begin(): Promise<void> {
    const { url } = await createRepo(this.#repoId, this.#options);
    info(`publishing to ${url}`);
  }

  /** Says that a checkpoint's folder is on the disk. What is to be published of it goes while training goes on. */
  saved(checkpoint: string, step: number): void {
    if (this.#strategy === "end") return;
    const model: Job = {
      folder: checkpoint,
      options: { commitMessage: `Training in progress, step ${step}`, ignorePatterns: FOR_RESUMING },
    };
    const whole = (pathInRepo: string): Job => ({
      folder: checkpoint,
      options: { commitMessage: `Checkpoint of step ${step}`, pathInRepo },
    });
    // of models that wait, only the newest counts; checkpoints that are all wanted wait for their turn
    const kept = this.#strategy === "all_checkpoints" ? this.#waiting.filter(({ options }) => options?.pathInRepo) : [];
    this.#waiting.splice(0, this.#waiting.length, ...kept, model);
    if (this.#strategy === "checkpoint") this.#waiting.push(whole("last-checkpoint"));
    if (this.#strategy === "all_checkpoints") this.#waiting.push(whole(basename(checkpoint)));
    this.#running ??= this.#work();
  }

  /** Publishes the run's folder when all of it is written, after what is still on its way. @throws HubError */
  async finish(folder: string, commitMessage = "End of training"): Promise<Published> {
    const keepsCheckpoints = this.#strategy === "checkpoint" || this.#strategy === "all_checkpoints";
    if (!keepsCheckpoints) this.#waiting.length = 0; // the end has all of it
    await this.#running;
    const options = { commitMessage, ...this.#options, ignorePatterns: NOT_AT_ROOT };
    const published = await uploadFolder(this.#repoId, folder, options);
    info(`published: ${published.url}`);
    return published;
  }

  /** The same at the end of training, where a failure is a warning: the model is on the disk, and the run did its work. */
  async finishRun(folder: string): Promise<void> {
    try {
      await this.finish(folder);
    } catch (error) {
      if (!(error instanceof AttuneError)) throw error;
      warn(error.message);
    }
  }

  async #work(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      try {
        await uploadFolder(this.#repoId, job.folder, { ...this.#options, ...job.options });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        warn(`not published while training goes on, to be tried again: ${reason}`);
      }
    }
    this.#running = undefined;
  }
}
