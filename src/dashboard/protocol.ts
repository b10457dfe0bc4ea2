// What the page and its server say to each other, as JSON. Types alone: the page is another program.
import type { CheckpointInfo, EvaluationInfo, RunSummary } from "../runs/index.js";

/** What charts may have as their x. */
export type Axis = "step" | "time" | "tokens";

/** A run as the page lists it. */
export interface RunInfo extends RunSummary {
  /** The figures that it has logged. */
  readonly keys: readonly string[];
  /** With what it was made, as paths and values: arguments, model, data, versions, machine. */
  readonly made: Readonly<Record<string, unknown>>;
}

/** GET /api/runs */
export interface RunsAnswer {
  readonly folder: string;
  /** Not all runs have been read yet. */
  readonly loading: boolean;
  readonly runs: readonly RunInfo[];
}

/** An event `runs` of GET /api/events. */
export interface RunsEvent {
  readonly loading: boolean;
  /** New ones, too. */
  readonly changed: readonly RunInfo[];
  readonly gone: readonly string[];
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
