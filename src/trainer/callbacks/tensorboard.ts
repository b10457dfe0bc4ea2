// The log as TensorBoard's event files, under the tags and in the folder that Python's Trainer uses
// (transformers: integrations/integration_utils.py, TensorBoardCallback).
import { join } from "node:path";
import { ConfigError } from "../../support/errors.js";
import type { TrainableModel } from "../model.js";
import { EventFile } from "../tensorboard/event-file.js";
import { histogramOf } from "../tensorboard/histogram.js";
import type { CallbackContext, LogContext, TrainerCallback } from "./callback.js";

export interface TensorBoardOptions {
  /** Where the event files go. Default: TENSORBOARD_LOGGING_DIR, or a folder named after the time in `outputDir/runs`. */
  readonly logDir?: string;
  /** Steps between two histograms of every weight and its gradient. Default: the argument histogramSteps, or none. */
  readonly histogramSteps?: number;
}

/** Scalars of the log, the arguments and the model's configuration as text, and histograms where they are asked for. */
export class TensorBoardCallback implements TrainerCallback, Disposable {
  readonly #options: TensorBoardOptions;
  #file: EventFile | undefined;

  /** @throws ConfigError where histogramSteps is not a positive whole number */
  constructor(options: TensorBoardOptions = {}) {
    const { histogramSteps: steps } = options;
    if (steps !== undefined && !(Number.isSafeInteger(steps) && steps > 0)) {
      throw new ConfigError(`TensorBoardCallback: histogramSteps must be a whole number of at least 1, not ${steps}`);
    }
    this.#options = options;
  }

  onTrainBegin({ args, state, model }: CallbackContext): void {
    const given = this.#options.logDir ?? (process.env.TENSORBOARD_LOGGING_DIR || undefined);
    this.#file = given === undefined ? EventFile.create(join(args.outputDir, "runs")) : EventFile.in(given);
    this.#file.addText("args", JSON.stringify(args.toJSON(), null, 2), state.globalStep);
    if (model.config) this.#file.addText("model_config", JSON.stringify(model.config, null, 2), state.globalStep);
  }

  async onPreOptimizerStep({ args, state, model }: CallbackContext): Promise<void> {
    const every = this.#options.histogramSteps ?? args.histogramSteps;
    if (every === undefined || (state.globalStep + 1) % every !== 0) return;
    await this.#addHistograms(model, state.globalStep + 1);
  }

  onLog({ state, logs }: LogContext): void {
    for (const [name, value] of Object.entries(logs)) {
      if (typeof value === "number") this.#file?.addScalar(tagOf(name), value, state.globalStep);
    }
  }

  onTrainEnd(): void {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Weights before the step's change, and the gradients that make it. */
  async #addHistograms(model: TrainableModel, step: number): Promise<void> {
    for (const [name, parameter] of model.namedParameters()) {
      const path = name.replaceAll(".", "/");
      for (const [kind, tensor] of [["weights", parameter] as const, ["gradients", parameter.grad] as const]) {
        const histogram = tensor && histogramOf(await tensor.data());
        if (histogram) this.#file?.addHistogram(`${kind}/${path}`, histogram, step);
      }
    }
  }
}

/** eval_loss -> eval/loss; what is of training: loss -> train/loss. */
function tagOf(name: string): string {
  const [, split, rest] = /^(eval|test)_(.*)$/.exec(name) ?? [];
  return split ? `${split}/${rest}` : `train/${name}`;
}
