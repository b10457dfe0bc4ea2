// What a search may be told, and what of it is wrong.
import { threadCount } from "../backends/native/threads.js";
import { ConfigError, nearest } from "../support/errors.js";
import { completePruner, type Direction, type PrunerChoice } from "./prune.js";
import type { Declaration } from "./record.js";
import { SAMPLERS, type Sampler } from "./sample.js";
import { checkSpace, defaultHpSpace, type Params, type Space, wrongWithParams } from "./space.js";
import type { ComputeObjective, TrainerInit } from "./trial.js";

export interface SearchOptions<S extends Space = typeof defaultHpSpace> {
  /** Makes the Trainer of a trial. It passes on `trial.args`, and takes a fresh model: `{ ...arguments, ...trial.args }`. */
  readonly trainerInit: TrainerInit<S>;
  /** The search's folder: search.json, and a run's folder for each trial. A search that is there already goes on. */
  readonly outputDir: string;
  /** Domains by the names of training arguments, or of what else `trainerInit` reads from `trial.params`. Default: Python's. */
  readonly hpSpace?: S;
  /**
   * What trials are made from beside their arguments, such as the names of model and data, as text. A search that was begun with
   * others is refused, since its trials could not be compared. Default: nothing is said.
   */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Values that the first trials have, before any is drawn: what is known to be good, or the defaults to beat. */
  readonly enqueue?: readonly Params<S>[];
  /** Trials altogether. Default 20; with a grid all of it. */
  readonly nTrials?: number;
  /** Default "random". */
  readonly sampler?: Sampler;
  /** By which rule trials end early: "none", "asha", "median", or one with its numbers. Default "none". */
  readonly pruner?: PrunerChoice;
  /** Default: greater is better where the Trainer's arguments say so (metricForBestModel, greaterIsBetter). */
  readonly direction?: Direction;
  /** What is minimized or maximized. Default: the figure that tells the best model, `eval_loss` or metricForBestModel's. */
  readonly computeObjective?: ComputeObjective;
  /** Names a trial's folder and run. Default `run-<number>`. */
  readonly hpName?: (trial: { readonly number: number; readonly params: Params<S> }) => string;
  /** Trials at the same time. Default 1. */
  readonly parallelTrials?: number;
  /** Threads that all trials together compute with. Default: what the machine allows. */
  readonly cores?: number;
  /** Of the values that are drawn. Default 42. */
  readonly seed?: number;
  /** What stays of trials that are not the best: "all", or with "best" logs and results without weights. Default "all". */
  readonly keep?: "all" | "best";
  /** Runs failed trials of an earlier call again. Default false. */
  readonly retryFailed?: boolean;
  /** Runs trials one after another in this process, as a notebook needs it. Default false. */
  readonly inProcess?: boolean;
  /** Ends the search; its next call goes on. Without it Ctrl-C does so. */
  readonly signal?: AbortSignal;
}

/** Options of a search over any space, for whoever does not look into its values. */
export type AnySearchOptions = Omit<SearchOptions<Space>, "trainerInit" | "hpName"> & {
  readonly trainerInit: unknown;
  readonly hpName?: unknown;
};

/** What the options declare. @throws ConfigError for a bad space or pruner, and for enqueued values outside the space */
export function declare({
  hpSpace = defaultHpSpace,
  inputs,
  enqueue = [],
  sampler = "random",
  pruner = "none",
  seed = 42,
}: AnySearchOptions): Declaration {
  checkSpace(hpSpace);
  for (const [i, params] of enqueue.entries()) {
    const wrong = wrongWithParams(hpSpace, params);
    if (wrong !== undefined) throw new ConfigError(`hyperparameterSearch: enqueue[${i}]: ${wrong}`);
  }
  return { space: hpSpace, inputs, sampler, pruner: completePruner(pruner) ?? null, seed };
}

/** @throws ConfigError naming the option, the value and what it may be */
export function checkOptions(options: AnySearchOptions): void {
  const { trainerInit, outputDir, sampler = "random", direction, seed = 42, keep = "all", inProcess } = options;
  const { nTrials, parallelTrials = 1, cores } = options;
  const wrong = (what: string) => new ConfigError(`hyperparameterSearch: ${what}`);
  if (typeof trainerInit !== "function")
    throw wrong("trainerInit must be a function that makes the Trainer of a trial");
  if (typeof outputDir !== "string" || outputDir === "") throw wrong("outputDir must name the search's folder");
  const { inputs = {} } = options;
  const odd = Object.entries(inputs).find(([, value]) => typeof value !== "string");
  if (odd) throw wrong(`inputs.${odd[0]} must be a text, not ${JSON.stringify(odd[1])}`);
  const words: readonly (readonly [string, unknown, readonly string[]])[] = [
    ["sampler", sampler, SAMPLERS],
    ["direction", direction ?? "minimize", ["minimize", "maximize"]],
    ["keep", keep, ["all", "best"]],
  ];
  for (const [name, value, known] of words) {
    if (known.includes(String(value))) continue;
    const near = nearest(String(value), known);
    throw wrong(
      `${name} must be one of ${known.join(", ")}, not ${JSON.stringify(value)}${near ? `; did you mean ${near}?` : ""}`,
    );
  }
  for (const [name, value] of Object.entries({ nTrials, parallelTrials, cores })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) {
      throw wrong(`${name} must be a whole number of at least 1, not ${JSON.stringify(value)}`);
    }
  }
  if (!(Number.isSafeInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw wrong(`seed must be a whole number from 0 to 2^32 - 1, not ${JSON.stringify(seed)}`);
  }
  if (inProcess && parallelTrials > 1)
    throw wrong("trials in this process run one after another: leave out parallelTrials");
  if (options.computeObjective && direction === undefined) {
    throw wrong('computeObjective needs a direction: "minimize" or "maximize"');
  }
}

/** Threads for each of the trials that run at the same time. @throws ConfigError where there is less than one */
export function threadsPerTrial({ parallelTrials = 1, cores = threadCount() }: AnySearchOptions): number {
  if (parallelTrials <= cores) return Math.floor(cores / parallelTrials);
  throw new ConfigError(
    `hyperparameterSearch: ${parallelTrials} trials at the same time need a core each, and there are ${cores}`,
  );
}
