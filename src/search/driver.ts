// Takes a search from trial to trial: as many at once as it may, each to its end or to where it falls behind, everything
// written down as it happens.
import { join } from "node:path";
import { AttuneError, ConfigError } from "../support/errors.js";
import { info } from "../support/log.js";
import { Progress } from "../support/progress.js";
import { showNumber } from "../trainer/fields.js";
import type { RunningTrial, TrialHost } from "./host.js";
import { shouldPrune } from "./prune.js";
import { bestTrial, hasEnded, type Report, type SearchRecord, type TrialRecord, writeSearch } from "./record.js";
import { isArgument } from "./space.js";
import type { TrialEnd, TrialStart } from "./trial.js";

export interface DriveOptions {
  readonly folder: string;
  readonly host: TrialHost;
  /** Trials at the same time. */
  readonly parallel: number;
  /** Ends the search: trials save, and can go on. */
  readonly signal: AbortSignal;
  /** Called when a trial has ended and is written down. */
  readonly onEnd?: (trial: TrialRecord) => Promise<void>;
}

/** Runs all trials that have not ended. @throws ConfigError, AttuneError where going on makes no sense */
export async function drive(record: SearchRecord, options: DriveOptions): Promise<void> {
  const driver = new Driver(record, options);
  await driver.run();
}

class Driver {
  readonly #record: SearchRecord;
  readonly #options: DriveOptions;
  readonly #running = new Map<TrialRecord, RunningTrial>();
  /** Why the search ends before its trials do. */
  #failure: Error | undefined;
  #writing: Promise<void> = Promise.resolve();
  #display: Progress | undefined;

  constructor(record: SearchRecord, options: DriveOptions) {
    this.#record = record;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal, parallel } = this.#options;
    const { nTrials, trials } = this.#record;
    const left = trials.filter((trial) => trial.number < nTrials && !hasEnded(trial));
    left.sort((a, b) => Number(a.state === "waiting") - Number(b.state === "waiting") || a.number - b.number);
    const stop = () => {
      for (const trial of this.#running.values()) trial.stop();
    };
    signal.addEventListener("abort", stop);
    using display = new Progress({
      description: "search",
      total: nTrials,
      initial: nTrials - left.length,
      unit: "trials",
    });
    this.#display = display;
    const active = new Set<Promise<void>>();
    try {
      while (active.size > 0 || (left.length > 0 && this.#goesOn)) {
        while (active.size < parallel && left.length > 0 && this.#goesOn) {
          const next = left.shift() as TrialRecord;
          const ending: Promise<void> = this.#runTrial(next).finally(() => active.delete(ending));
          active.add(ending);
        }
        await Promise.race(active);
      }
      await this.#save();
    } catch (error) {
      this.#failure ??= error as Error; // the record cannot be written, for instance
      stop();
      await Promise.allSettled(active);
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if (this.#failure) throw this.#failure;
  }

  get #goesOn(): boolean {
    return this.#failure === undefined && !this.#options.signal.aborted;
  }

  async #runTrial(trial: TrialRecord): Promise<void> {
    const before = performance.now();
    const earlier = trial.seconds;
    trial.state = "running";
    delete trial.error;
    const running = this.#options.host.start(trial, {
      begun: (start) => this.#begin(trial, start),
      reported: (report) => this.#report(trial, report),
    });
    trial.process = running.process;
    this.#running.set(trial, running);
    this.#show();
    await this.#save();
    const end = await running.ended;
    this.#running.delete(trial);
    delete trial.process;
    trial.seconds = Math.round(1000 * earlier + performance.now() - before) / 1000;
    this.#settle(trial, end);
    await this.#save();
    if (hasEnded(trial)) {
      this.#tell(trial);
      this.#display?.advance();
      await this.#options.onEnd?.(trial);
    }
    this.#show();
  }

  async #begin(trial: TrialRecord, { objective, fixed, reports }: TrialStart): Promise<void> {
    const record = this.#record;
    try {
      record.objective ??= objective;
      if (Object.keys(record.space).every(isArgument)) record.fixed ??= fixed; // else trials may derive arguments of their own
      checkSame(
        { objective: record.objective, ...record.fixed },
        { objective, ...(record.fixed && fixed) },
        trial.name,
      );
    } catch (error) {
      this.#fail(error as Error);
      throw error;
    }
    trial.reports = [...reports];
    await this.#save();
  }

  async #report(trial: TrialRecord, report: Report): Promise<boolean> {
    trial.reports = [...trial.reports.filter(({ step }) => step < report.step), report];
    await this.#save();
    this.#show();
    const { pruner, objective, trials } = this.#record;
    if (!pruner || !objective) return false;
    const values = ({ reports }: TrialRecord) => reports.map(({ value }) => value);
    const others = trials
      .filter((other) => other !== trial && other.state !== "failed")
      .map((other) => ({ values: values(other), complete: other.state === "complete" }));
    return shouldPrune(pruner, values(trial), others, objective.direction);
  }

  /** Writes down how a trial ended. */
  #settle(trial: TrialRecord, end: TrialEnd): void {
    if (end.outcome === "failed") {
      if (this.#failure === undefined && !end.trained && !this.#hasTrained()) {
        this.#fail(new AttuneError(`${trial.name} failed before its first step, as every trial would: ${end.error}`));
      }
      if (this.#failure) {
        trial.state = trial.reports.length > 0 ? "interrupted" : "waiting"; // its failure is the search's
        return;
      }
      trial.state = "failed";
      trial.error = end.error;
      return;
    }
    trial.state = end.outcome;
    if (end.outcome === "interrupted") return;
    const step = end.outcome === "complete" ? end.step : undefined;
    trial.objective = (trial.reports.find((report) => report.step === step) ?? trial.reports.at(-1))?.value;
  }

  /** Whether any trial came to train. */
  #hasTrained(): boolean {
    return this.#record.trials.some(
      ({ reports, state }) => reports.length > 0 || state === "complete" || state === "failed",
    );
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const trial of this.#running.values()) trial.stop();
  }

  /** Writes the record; writes follow each other, and none is older than the call. */
  #save(): Promise<void> {
    const write = () => writeSearch(this.#options.folder, this.#record);
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }

  #show(): void {
    const best = bestTrial(this.#record);
    this.#display?.update(this.#display.completed, {
      running: this.#running.size,
      best: best?.objective,
    });
  }

  #tell(trial: TrialRecord): void {
    const { objective } = this.#record;
    const values = Object.entries(trial.params).map(([name, value]) => `${name} ${showValue(value)}`);
    const log = join(this.#options.folder, trial.name);
    const reached = trial.objective === undefined ? "" : `${objective?.name} ${showNumber(trial.objective)}`;
    const how =
      trial.state === "failed"
        ? `failed: ${trial.error} (${log})`
        : trial.state === "pruned"
          ? `ended early at evaluation ${trial.reports.length}: ${reached}`
          : reached;
    info(`${trial.name}  ${how}  (${values.join(", ")})`);
  }
}

export function showValue(value: string | number | boolean): string {
  return typeof value === "number" ? showNumber(value) : String(value);
}

/** @throws ConfigError where a trial has other arguments than those before it */
function checkSame(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
  name: string,
): void {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const differing = names.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  if (differing.length === 0) return;
  const shown = differing
    .slice(0, 3)
    .map(
      (key) =>
        `${key} was ${JSON.stringify(before[key]) ?? "not set"}, and is ${JSON.stringify(now[key]) ?? "not set"}`,
    );
  throw new ConfigError(
    `${name} is not to be compared with the trials before it: ${shown.join("; ")}. Go on with the same arguments, or search in another outputDir`,
  );
}
