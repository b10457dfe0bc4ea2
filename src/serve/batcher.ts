// Inputs of requests that come at the same time are computed together: while the model is at work on a batch, what arrives
// waits, and all that waits is the next batch. Nothing waits for company while the model is idle.
import { HttpError } from "./http-error.js";

export interface BatcherOptions {
  readonly maxBatchSize: number;
  /** Inputs that may wait. */
  readonly maxQueue: number;
  /** Called with the size of each batch that is begun. */
  readonly onBatch?: (size: number) => void;
}

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export class Batcher<Input, Output> {
  readonly #run: (inputs: readonly Input[]) => Promise<readonly (Output | Error)[]>;
  readonly #options: BatcherOptions;
  #queue: Waiting<Input, Output>[] = [];
  #running = 0;
  #idle: (() => void)[] = [];

  /** `run` computes a batch: an output for each input, in their order; an error for one that fails alone. */
  constructor(run: (inputs: readonly Input[]) => Promise<readonly (Output | Error)[]>, options: BatcherOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Inputs that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Inputs of the batch at work. */
  get running(): number {
    return this.#running;
  }

  /**
   * The outputs for a request's inputs. `signal`: where it aborts, those that still wait are not computed, and its reason
   * is thrown.
   * @throws HttpError 503 where too many wait
   */
  async submit(inputs: readonly Input[], signal: AbortSignal): Promise<Output[]> {
    signal.throwIfAborted();
    const { maxQueue } = this.#options;
    if (this.#queue.length + inputs.length > maxQueue) {
      const message = `too many requests: ${this.#queue.length} inputs wait, and ${maxQueue} may`;
      throw new HttpError(503, message, { "retry-after": "1" });
    }
    const outputs = inputs.map(
      (input) => new Promise<Output>((resolve, reject) => this.#queue.push({ input, resolve, reject, signal })),
    );
    this.#next();
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => {
        this.#queue = this.#queue.filter((one) => one.signal !== signal);
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort);
    });
    try {
      return await Promise.race([Promise.all(outputs), aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Resolves when nothing waits and nothing is at work. */
  async drained(): Promise<void> {
    if (this.#running === 0 && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    if (this.#running > 0) return;
    if (this.#queue.length === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    const batch = this.#queue.splice(0, this.#options.maxBatchSize);
    this.#running = batch.length;
    this.#options.onBatch?.(batch.length);
    void this.#compute(batch);
  }

  async #compute(batch: readonly Waiting<Input, Output>[]): Promise<void> {
    try {
      const outputs = await this.#run(batch.map(({ input }) => input));
      for (const [i, { resolve, reject }] of batch.entries()) {
        const output = outputs[i];
        if (output instanceof Error) reject(output);
        else resolve(output);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#running = 0;
    this.#next();
  }
}
