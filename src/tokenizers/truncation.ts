// Which tokens of a text, or of a pair, stay where they are too many (tokenizers/src/utils/truncation.rs).
import { ConfigError, DataError } from "../support/errors.js";
import type { Side } from "./options.js";

export type TruncationStrategy = "longest_first" | "only_first" | "only_second";

/** A range of tokens: from `start` up to but without `end`. */
export type Range = readonly [start: number, end: number];

/**
 * How many tokens stay of a text of `first` tokens, or of a pair with one of `second`, so that together they are at most
 * `limit`. "longest_first" shortens the longer text down to the other one's length, then both alike; an odd token is left
 * to the longer one, to the second where both are as long.
 * @throws DataError where the one text that may be cut is too short for it
 */
export function keptLengths(
  first: number,
  second: number | undefined,
  limit: number,
  strategy: TruncationStrategy,
): [first: number, second: number] {
  const total = first + (second ?? 0);
  if (total <= limit) return [first, second ?? 0];
  if (strategy === "longest_first" || limit === 0) {
    if (second === undefined) return [limit, 0];
    return first <= second ? shortenLonger(first, limit) : swap(shortenLonger(second, limit));
  }
  const surplus = total - limit;
  const length = strategy === "only_first" ? first : second;
  if (length === undefined) {
    throw new DataError('truncation "only_second" needs a second text: pass a pair, or truncation: true');
  }
  if (length <= surplus) {
    throw new DataError(
      `truncation "${strategy}" has to take ${surplus} tokens from a text of ${length}: ` +
        "pass truncation: true, which cuts the longer text, or a larger maxLength",
    );
  }
  return strategy === "only_first" ? [length - surplus, second ?? 0] : [first, length - surplus];
}

/** `shorter` is the length of the shorter text; the longer one is the rest of more than `limit`. */
function shortenLonger(shorter: number, limit: number): [shorter: number, longer: number] {
  const half = Math.floor(limit / 2);
  const longer = Math.max(shorter, limit - shorter);
  return shorter + longer > limit ? [half, half + (limit % 2)] : [shorter, longer];
}

function swap([a, b]: [number, number]): [number, number] {
  return [b, a];
}

/**
 * The parts of `length` tokens that are kept: first the one that stays, then, with `stride` tokens of overlap, those that
 * overflow.
 * @throws ConfigError where `stride` leaves no progress
 */
export function truncationWindows(length: number, kept: number, stride: number, side: Side): Range[] {
  if (kept >= length) return [[0, length]];
  if (kept === 0)
    return [
      [0, 0],
      [0, length],
    ]; // nothing stays, all of it overflows
  if (stride >= kept) {
    throw new ConfigError(`stride ${stride} has to be less than the ${kept} tokens that truncation leaves of a text`);
  }
  const windows: Range[] = [];
  for (let done = 0; ; done += kept - stride) {
    const end = Math.min(done + kept, length);
    windows.push(side === "right" ? [done, end] : [length - end, length - done]);
    if (end === length) return windows;
  }
}
