// The log as TensorBoard's event files, under the tags and in the folder that Python's Trainer uses
// (transformers: integrations/integration_utils.py, TensorBoardCallback).
import { join } from "node:path";
import { EventFile } from "../event-file.js";
import type { CallbackContext, LogContext, TrainerCallback } from "./callback.js";

export class TensorBoardCallback implements TrainerCallback, Disposable {
  #file: EventFile | undefined;

  onTrainBegin({ args, state }: CallbackContext): void {
    this.#file = EventFile.create(join(args.outputDir, "runs"));
    this.#file.addText("args", JSON.stringify(args.toJSON(), null, 2), state.globalStep);
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
}

/** eval_loss -> eval/loss; what is of training: loss -> train/loss. */
function tagOf(name: string): string {
  const [, split, rest] = /^(eval|test)_(.*)$/.exec(name) ?? [];
  return split ? `${split}/${rest}` : `train/${name}`;
}
