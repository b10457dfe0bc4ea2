// What the page asks, checked: nothing that comes in is believed to be of its type.
import { isObject } from "../support/json-object.js";
import type { Axis, CsvRequest, SeriesRequest } from "./protocol.js";

/** A question that no page of ours asks: status 400. */
export class BadQuestion extends Error {}

const AXES: readonly Axis[] = ["step", "time", "tokens"];
const MOST_BUCKETS = 8192;

export function parseSeries(json: unknown): SeriesRequest {
  const { axis, smoothing, from, to, buckets, ...rest } = object(json);
  if (!AXES.includes(axis as Axis)) throw new BadQuestion("axis must be step, time or tokens");
  if (!(typeof smoothing === "number" && smoothing >= 0 && smoothing < 1)) {
    throw new BadQuestion("smoothing must be a number from 0 to below 1");
  }
  if (!(Number.isSafeInteger(buckets) && (buckets as number) > 0 && (buckets as number) <= MOST_BUCKETS)) {
    throw new BadQuestion(`buckets must be a whole number from 1 to ${MOST_BUCKETS}`);
  }
  for (const end of [from, to]) {
    if (end !== undefined && !Number.isFinite(end)) throw new BadQuestion("from and to must be numbers");
  }
  if (from !== undefined && to !== undefined && !((from as number) < (to as number))) {
    throw new BadQuestion("from must be below to");
  }
  return {
    ...parseCsv(rest),
    axis: axis as Axis,
    smoothing,
    from: from as number | undefined,
    to: to as number | undefined,
    buckets: buckets as number,
  };
}

export function parseCsv(json: unknown): CsvRequest {
  const { runs, keys } = object(json);
  return { runs: texts(runs, "runs"), keys: texts(keys, "keys") };
}

function object(json: unknown): Record<string, unknown> {
  if (!isObject(json)) throw new BadQuestion("an object was expected");
  return json;
}

function texts(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new BadQuestion(`${name} must be a list of texts`);
  }
  return value as string[];
}
