// Ctrl-C during training: the first asks the loop to end after its step and save, the second ends the process at once.
import { findLaunch } from "../processes/index.js";
import { warn } from "../support/log.js";

/** SIGTERM is how Slurm, Docker and systemd ask, SIGUSR2 how `attune launch` does: mpirun passes that one on. */
const SIGNALS: readonly NodeJS.Signals[] = findLaunch() ? ["SIGINT", "SIGTERM", "SIGUSR2"] : ["SIGINT", "SIGTERM"];

/** npm and other runners pass on a Ctrl-C that the terminal has sent to every process: what follows so soon is the same. */
const ECHO_MILLISECONDS = 300;

/** Listens from its making to its disposal; then signals have the effect that they had before. */
export class Interrupt implements Disposable {
  #received: NodeJS.Signals | undefined;
  #receivedAt = 0;
  readonly #onFirst: (signal: NodeJS.Signals) => void;
  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.#received) {
      if (performance.now() - this.#receivedAt < ECHO_MILLISECONDS) return;
      this[Symbol.dispose]();
      process.kill(process.pid, signal);
      return;
    }
    this.#received = signal;
    this.#receivedAt = performance.now();
    warn(`${signal}: ending after this step, then saving; once more ends at once, without saving`);
    this.#onFirst(signal);
  };

  /** @param onFirst Called when the first signal comes. */
  constructor(onFirst: (signal: NodeJS.Signals) => void = () => undefined) {
    this.#onFirst = onFirst;
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
