// Ctrl-C during training: the first asks the loop to end after its step and save, the second ends the process at once.
import { warn } from "../support/log.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const; // SIGTERM is how Slurm, Docker and systemd ask

/** Listens from its making to its disposal; then signals have the effect that they had before. */
export class Interrupt implements Disposable {
  #received: NodeJS.Signals | undefined;
  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.#received) {
      this[Symbol.dispose]();
      process.kill(process.pid, signal);
      return;
    }
    this.#received = signal;
    warn(`${signal}: ending after this step, then saving; once more ends at once, without saving`);
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** The signal that came, if one did. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }
}
