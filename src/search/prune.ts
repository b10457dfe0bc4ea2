// When a trial ends early: by what it reached at an evaluation, beside what others reached at the same one. The rules are
// Optuna's (SuccessiveHalvingPruner, MedianPruner). Evaluations are counted from 1.
import { ConfigError, nearest } from "../support/errors.js";

export type Direction = "minimize" | "maximize";

/**
 * Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020), in the form
 * without pauses: at evaluations minResource, minResource·reductionFactor, minResource·reductionFactor², ... a trial goes on
 * if it is among the best 1/reductionFactor of those that came there before it and itself.
 */
export interface AshaPruner {
  readonly type: "asha";
  /** The first evaluation that decides. Default 1. */
  readonly minResource?: number;
  /** Default 3. */
  readonly reductionFactor?: number;
}

/** A trial ends where the best that it reached is worse than the median of what complete trials had at the same evaluation. */
export interface MedianPruner {
  readonly type: "median";
  /** Complete trials before which none ends early. Default 5. */
  readonly startupTrials?: number;
  /** Evaluations of a trial before which it does not end early. Default 0. */
  readonly warmup?: number;
}

export type Pruner = AshaPruner | MedianPruner;
export const PRUNERS = ["none", "asha", "median"] as const;

/** What may be said of pruning: a rule by its name, or with its numbers. */
export type PrunerChoice = Pruner | (typeof PRUNERS)[number];

const DEFAULTS = {
  asha: { minResource: 1, reductionFactor: 3 },
  median: { startupTrials: 5, warmup: 0 },
} as const;
const LEAST: Readonly<Record<string, number>> = { minResource: 1, reductionFactor: 2, startupTrials: 0, warmup: 0 };

/** The rule with all its numbers; undefined for none. @throws ConfigError for a name or number that is none */
export function completePruner(choice: PrunerChoice): Required<Pruner> | undefined {
  const given: Readonly<Record<string, unknown>> = typeof choice === "string" ? { type: choice } : { ...choice };
  const { type, ...numbers } = given;
  if (type === "none") return undefined;
  if (type !== "asha" && type !== "median") {
    const near = typeof type === "string" ? nearest(type, PRUNERS) : undefined;
    throw new ConfigError(
      `"${String(type)}" is no rule to end trials by: ${PRUNERS.join(", ")} are${near ? `; did you mean ${near}?` : ""}`,
    );
  }
  for (const [name, value] of Object.entries(numbers)) {
    if (!Object.hasOwn(DEFAULTS[type], name)) {
      throw new ConfigError(`the pruner ${type} has no "${name}", but ${Object.keys(DEFAULTS[type]).join(", ")}`);
    }
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= LEAST[name])) {
      throw new ConfigError(
        `the pruner's ${name} must be a whole number of at least ${LEAST[name]}, not ${JSON.stringify(value)}`,
      );
    }
  }
  const said = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined));
  return { type, ...DEFAULTS[type], ...said } as Required<Pruner>;
}

/** What a rule looks at: a trial's values at its evaluations so far. */
export interface PrunedTrial {
  readonly values: readonly number[];
  /** It came to its end. */
  readonly complete: boolean;
}

/** Whether a trial ends at the evaluation that it has just reported, given the others of its search. */
export function shouldPrune(
  pruner: Required<Pruner>,
  values: readonly number[],
  others: readonly PrunedTrial[],
  direction: Direction,
): boolean {
  if (values.length === 0) return false;
  return pruner.type === "asha"
    ? fallsBehind(pruner, values, others, direction)
    : isBelowMedian(pruner, values, others, direction);
}

function fallsBehind(
  { minResource, reductionFactor }: Required<AshaPruner>,
  values: readonly number[],
  others: readonly PrunedTrial[],
  direction: Direction,
): boolean {
  if (!isRung(values.length, minResource, reductionFactor)) return false;
  const rung = values.length - 1;
  const value = values[rung];
  if (Number.isNaN(value)) return true;
  const competing = others.flatMap((other) => (other.values.length > rung ? [other.values[rung]] : []));
  const rivals = [...competing.filter((other) => !Number.isNaN(other)), value].sort((a, b) => a - b);
  // Fewer than reductionFactor of them: the best goes on.
  const kept = Math.max(1, Math.floor(rivals.length / reductionFactor));
  return direction === "maximize" ? value < rivals[rivals.length - kept] : value > rivals[kept - 1];
}

function isRung(evaluation: number, minResource: number, reductionFactor: number): boolean {
  let rung = minResource;
  while (rung < evaluation) rung *= reductionFactor;
  return rung === evaluation;
}

function isBelowMedian(
  { startupTrials, warmup }: Required<MedianPruner>,
  values: readonly number[],
  others: readonly PrunedTrial[],
  direction: Direction,
): boolean {
  const complete = others.filter((other) => other.complete);
  const at = values.length;
  if (complete.length === 0 || complete.length < startupTrials || at < warmup) return false;
  const own = values.filter((value) => !Number.isNaN(value));
  if (own.length === 0) return true;
  const best = direction === "maximize" ? Math.max(...own) : Math.min(...own);
  const there = complete
    .map((other) => other.values[at - 1])
    .filter((value) => value !== undefined && !Number.isNaN(value));
  if (there.length === 0) return false;
  const middle = median(there);
  return direction === "maximize" ? best < middle : best > middle;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
