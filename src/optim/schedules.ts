// The learning-rate schedules of transformers (optimization.py), by name. Each is a factor of the step that multiplies
// the optimizer's rate; the order of operations is transformers' too, so that the rates have its bits.
import { ConfigError, nearest } from "../support/errors.js";
import { warnOnce } from "../support/log.js";
import { LambdaLR, type ScheduledOptimizer } from "./lambda-lr.js";

/** Steps are calls of `schedule.step()`: optimizer steps, not batches, where gradients are accumulated. */
export interface StepOptions {
  /** Steps over which the rate rises linearly from 0. */
  numWarmupSteps: number;
  /** Steps in all. */
  numTrainingSteps: number;
}

/** For schedules that do without the number of steps in all; it may be given, as a Trainer does. */
export interface WarmupOptions {
  /** Steps over which the rate rises linearly from 0. */
  numWarmupSteps: number;
  numTrainingSteps?: number;
}

export interface CosineOptions extends StepOptions {
  /** Waves of the cosine; 0.5, the default, falls from the full rate to the lowest once. */
  numCycles?: number;
}

export interface CosineWithMinLrOptions extends CosineOptions {
  /** The lowest rate. Give this or `minLrRate`. */
  minLr?: number;
  /** The lowest rate as a share of the optimizer's. */
  minLrRate?: number;
}

export interface CosineWithRestartsOptions extends StepOptions {
  /** How often the cosine starts from the full rate. Default 1. */
  numCycles?: number;
}

export interface PolynomialOptions extends StepOptions {
  /** The rate at the end. Default 1e-7. */
  lrEnd?: number;
  /** Default 1: linear. */
  power?: number;
}

export interface InverseSqrtOptions extends WarmupOptions {
  /** Steps after which the rate falls as 1/sqrt(step / timescale). Default numWarmupSteps, or 10,000 without warmup. */
  timescale?: number;
}

type Curve = "linear" | "cosine" | "1-sqrt";

export interface WarmupStableDecayOptions extends WarmupOptions {
  /** Steps of the fall at the end. */
  numDecaySteps: number;
  /** Steps at the full rate. Default: what numTrainingSteps leaves; one of the two is needed. */
  numStableSteps?: number;
  /** Default linear. */
  warmupType?: Curve;
  /** Default cosine. */
  decayType?: Curve;
  /** The lowest rate as a share of the optimizer's. Default 0. */
  minLrRatio?: number;
  /** Waves of a cosine decay. Default 0.5. */
  numCycles?: number;
}

/** The options of each schedule. */
export interface ScheduleOptions {
  linear: StepOptions;
  cosine: CosineOptions;
  cosine_with_restarts: CosineWithRestartsOptions;
  polynomial: PolynomialOptions;
  constant: Partial<StepOptions>;
  constant_with_warmup: WarmupOptions;
  inverse_sqrt: InverseSqrtOptions;
  cosine_with_min_lr: CosineWithMinLrOptions;
  warmup_stable_decay: WarmupStableDecayOptions;
}

/** The name of a schedule, as `lr_scheduler_type` spells it. */
export type SchedulerType = keyof ScheduleOptions;

type Factor = (step: number) => number;

interface Definition<Options> {
  /** Options beside the steps. */
  readonly extras: readonly Exclude<keyof Options, keyof StepOptions>[];
  /** Steps that must be given. */
  readonly needs: readonly (keyof StepOptions)[];
  /** `rate` is the optimizer's own learning rate. */
  readonly factor: (options: Options, rate: number) => Factor;
}

const STEPS = ["numWarmupSteps", "numTrainingSteps"] as const;

const SCHEDULES: { readonly [Name in SchedulerType]: Definition<ScheduleOptions[Name]> } = {
  constant: { extras: [], needs: [], factor: () => () => 1 },
  constant_with_warmup: {
    extras: [],
    needs: ["numWarmupSteps"],
    factor: ({ numWarmupSteps: warmup }) => withWarmup(warmup, () => 1),
  },
  linear: {
    extras: [],
    needs: STEPS,
    factor: ({ numWarmupSteps: warmup, numTrainingSteps: total }) =>
      withWarmup(warmup, (step) => Math.max(0, (total - step) / Math.max(1, total - warmup))),
  },
  cosine: {
    extras: ["numCycles"],
    needs: STEPS,
    factor: ({ numWarmupSteps: warmup, numTrainingSteps: total, numCycles = 0.5 }) =>
      withWarmup(warmup, (step) => Math.max(0, cosineWave(numCycles, progress(step, warmup, total)))),
  },
  cosine_with_restarts: {
    extras: ["numCycles"],
    needs: STEPS,
    factor: ({ numWarmupSteps: warmup, numTrainingSteps: total, numCycles = 1 }) =>
      withWarmup(warmup, (step) => {
        const done = progress(step, warmup, total);
        return done >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((numCycles * done) % 1))));
      }),
  },
  cosine_with_min_lr: {
    extras: ["numCycles", "minLr", "minLrRate"],
    needs: STEPS,
    factor: ({ numWarmupSteps: warmup, numTrainingSteps: total, numCycles = 0.5, minLr, minLrRate }, rate) => {
      if ((minLr === undefined) === (minLrRate === undefined)) {
        throw new ConfigError("Schedule cosine_with_min_lr needs minLr or minLrRate, one of the two");
      }
      const lowest = minLrRate ?? (minLr ?? 0) / rate;
      return withWarmup(warmup, (step) =>
        Math.max(0, cosineWave(numCycles, progress(step, warmup, total)) * (1 - lowest) + lowest),
      );
    },
  },
  polynomial: {
    extras: ["lrEnd", "power"],
    needs: STEPS,
    factor: ({ numWarmupSteps: warmup, numTrainingSteps: total, lrEnd = 1e-7, power = 1 }, rate) => {
      if (!(rate > lrEnd)) {
        throw new ConfigError(
          `Schedule polynomial: lrEnd ${lrEnd} must be below the optimizer's learning rate ${rate}`,
        );
      }
      return withWarmup(warmup, (step) => {
        if (step > total || total <= warmup) return lrEnd / rate;
        const remaining = 1 - (step - warmup) / (total - warmup);
        return ((rate - lrEnd) * remaining ** power + lrEnd) / rate;
      });
    },
  },
  inverse_sqrt: {
    extras: ["timescale"],
    needs: ["numWarmupSteps"],
    factor: ({ numWarmupSteps: warmup, timescale = warmup || 10_000 }) =>
      withWarmup(warmup, (step) => 1 / Math.sqrt((step + (timescale - warmup)) / timescale)),
  },
  warmup_stable_decay: {
    extras: ["numDecaySteps", "numStableSteps", "warmupType", "decayType", "minLrRatio", "numCycles"],
    needs: ["numWarmupSteps"],
    factor: warmupStableDecay,
  },
};

/**
 * A schedule by its name in transformers, bound to an optimizer; it sets the rate of step 0 at once. Where groups have
 * rates of their own, options that are rates (`lrEnd`, `minLr`) are those of the first group, and the others keep their
 * proportion to it.
 *
 * @throws ConfigError for an unknown name or option, a missing one, or a number of steps that is not whole or is negative
 */
export function getScheduler<Name extends SchedulerType>(
  name: Name,
  optimizer: ScheduledOptimizer,
  ...[options]: Name extends "constant" ? [options?: ScheduleOptions[Name]] : [options: ScheduleOptions[Name]]
): LambdaLR {
  if (!Object.hasOwn(SCHEDULES, name)) {
    const names = Object.keys(SCHEDULES);
    const suggestion = nearest(name, names);
    throw new ConfigError(
      `Unknown schedule ${name}; ${suggestion ? `did you mean ${suggestion}? ` : ""}Known are ${names.join(", ")}`,
    );
  }
  const given: Readonly<Record<string, unknown>> = { ...options };
  const { extras, needs, factor } = SCHEDULES[name] as Definition<unknown>;
  checkOptions(name, given, extras, needs);
  const [group] = optimizer.paramGroups;
  if (group === undefined) throw new ConfigError(`Schedule ${name}: the optimizer has no parameter groups`);
  return new LambdaLR(optimizer, factor(given, group.initialLr ?? group.lr));
}

/**
 * Checks a schedule's options beside the steps before anything else is known of the run.
 * @param rate The optimizer's learning rate.
 * @throws ConfigError as getScheduler
 */
export function checkSchedule(name: SchedulerType, rate: number, extras: Readonly<Record<string, unknown>> = {}): void {
  // As many steps as any run has, so that no share of them is too large; none where they are the sum of others.
  const numTrainingSteps = extras.numStableSteps === undefined ? Number.MAX_SAFE_INTEGER : undefined;
  const definition = SCHEDULES[name] as Definition<unknown>;
  const options = { numWarmupSteps: 0, numTrainingSteps, ...extras };
  checkOptions(name, options, definition.extras, numTrainingSteps === undefined ? [] : definition.needs);
  definition.factor(options, rate);
}

function checkOptions(
  name: string,
  given: Readonly<Record<string, unknown>>,
  extras: readonly string[],
  needs: readonly string[],
): void {
  const known = [...STEPS, ...extras];
  for (const [option, value] of Object.entries(given)) {
    if (!known.includes(option)) {
      const suggestion = nearest(option, known);
      throw new ConfigError(
        `Schedule ${name} has no option ${option}; ${suggestion ? `did you mean ${suggestion}? ` : ""}It takes ${known.join(", ")}`,
      );
    }
    const isSteps = /^num.*Steps$/.test(option);
    if (value !== undefined && isSteps && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
      throw new ConfigError(`Schedule ${name}: ${option} is ${String(value)}, and should be a whole number of steps`);
    }
  }
  const missing = needs.filter((option) => given[option] === undefined);
  if (missing.length > 0) throw new ConfigError(`Schedule ${name} needs ${missing.join(" and ")}`);
}

/** Rises linearly from 0 over the warmup, then follows `after`. */
function withWarmup(warmup: number, after: Factor): Factor {
  return (step) => (step < warmup ? step / Math.max(1, warmup) : after(step));
}

/** The share of the steps after the warmup that are done. */
function progress(step: number, warmup: number, total: number): number {
  return (step - warmup) / Math.max(1, total - warmup);
}

/** From 1 down to 0 and up again, `cycles` times. */
function cosineWave(cycles: number, done: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * done));
}

/** Up over the warmup, level, down over the decay; the lowest rate after that. */
function warmupStableDecay(options: WarmupStableDecayOptions): Factor {
  const { numWarmupSteps: warmup, numTrainingSteps: total, numDecaySteps: decay } = options;
  const { warmupType = "linear", decayType = "cosine", minLrRatio: lowest = 0, numCycles = 0.5 } = options;
  for (const [option, curve] of Object.entries({ warmupType, decayType })) {
    if (!["linear", "cosine", "1-sqrt"].includes(curve)) {
      throw new ConfigError(`Schedule warmup_stable_decay: ${option} is ${curve}; it may be linear, cosine or 1-sqrt`);
    }
  }
  const stable = stableSteps(options, total);
  const above = (factor: number) => Math.max(0, factor * (1 - lowest) + lowest);
  return (step) => {
    if (step < warmup) return above(rise(warmupType, step / Math.max(1, warmup)));
    if (step < warmup + stable) return 1;
    if (step < warmup + stable + decay) {
      return above(fall(decayType, (step - warmup - stable) / Math.max(1, decay), numCycles));
    }
    return lowest;
  };
}

function stableSteps(
  { numWarmupSteps, numDecaySteps, numStableSteps }: WarmupStableDecayOptions,
  total?: number,
): number {
  if (numDecaySteps === undefined) throw new ConfigError("Schedule warmup_stable_decay needs numDecaySteps");
  if (numStableSteps !== undefined) {
    if (total !== undefined && total !== numWarmupSteps + numStableSteps + numDecaySteps) {
      warnOnce(
        "warmup_stable_decay",
        `Schedule warmup_stable_decay: numStableSteps ${numStableSteps} holds, though with warmup and decay it does not make numTrainingSteps ${total}`,
      );
    }
    return numStableSteps;
  }
  if (total === undefined) {
    throw new ConfigError("Schedule warmup_stable_decay needs numTrainingSteps or numStableSteps");
  }
  const stable = total - numWarmupSteps - numDecaySteps;
  if (stable < 0) {
    throw new ConfigError(
      `Schedule warmup_stable_decay: ${numWarmupSteps} steps of warmup and ${numDecaySteps} of decay are more than the ${total} of training`,
    );
  }
  return stable;
}

function rise(curve: Curve, done: number): number {
  if (curve === "linear") return done;
  return curve === "cosine" ? 0.5 * (1 - Math.cos(Math.PI * done)) : 1 - Math.sqrt(1 - done);
}

function fall(curve: Curve, done: number, cycles: number): number {
  if (curve === "linear") return 1 - done;
  return curve === "cosine" ? cosineWave(cycles, done) : 1 - Math.sqrt(done);
}
