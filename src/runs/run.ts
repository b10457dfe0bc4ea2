// A run, read while it may still go on: what it was made with, what it has logged, how it stands.
import { basename } from "node:path";
import type { EvaluationDetails } from "../trainer/details/types.js";
import { manifestFile } from "../trainer/run-files.js";
import { type CheckpointInfo, readCheckpoints } from "./checkpoints.js";
import { type EvaluationInfo, listEvaluations, readEvaluation } from "./evaluations.js";
import { History } from "./history.js";
import { type Inside, NotThere, within } from "./inside.js";
import { type LogContent, numbersOf } from "./log-content.js";
import { LogReader } from "./log-reader.js";
import type { LogStore } from "./log-store.js";
import { type RunStatus, statusOf } from "./status.js";

/** The figure that says which of a run's evaluations is the best. */
export interface BestMetric {
  readonly key: string;
  /** Whether more of it is better. */
  readonly greater: boolean;
}

export interface RunSummary {
  /** Its folder as a path within the folder of runs, with slashes; "." for that folder itself. */
  readonly id: string;
  /** The name that it was given, else its folder's. */
  readonly name: string;
  readonly status: RunStatus;
  /** Why it failed. */
  readonly reason: string | undefined;
  /** Milliseconds since 1970: when it began, and when something was logged last. */
  readonly began: number | undefined;
  readonly updated: number | undefined;
  /** Of training, without the time between a stop and going on. */
  readonly seconds: number;
  readonly step: number;
  readonly maxSteps: number | undefined;
  readonly epoch: number | undefined;
  /** The last value of each figure. */
  readonly values: Readonly<Record<string, number>>;
  readonly best: (BestMetric & { readonly value: number; readonly step: number }) | undefined;
  /** Lines of the log that could not be read. */
  readonly damagedLines: number;
}

const STANDARD_METRIC: BestMetric = { key: "eval_loss", greater: false };

export class Run {
  readonly id: string;
  readonly #inside: Inside;
  readonly #log: LogReader;
  /** A first look at a long log, until it has been read. */
  #glance: LogContent | undefined;
  #fallback: History | undefined;
  #manifest: Record<string, unknown> | undefined;
  #manifestOf: number | undefined;

  /**
   * @param id The run's folder, as a path within `inside`. Call `refresh` before anything is asked.
   * @param store Keeps what was read of long logs.
   */
  constructor(inside: Inside, id: string, store?: LogStore) {
    this.id = id;
    this.#inside = inside;
    this.#log = new LogReader(inside, id, store);
  }

  /** Whether its history is rough: a first look at a long log that is still to be read. */
  get rough(): boolean {
    return this.#glance !== undefined;
  }

  /** What is known of it without reading a long log: what `refresh` reads is `rough` until then. @throws NotThere */
  async glance(): Promise<void> {
    this.#glance = await this.#log.glance().catch((error: Error) => {
      if (!(error instanceof NotThere)) throw error;
      return undefined; // no log of ours
    });
    if (this.#glance) await this.#readManifest();
    else await this.refresh();
  }

  /** Its log, as far as it is known. */
  get #known(): LogContent {
    return this.#glance ?? this.#log.content;
  }

  /** Reads what is new. @returns Whether something was. @throws NotThere where the run's folder is gone */
  async refresh(): Promise<boolean> {
    const had = this.#fallback;
    const changed = await this.#refreshLog();
    this.#glance = undefined;
    await this.#readManifest();
    return changed || (this.#fallback !== undefined && this.#fallback.length !== had?.length);
  }

  async #readManifest(): Promise<void> {
    const began = this.#known.start?.time;
    if (this.#manifest !== undefined && this.#manifestOf === began) return;
    this.#manifest = await this.#inside.readObject(within(this.id, manifestFile));
    this.#manifestOf = began;
  }

  async #refreshLog(): Promise<boolean> {
    try {
      const changed = await this.#log.refresh();
      this.#fallback = undefined;
      return changed;
    } catch (error) {
      if (!(error instanceof NotThere)) throw error;
    }
    const entries = await this.#inside.list(this.id);
    if (entries.length === 0) throw new NotThere(`the run ${this.id} is gone`);
    this.#fallback = await this.#historyOfState();
    return false;
  }

  /** What trainer_state.json holds, for runs without a log of ours. */
  async #historyOfState(): Promise<History> {
    const own = await this.#inside.readObject(within(this.id, "trainer_state.json"));
    const state = own ?? (await readCheckpoints(this.#inside, this.id)).state;
    const history = new History();
    const rows = Array.isArray(state?.log_history) ? (state.log_history as unknown[]) : [];
    for (const row of rows) {
      if (typeof row !== "object" || row === null) continue;
      const { step, epoch, ...rest } = row as Record<string, unknown>;
      if (typeof step !== "number") continue;
      const at = typeof epoch === "number" ? epoch : Number.NaN;
      history.add({ step, epoch: at, seconds: Number.NaN, tokens: Number.NaN }, numbersOf(rest));
    }
    return history;
  }

  /** What it has logged. */
  get history(): History {
    return this.#fallback ?? this.#known.history;
  }

  /** With what it was made; undefined where it does not say. */
  get manifest(): Readonly<Record<string, unknown>> | undefined {
    return this.#manifest;
  }

  /** Its training arguments by their names; those of Python's runs are not known. */
  get args(): Readonly<Record<string, unknown>> {
    const given = this.#manifest?.arguments;
    return typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  }

  get name(): string {
    const { runName } = this.args;
    if (typeof runName === "string" && runName !== "") return runName;
    return this.id === "." ? basename(this.#inside.root) : (this.id.split("/").at(-1) ?? this.id);
  }

  /** Its folder, absolute. */
  get folder(): string {
    return this.#inside.place(this.id);
  }

  /** When it began, in milliseconds since 1970. */
  get began(): number | undefined {
    return this.#known.began;
  }

  /** What says which of its checkpoints is the best: `metricForBestModel`. */
  get bestMetric(): BestMetric {
    const { key, greater } = this.#known.start?.best ?? STANDARD_METRIC;
    return typeof key === "string" && typeof greater === "boolean" ? { key, greater } : STANDARD_METRIC;
  }

  summary(): RunSummary {
    const { history } = this;
    const { start, end, began, updated, damaged } = this.#known;
    const { step = start?.step ?? 0, epoch } = history.last ?? {};
    const values = history.keys.flatMap((key) => {
      const value = history.lastOf(key);
      return value === undefined ? [] : [[key, value] as const];
    });
    return {
      id: this.id,
      name: this.name,
      status: statusOf(this.#known),
      reason: typeof end?.reason === "string" ? end.reason : undefined,
      began,
      updated,
      seconds: history.lastSeconds,
      step,
      maxSteps: start?.maxSteps,
      epoch,
      values: Object.fromEntries(values),
      best: bestOf(history, this.bestMetric),
      damagedLines: damaged,
    };
  }

  /** What its evaluations showed beyond their figures, as far as it is stored, in the order of steps. */
  evaluations(): Promise<EvaluationInfo[]> {
    return listEvaluations(this.#inside, this.id);
  }

  /** One of those, by its name; undefined where it is gone or damaged. */
  evaluation(name: string): Promise<EvaluationDetails | undefined> {
    return readEvaluation(this.#inside, this.id, name);
  }

  /** Its checkpoints as they are now, in the order of writing, the best one marked. */
  async checkpoints(): Promise<readonly CheckpointInfo[]> {
    return (await readCheckpoints(this.#inside, this.id)).list;
  }
}

/** The best value of a metric and its step; undefined where it was never measured. */
function bestOf(history: History, metric: BestMetric): RunSummary["best"] {
  const series = history.series(metric.key);
  if (!series) return undefined;
  let best: { value: number; step: number } | undefined;
  for (const [i, value] of series.values.entries()) {
    if (Number.isNaN(value)) continue;
    if (best === undefined || (metric.greater ? value > best.value : value < best.value)) {
      best = { value, step: series.steps[i] };
    }
  }
  return best && { ...metric, ...best };
}
