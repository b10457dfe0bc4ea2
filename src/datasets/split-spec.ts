// Which rows a `split` means: "train", "train[:10%]", "train[-100:]+test[10:20]", in all forms of Python's datasets
// (arrow_reader.py, ReadInstruction), rounding included.
import { ConfigError } from "../support/errors.js";

/** A part of a split, spelled out: `{ split: "train", from: 10, to: 20, unit: "%" }` is "train[10%:20%]". */
export interface SplitSlice {
  split: string;
  /** The first row, from the end where it is negative. Default: the first. */
  from?: number;
  /** The row behind the last, from the end where it is negative. Default: behind the last. */
  to?: number;
  /** What `from` and `to` count: rows (default), or percents of the rows. */
  unit?: "abs" | "%";
  /** Percents to the closest row (default), or in multiples of the rows of one percent, which drops what is left. */
  rounding?: "closest" | "pct1_dropremainder";
}

/** A split, a part of one or several of them one after another, as a text or spelled out. */
export type SplitSpec = string | SplitSlice | readonly SplitSlice[];

/** Rows `start` to `end` - 1 of a split. */
export interface RowRange {
  readonly split: string;
  readonly start: number;
  readonly end: number;
}

const FORM = /^(\w+(?:\.\w+)*)(?:\[(?:(-?[\d_]+)(%)?)?:(?:(-?[\d_]+)(%)?)?\])?(?:\(([^)]*)\))?$/u;

/** The slices that a spec asks for. Throws ConfigError, with the forms there are, where it is none of them. */
export function parseSplit(spec: SplitSpec): SplitSlice[] {
  if (typeof spec !== "string") return [spec].flat().map(checked);
  return spec.split(/\s*\+\s*/).map((part) => {
    const found = FORM.exec(part.trim());
    if (found === null) {
      throw new ConfigError(
        `split ${JSON.stringify(spec)} cannot be read: write "train", "train[:10%]", "train[100:200]", "train[-50:]" or ` +
          '"train+test[:5%]"; a step, as in [::2], is not known: shard takes every second row',
      );
    }
    const [, split, from, fromPercent, to, toPercent, rounding] = found;
    return checked({
      split,
      from: numberOf(from),
      to: numberOf(to),
      unit: fromPercent || toPercent ? "%" : "abs",
      rounding: rounding as SplitSlice["rounding"],
    });
  });
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.replaceAll("_", ""));
}

function checked(slice: SplitSlice): SplitSlice {
  const { split, from, to, unit = "abs", rounding } = slice;
  const refuse = (reason: string): never => {
    throw new ConfigError(`the slice of split "${split}" ${reason}`);
  };
  if (unit !== "abs" && unit !== "%") refuse(`has the unit ${JSON.stringify(unit)}: give "%" or "abs"`);
  for (const bound of [from, to]) {
    if (bound === undefined) continue;
    if (!Number.isInteger(bound)) refuse(`has the bound ${bound}: give whole numbers`);
    if (unit === "%" && Math.abs(bound) > 100) refuse(`has the bound ${bound}%: percents go from -100 to 100`);
  }
  if (rounding !== undefined && rounding !== "closest" && rounding !== "pct1_dropremainder") {
    refuse(`has the rounding ${JSON.stringify(rounding)}: give "closest" or "pct1_dropremainder"`);
  }
  if (rounding !== undefined && unit !== "%") refuse(`has a rounding, ${rounding}, which only percents have`);
  return slice;
}

/** The rows of a slice of a split of `length` rows. Throws ConfigError where percents leave every row out. */
export function rowsOfSlice(slice: SplitSlice, length: number): RowRange {
  const rows = (bound: number | undefined, otherwise: number): number => {
    if (bound === undefined) return otherwise;
    const row = slice.unit === "%" ? rowsOfPercent(bound, length, slice) : bound;
    return Math.min(row < 0 ? Math.max(length + row, 0) : row, length);
  };
  const start = rows(slice.from, 0);
  return { split: slice.split, start, end: Math.max(start, rows(slice.to, length)) };
}

function rowsOfPercent(percent: number, length: number, { split, rounding }: SplitSlice): number {
  if (rounding !== "pct1_dropremainder") return roundToEven((percent * length) / 100);
  if (length < 100) {
    throw new ConfigError(
      `split "${split}" has ${length} rows, of which (pct1_dropremainder) leaves none: it needs 100 or more`,
    );
  }
  return percent * Math.trunc(length / 100);
}

/** Python's `round`: halves to the even neighbour. */
function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
