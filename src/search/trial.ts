// One trial of a search: a Trainer made for it, trained, and heard at each evaluation. It runs in a process of its own
// (process-host.ts) or in that of the search.
import { AttuneError, ConfigError } from "../support/errors.js";
import type { TrainingArguments, TrainingOptions } from "../trainer/arguments.js";
import { noSuchMetric } from "../trainer/best.js";
import { snakeCase } from "../trainer/fields.js";
import type { CallbackContext, EvaluateContext, LogRow, Trainer, TrainerCallback } from "../trainer/index.js";
import type { Direction } from "./prune.js";
import type { Objective, Report } from "./record.js";
import { argumentsAmong, type Params, type Space, type Value } from "./space.js";

/** What a trial's Trainer is made from. */
export interface Trial<S extends Space = Space> {
  /** From 0. */
  readonly number: number;
  /** Of its folder and its run. */
  readonly name: string;
  /** The values that the search chose, by the names of the space. */
  readonly params: Params<S>;
  /** To be passed on to the Trainer: the folder, the name, and those of the values that are training arguments. */
  readonly args: TrainingOptions;
}

/** Makes the Trainer of a trial, with a model of its own. */
export type TrainerInit<S extends Space = Space> = (trial: Trial<S>) => Trainer | Promise<Trainer>;

/** An evaluation's figures as one number. */
export type ComputeObjective = (metrics: LogRow) => number;

/** What a trial is before its first step. */
export interface TrialStart {
  readonly objective: Objective;
  /** Arguments that do not come from the search. */
  readonly fixed: Readonly<Record<string, unknown>>;
  /** Evaluations so far, where it goes on. */
  readonly reports: readonly Report[];
}

/** How a trial ended. */
export type TrialEnd =
  /** `step`: of the model in its folder; not the last with loadBestModelAtEnd. */
  | { readonly outcome: "complete"; readonly step: number }
  | { readonly outcome: "pruned" }
  | { readonly outcome: "interrupted" }
  /** `trained`: it had begun to train. */
  | { readonly outcome: "failed"; readonly error: string; readonly trained: boolean };

/** Whoever runs the search, as a trial sees it. */
export interface TrialEvents {
  /** Awaited before the first step. @throws where the trial does not belong to the search */
  readonly begun: (start: TrialStart) => Promise<void>;
  /** An evaluation. @returns whether the trial ends here */
  readonly reported: (report: Report) => Promise<boolean>;
}

export interface TrialTask<S extends Space = Space> {
  readonly trial: Trial<S>;
  readonly trainerInit: TrainerInit<S>;
  readonly computeObjective: ComputeObjective | undefined;
  readonly direction: Direction | undefined;
  /** Trials may be ended early. */
  readonly prunes: boolean;
  readonly events: TrialEvents;
  /** Ends the trial after its step, with a checkpoint. */
  readonly signal: AbortSignal;
}

/** Trains a trial, from its newest checkpoint on if it has one. Errors become its end. */
export async function runTrial<S extends Space>(task: TrialTask<S>): Promise<TrialEnd> {
  const { trial, events, signal } = task;
  let watch: Watch | undefined;
  try {
    if (signal.aborted) return { outcome: "interrupted" };
    const trainer = await task.trainerInit(trial);
    checkTrainer(trainer, task as unknown as TrialTask);
    watch = new Watch(task as unknown as TrialTask, trainer.args);
    trainer.addCallback(watch);
    const { interrupted } = await trainer.train({ resumeFromCheckpoint: "auto", signal });
    if (interrupted !== undefined) return { outcome: "interrupted" };
    if (watch.pruned) return { outcome: "pruned" };
    if (watch.evaluations === 0) {
      const { globalStep: step, epoch } = trainer.state;
      await events.reported({ step, epoch, value: watch.valueOf(await trainer.evaluate()) });
    }
    const { globalStep, bestGlobalStep = globalStep } = trainer.state;
    return { outcome: "complete", step: trainer.args.loadBestModelAtEnd ? bestGlobalStep : globalStep };
  } catch (error) {
    return { outcome: "failed", error: describe(error), trained: watch?.trained ?? false };
  }
}

/** An error of Attune's in its own words, another with its kind. */
export function describe(error: unknown): string {
  if (error instanceof AttuneError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** @throws ConfigError where the Trainer is not the trial's */
function checkTrainer(trainer: Trainer, { trial, computeObjective, direction, prunes }: TrialTask): void {
  const { args } = trainer;
  const record = args as unknown as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(trial.args)) {
    if (record[name] === value) continue;
    throw new ConfigError(
      `trainerInit made a Trainer whose ${name} is ${JSON.stringify(record[name])}, where the trial has ` +
        `${JSON.stringify(value)}: pass trial.args on, after all others: { ...arguments, ...trial.args }`,
    );
  }
  if (args.saveStrategy === "no") {
    throw new ConfigError('a search keeps its trials as runs, which saveStrategy "no" leaves no trace of; set another');
  }
  if (args.pushToHub)
    throw new ConfigError("a search does not publish its trials: leave pushToHub out, and push the best");
  if (prunes && args.evalStrategy === "no") {
    throw new ConfigError('trials are ended early by their evaluations: set evalStrategy to "epoch" or "steps"');
  }
  if (computeObjective && direction === undefined) {
    throw new ConfigError('computeObjective needs a direction: "minimize" or "maximize"');
  }
}

/** What may differ between a search and its continuation. */
const FREE = /^(outputDir|runName|resumeFromCheckpoint|disableTqdm|reportTo|logging\w*|save\w*|hub\w*|pushToHub)$/;

/** A Trainer's callback that tells the search of evaluations, and ends training where the search says so. */
class Watch implements TrainerCallback {
  readonly #task: TrialTask;
  readonly #args: TrainingArguments;
  evaluations = 0;
  pruned = false;
  trained = false;

  constructor(task: TrialTask, args: TrainingArguments) {
    this.#task = task;
    this.#args = args;
  }

  async onTrainBegin({ state }: CallbackContext): Promise<void> {
    const { trial, events } = this.#task;
    state.trial = { name: trial.name, params: spelledAsPython(trial.params) };
    const reports = state.logHistory.flatMap((row) => (isEvaluation(row) && row.step > 0 ? [this.#report(row)] : []));
    this.evaluations = reports.length;
    await events.begun({ objective: this.#objective(), fixed: this.#fixed(), reports });
  }

  onStepEnd(): void {
    this.trained = true;
  }

  async onEvaluate({ state, control, metrics, optimizer }: EvaluateContext): Promise<void> {
    const { globalStep: step, epoch, maxSteps } = state;
    if (!optimizer || step === 0) return; // after training, or before: of the pretrained model
    this.evaluations++;
    const ends = await this.#task.events.reported({ step, epoch, value: this.valueOf(metrics) });
    if (!ends || step >= maxSteps) return;
    this.pruned = true;
    control.shouldTrainingStop = true;
  }

  /** The objective of an evaluation. */
  valueOf(metrics: LogRow): number {
    const { computeObjective } = this.#task;
    if (!computeObjective) {
      const value = metrics[this.#args.bestMetricKey];
      if (value === undefined) throw noSuchMetric(this.#args.bestMetricKey, Object.keys(metrics));
      return value;
    }
    const value: unknown = computeObjective(metrics);
    if (typeof value !== "number") {
      throw new ConfigError(`computeObjective must give a number, not ${JSON.stringify(value) ?? String(value)}`);
    }
    return value;
  }

  #report(row: LogRow): Report {
    return { step: row.step, epoch: row.epoch, value: this.valueOf(row) };
  }

  #objective(): Objective {
    const { computeObjective, direction } = this.#task;
    const own = this.#args.bestIsGreatest ? "maximize" : "minimize";
    return { name: computeObjective ? "computeObjective" : this.#args.bestMetricKey, direction: direction ?? own };
  }

  #fixed(): Record<string, unknown> {
    const { params } = this.#task.trial;
    return Object.fromEntries(
      Object.entries(this.#args.toRecord()).filter(([name]) => !FREE.test(name) && !Object.hasOwn(params, name)),
    );
  }
}

function isEvaluation(row: LogRow): boolean {
  return Object.keys(row).some((key) => key.startsWith("eval_"));
}

function spelledAsPython(params: Params): Record<string, Value> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [snakeCase(name), value]));
}

/** The trial of a record, with its arguments. */
export function trialOf<S extends Space>(
  { number, name, params }: { readonly number: number; readonly name: string; readonly params: Params },
  places: { readonly outputDir: string; readonly runName: string },
): Trial<S> {
  const args = { ...argumentsAmong(params), ...places } as TrainingOptions;
  return { number, name, params: params as Params<S>, args };
}
