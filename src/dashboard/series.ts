// What charts show of runs: their figures over the axis that is asked for, smoothed, in as few points as can be seen.
import type { History, Run } from "../runs/index.js";
import { countWithin, downsample, type Points } from "./downsample.js";
import type { Axis, ChartData, Line, SeriesAnswer, SeriesRequest } from "./protocol.js";
import { smooth } from "./smooth.js";

/** With more lines than this the values behind smoothed ones are left out: nobody could tell them apart. */
const MOST_RAW_LINES = 8;

const FEW_PER_BUCKET = 4;

export interface SeriesQuestion extends Omit<SeriesRequest, "runs"> {
  readonly runs: readonly Run[];
}

export class SeriesReader {
  /** The last answer for a history and figure: smoothing all of it again at each pan would cost more than the rest. */
  readonly #smoothed = new WeakMap<History, Map<string, { weight: number; length: number; values: Float64Array }>>();

  read(question: SeriesQuestion): SeriesAnswer {
    const { runs, keys, axis } = question;
    const found = keys.map((key) => {
      return { key, lines: runs.flatMap((run) => this.#lineOf(run, key, axis, question.smoothing) ?? []) };
    });
    const extent = extentOf(found.flatMap(({ lines }) => lines));
    const { from = extent[0], to = extent[1] } = question;
    const charts = found.map(({ key, lines }) => chartOf(key, lines, from, to, question));
    return { extent, charts };
  }

  #lineOf({ id, history }: Run, key: string, axis: Axis, weight: number): Found | undefined {
    if (history.count(key) === 0) return undefined;
    const all = (smoothed: boolean): Points => {
      const series = history.series(key);
      if (!series) return { x: new Float64Array(0), y: new Float64Array(0) };
      const y = smoothed ? this.#smooth(history, key, series.values, weight) : series.values;
      return { x: series[PLACES[axis]], y };
    };
    const overview = weight > 0 ? undefined : history.overview(key);
    return {
      run: id,
      nonFinite: history.nonFinite(key),
      few: overview && { x: overview[PLACES[axis]], y: overview.values },
      all: once(() => all(weight > 0)),
      raw: once(() => all(false)),
    };
  }

  #smooth(history: History, key: string, values: Float64Array, weight: number): Float64Array {
    const known = this.#smoothed.get(history) ?? new Map();
    this.#smoothed.set(history, known);
    const last = known.get(key);
    if (last?.weight === weight && last.length === values.length) return last.values;
    const smoothed = smooth(values, weight);
    known.set(key, { weight, length: values.length, values: smoothed });
    return smoothed;
  }
}

/** Where a series has its places on an axis. */
const PLACES = { step: "steps", time: "seconds", tokens: "tokens" } as const;

interface Found {
  readonly run: string;
  readonly nonFinite: number;
  /** A few of many points, extremes among them. */
  readonly few: Points | undefined;
  /** All points, which may have to be fetched. */
  readonly all: () => Points;
  /** The same, not smoothed. */
  readonly raw: () => Points;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The points that a chart is drawn from: the few, where a bucket has several of them. */
function enough({ few, all }: Found, from: number, to: number, buckets: number): Points {
  return few && countWithin(few.x, from, to) >= FEW_PER_BUCKET * buckets ? few : all();
}

function chartOf(key: string, lines: readonly Found[], from: number, to: number, question: SeriesQuestion): ChartData {
  const points = lines.map((line) => enough(line, from, to, question.buckets));
  const withRaw = question.smoothing > 0 && lines.length <= MOST_RAW_LINES;
  const behind = withRaw ? lines.map(({ raw }) => raw()) : [];
  const aligned = downsample([...points, ...behind], from, to, question.buckets);
  return {
    key,
    x: aligned.x.map(short),
    lines: lines.map(({ run, nonFinite }, i): Line => {
      const y = aligned.lines[i].map(shortOrNull);
      return {
        run,
        y,
        nonFinite,
        ...(withRaw ? { raw: aligned.lines[lines.length + i].map(shortOrNull) } : {}),
      };
    }),
  };
}

/** Steps and values beyond what float32 holds are nothing that a chart shows. */
function short(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(9));
}

function shortOrNull(value: number | null): number | null {
  return value === null ? null : short(value);
}

function extentOf(lines: readonly Found[]): [from: number, to: number] {
  let [from, to] = [Infinity, -Infinity];
  for (const { few, all } of lines) {
    const { x } = few ?? all();
    const first = x.find(Number.isFinite);
    const last = x.findLast(Number.isFinite);
    if (first !== undefined && first < from) from = first;
    if (last !== undefined && last > to) to = last;
  }
  return from <= to ? [from, to] : [0, 1];
}
