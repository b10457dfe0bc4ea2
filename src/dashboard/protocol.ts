// What the page and its server say to each other, as JSON. Types alone: the page is another program.
import type { CheckpointInfo, EvaluationInfo, RunSummary } from "../runs/index.js";
import type { Pruner, Sampler, Space, TrialState, Value } from "../search/index.js";
import type { Objective } from "../search/record.js";

/** What charts may have as their x. */
export type Axis = "step" | "time" | "tokens";

/** A run as the page lists it. */
export interface RunInfo extends RunSummary {
  /** The figures that it has logged. */
  readonly keys: readonly string[];
  /** A first look at a long log: its curves are rough until that has been read. */
  readonly rough: boolean;
  /** With what it was made, as paths and values: arguments, model, data, versions, machine. */
  readonly made: Readonly<Record<string, unknown>>;
}

/** GET /api/runs */
export interface RunsAnswer {
  readonly folder: string;
  /** Not all runs have been read yet. */
  readonly loading: boolean;
  readonly runs: readonly RunInfo[];
  readonly searches: readonly SearchInfo[];
}

/** An event `runs` of GET /api/events. */
export interface RunsEvent {
  readonly loading: boolean;
  /** New ones, too. */
  readonly changed: readonly RunInfo[];
  readonly gone: readonly string[];
  /** All of them, where one has changed. */
  readonly searches?: readonly SearchInfo[];
}

/** A search as the page lists it. */
export interface SearchInfo {
  /** Its folder, as a path within the folder of runs; "." for that folder itself. */
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970: when it was begun, and when its record was written last. */
  readonly began: number;
  readonly updated: number;
  /** Trials that have ended, of those that were asked for. */
  readonly done: number;
  readonly nTrials: number;
  /** What the best trial reached. */
  readonly best: number | undefined;
  readonly objective: Objective | null;
  /** Why its record cannot be read. */
  readonly error: string | undefined;
}

/** GET /api/search?id= */
export interface SearchAnswer {
  readonly search: SearchInfo;
  /** Null where its record cannot be read. */
  readonly details: {
    readonly space: Space;
    readonly sampler: Sampler;
    readonly pruner: Pruner | null;
    readonly seed: number;
    readonly trials: readonly SearchTrial[];
  } | null;
  /** How much of the objective's variance each parameter explains alone; null where too few trials say it. */
  readonly importances: {
    /** By the names of parameters, the largest first. */
    readonly shares: Readonly<Record<string, number>>;
    readonly trials: number;
    /** The evaluation at which they are compared; by what they reached where it is absent. */
    readonly at: number | undefined;
  } | null;
}

export interface SearchTrial {
  readonly number: number;
  readonly name: string;
  /** The id of its run, if that is there. */
  readonly run: string | null;
  readonly params: Readonly<Record<string, Value>>;
  readonly state: TrialState;
  /** The objective: what it reached, or that of its last evaluation. */
  readonly value: number | null;
  readonly evaluations: number;
  readonly seconds: number;
  readonly error: string | undefined;
  readonly best: boolean;
}

/** POST /api/series */
export interface SeriesRequest {
  readonly runs: readonly string[];
  readonly keys: readonly string[];
  readonly axis: Axis;
  /** Weight of what was before, 0 (none) to below 1. */
  readonly smoothing: number;
  /** A part of the axis; all of it where they are absent. */
  readonly from?: number;
  readonly to?: number;
  /** How many points of a line can be told apart. */
  readonly buckets: number;
}

export interface ChartData {
  readonly key: string;
  /** Rising. */
  readonly x: readonly number[];
  /** For each run that has the figure, in the order asked for. */
  readonly lines: readonly Line[];
}

export interface Line {
  readonly run: string;
  /** A value for each x, or null where the run has none there. */
  readonly y: readonly (number | null)[];
  /** Where `y` is smoothed: the values themselves. */
  readonly raw?: readonly (number | null)[];
  /** Values that are no number that can be drawn. */
  readonly nonFinite: number;
}

export interface SeriesAnswer {
  /** What the axis holds of all that was asked for. */
  readonly extent: readonly [from: number, to: number];
  readonly charts: readonly ChartData[];
}

/** GET /api/run?id= */
export interface RunAnswer {
  readonly run: RunInfo;
  readonly manifest: Readonly<Record<string, unknown>> | null;
  readonly checkpoints: readonly CheckpointInfo[];
  readonly evaluations: readonly EvaluationInfo[];
}

/** POST /api/csv: every point that was logged. */
export interface CsvRequest {
  readonly runs: readonly string[];
  readonly keys: readonly string[];
}
