// The losses of training, read behind the device: a step's loss is asked for when the step is enqueued and taken in some
// steps later, so that reading never makes the device wait, and a loss that is not finite is still said soon.
import { DeviceError } from "../support/errors.js";
import { add, mul, noGrad, type Tensor, tidy } from "../tensor/index.js";

/** A step's losses on their way from the device, with their weights in the step's loss. */
export type PendingLosses = readonly { readonly loss: Promise<number>; readonly weight: number }[];

const STEPS_BEHIND = 3;

/** The sums, as a checkpoint holds them. */
export interface LossSums {
  readonly sum: number;
  readonly steps: number;
  readonly windowSum: number;
  readonly windowSteps: number;
}

export class Losses {
  readonly #pending: { readonly step: number; readonly loss: Promise<number> }[] = [];
  #sum = 0;
  #steps = 0;
  #windowSum = 0;
  #windowSteps = 0;
  #lastMean: number | undefined;

  /** Takes the losses of a step, and takes in those of a step some steps back. @throws as settle */
  async add(step: number, losses: PendingLosses): Promise<void> {
    const loss = meanOf(losses);
    loss.catch(() => undefined); // whoever settles the step hears of it
    this.#pending.push({ step, loss });
    if (this.#pending.length > STEPS_BEHIND) await this.#takeIn();
  }

  /**
   * Waits for all losses so far.
   * @throws DeviceError, naming the step, where one is not finite or a kernel failed.
   */
  async settle(): Promise<void> {
    while (this.#pending.length > 0) await this.#takeIn();
  }

  /** Mean of the steps taken in since the last `closeWindow`; undefined where there are none. */
  get windowMean(): number | undefined {
    return this.#windowSteps > 0 ? this.#windowSum / this.#windowSteps : undefined;
  }

  /** Mean of the window, or of the one before while it is empty: what a display shows. */
  get recentMean(): number | undefined {
    return this.windowMean ?? this.#lastMean;
  }

  /** Mean of all steps taken in; 0 where there are none. */
  get mean(): number {
    return this.#steps > 0 ? this.#sum / this.#steps : 0;
  }

  /** The sums of all that was taken in: `settle` first. */
  exportSums(): LossSums {
    const [sum, steps, windowSum, windowSteps] = [this.#sum, this.#steps, this.#windowSum, this.#windowSteps];
    return { sum, steps, windowSum, windowSteps };
  }

  importSums({ sum, steps, windowSum, windowSteps }: LossSums): void {
    this.#sum = sum;
    this.#steps = steps;
    this.#windowSum = windowSum;
    this.#windowSteps = windowSteps;
  }

  closeWindow(): void {
    this.#lastMean = this.windowMean;
    this.#windowSum = 0;
    this.#windowSteps = 0;
  }

  async #takeIn(): Promise<void> {
    const [first] = this.#pending.splice(0, 1);
    const loss = await first.loss;
    if (!Number.isFinite(loss)) throw new DeviceError(`the loss of step ${first.step} is ${loss}`);
    this.#sum += loss;
    this.#windowSum += loss;
    this.#steps++;
    this.#windowSteps++;
  }
}

async function meanOf(losses: PendingLosses): Promise<number> {
  const values = await Promise.all(losses.map(({ loss }) => loss));
  return values.reduce((sum, value, i) => sum + value * losses[i].weight, 0);
}

/** A batch's loss, a scalar on the device, and its weight in the step's. */
export interface WeightedLoss {
  readonly loss: Tensor;
  readonly weight: number;
}

/** The loss of a step of these batches, a scalar on the device. */
export function weightedSum(losses: readonly WeightedLoss[]): Tensor {
  return noGrad(() =>
    tidy(() => losses.map(({ loss, weight }) => mul(loss.detach(), weight)).reduce((sum, part) => add(sum, part))),
  );
}

/**
 * Asks for a step's losses, once its gradients are gone: reading tells the garbage collector how much memory is in use,
 * and what is at its height within a step would have it look every other step.
 */
export function readLosses(losses: readonly WeightedLoss[]): PendingLosses {
  return losses.map(({ loss, weight }) => {
    const read = loss.item();
    read.catch(() => undefined); // whoever settles the step hears of it
    return { loss: read, weight };
  });
}
