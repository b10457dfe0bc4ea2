// A learning rate that is a function of the step: each group's initial rate times a factor.
import { ConfigError } from "../support/errors.js";

/** What a schedule needs of an optimizer: groups whose rate it may set. */
export interface ScheduledOptimizer {
  readonly paramGroups: readonly ScheduledGroup[];
}

/** A group of parameters with a learning rate of its own. */
export interface ScheduledGroup {
  lr: number;
  /** The rate that schedules scale; the first schedule of an optimizer sets it to `lr`. */
  initialLr?: number;
}

/** A schedule's state, with the keys of torch's `LambdaLR.state_dict()`. */
export interface ScheduleState {
  base_lrs: number[];
  last_epoch: number;
  _step_count: number;
  _last_lr: number[];
}

/**
 * Sets every group's learning rate to its initial rate times `factor(step)`, as torch's LambdaLR does: for step 0 when
 * it is made, for the next one at each `step()`, which comes after the optimizer's.
 */
export class LambdaLR {
  readonly #optimizer: ScheduledOptimizer;
  readonly #factor: (step: number) => number;
  #baseRates: number[];
  #step = 0;

  /** @throws ConfigError where the factor of a step is not a finite number, here or in `step()` */
  constructor(optimizer: ScheduledOptimizer, factor: (step: number) => number) {
    this.#optimizer = optimizer;
    this.#factor = factor;
    this.#baseRates = optimizer.paramGroups.map((group) => {
      group.initialLr ??= group.lr;
      return group.initialLr;
    });
    this.#apply();
  }

  /** Goes to the next step and sets its rates. */
  step(): void {
    this.#step++;
    this.#apply();
  }

  /** The rates now set, one a group. */
  getLastLr(): number[] {
    return this.#optimizer.paramGroups.map((group) => group.lr);
  }

  /** How often `step()` was called. */
  get lastStep(): number {
    return this.#step;
  }

  stateDict(): ScheduleState {
    return {
      base_lrs: [...this.#baseRates],
      last_epoch: this.#step,
      _step_count: this.#step + 1, // torch counts the step that its constructor makes
      _last_lr: this.getLastLr(),
    };
  }

  /**
   * Goes on where a saved schedule stood, and sets the rates it had set. The function itself is not part of the state.
   *
   * @throws ConfigError where the state is of another number of groups, or not a schedule's
   */
  loadStateDict(state: ScheduleState): void {
    const groups = this.#optimizer.paramGroups;
    const { base_lrs: baseRates, last_epoch: step, _last_lr: rates } = state;
    if (!isRates(baseRates) || !isRates(rates) || !Number.isSafeInteger(step) || step < 0) {
      throw new ConfigError(
        `Not a schedule's state: base_lrs ${JSON.stringify(baseRates)}, last_epoch ${step}, _last_lr ${JSON.stringify(rates)}`,
      );
    }
    if (baseRates.length !== groups.length || rates.length !== groups.length) {
      throw new ConfigError(
        `The schedule's state is of ${baseRates.length} parameter groups, and the optimizer has ${groups.length}; make the groups as they were when it was saved`,
      );
    }
    this.#step = step;
    this.#baseRates = [...baseRates];
    for (const [i, group] of groups.entries()) {
      group.initialLr = baseRates[i];
      group.lr = rates[i];
    }
  }

  #apply(): void {
    const factor = this.#factor(this.#step);
    if (!Number.isFinite(factor)) {
      throw new ConfigError(`The schedule's factor for step ${this.#step} is ${factor}, not a finite number`);
    }
    for (const [i, group] of this.#optimizer.paramGroups.entries()) group.lr = this.#baseRates[i] * factor;
  }
}

function isRates(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(Number.isFinite);
}
