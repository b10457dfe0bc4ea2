// From the ids of texts to the rows of an encoding: truncation, the frame of special tokens, padding. All rows of a call
// lie one behind the other in one array per field.
import { ConfigError, DataError } from "../support/errors.js";
import { IntBuffer } from "./int-buffer.js";
import type { LengthPlan, Side } from "./options.js";
import { paddedLength } from "./padding.js";
import type { Spaces, TokenBuffers } from "./pipeline.js";
import type { OffsetTrim, Piece } from "./post-processors/pieces.js";
import { keptLengths, type Range, truncationWindows } from "./truncation.js";

/** Texts, or pairs of texts, as ranges of the tokens in a buffer. */
export interface TokenizedTexts {
  /** Text i, or the first of pair i, ends where the next begins: `bounds` has one more entry than there are texts. */
  readonly bounds: readonly number[];
  /** Whether two texts each belong together. */
  readonly pairs: boolean;
}

/** Rows before their frame, of which each is a range of tokens of the first text and one of the second. */
class CutRows {
  /** The number of each row's text, or pair. */
  readonly samples: IntBuffer;
  /** Four numbers a row: the first text's range and the second's. Calls have many rows, so they are no objects. */
  readonly #ranges: IntBuffer;

  constructor(expected: number) {
    this.samples = new IntBuffer(expected);
    this.#ranges = new IntBuffer(4 * expected);
  }

  get count(): number {
    return this.samples.length;
  }

  push(sample: number, firstStart: number, firstEnd: number, secondStart: number, secondEnd: number): void {
    this.samples.push(sample);
    this.#ranges.push(firstStart);
    this.#ranges.push(firstEnd);
    this.#ranges.push(secondStart);
    this.#ranges.push(secondEnd);
  }

  start(row: number, sequence: 0 | 1): number {
    return this.#ranges.values[4 * row + 2 * sequence];
  }

  end(row: number, sequence: 0 | 1): number {
    return this.#ranges.values[4 * row + 2 * sequence + 1];
  }

  /** Tokens of both texts. */
  length(row: number): number {
    return this.end(row, 0) - this.start(row, 0) + this.end(row, 1) - this.start(row, 1);
  }
}

export interface AssemblyPlan extends LengthPlan {
  readonly pieces: readonly Piece[];
  readonly stride: number;
  readonly truncationSide: Side;
  readonly overflow: boolean;
  readonly padId: number;
  readonly padTypeId: number;
  /** How offsets leave out spaces at the ends of tokens, where they do. */
  readonly trim: (OffsetTrim & { readonly spacesOf: (id: number) => Spaces }) | undefined;
}

/** What truncation has cut off. */
export interface TruncationCounts {
  /** Texts, or pairs, that were cut. */
  readonly rows: number;
  /** Tokens that no row has any more. */
  readonly tokens: number;
  /** Tokens of the longest that was cut, special ones included, before it was. */
  readonly longest: number;
}

/** The fields of all rows; row i is the elements `starts[i]` up to but without `starts[i + 1]` of each. */
export interface AssembledRows {
  readonly starts: Int32Array;
  /** The tokens of the longest row, before padding. */
  readonly longest: number;
  readonly truncated: TruncationCounts;
  readonly samples: Int32Array;
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  readonly attentionMask: Int32Array;
  readonly specialTokensMask: Int32Array | undefined;
  /** Spans of the tokens, two numbers each. */
  readonly offsets: Int32Array | undefined;
  /** The number of each token's word, and the text of a pair that it is of; -1 for tokens that the frame or padding added. */
  readonly words: Int32Array | undefined;
  readonly sequences: Int32Array | undefined;
}

/** What of the fields is wanted beyond those that every model takes. */
export interface WantedFields {
  readonly specialTokensMask: boolean;
  readonly offsets: boolean;
  /** The words and texts that tokens are of. */
  readonly words: boolean;
}

/** Throws ConfigError or DataError, naming the text, where a text cannot be cut as planned. */
export function assembleRows(
  texts: TokenizedTexts,
  tokens: TokenBuffers,
  plan: AssemblyPlan,
  wanted: WantedFields,
): AssembledRows {
  const [rows, truncated] = cutRows(texts, plan);
  const frame = plan.pieces.filter(({ kind }) => kind === "special").length;
  let longest = 0;
  for (let i = 0; i < rows.count; i++) longest = Math.max(longest, frame + rows.length(i));
  const padded = paddedLength(longest, plan.padding);
  const starts = new Int32Array(rows.count + 1);
  for (let i = 0; i < rows.count; i++) starts[i + 1] = starts[i] + Math.max(frame + rows.length(i), padded);

  const total = starts[rows.count];
  const fields = new Fields(
    total,
    3 + (wanted.specialTokensMask ? 1 : 0) + (wanted.offsets ? 2 : 0) + (wanted.words ? 2 : 0),
  );
  const result: AssembledRows = {
    starts,
    longest,
    truncated,
    samples: rows.samples.values.slice(0, rows.count),
    ids: fields.take(1, plan.padId),
    typeIds: fields.take(1, plan.padTypeId),
    attentionMask: fields.take(1, plan.padding ? 0 : 1),
    specialTokensMask: wanted.specialTokensMask ? fields.take(1, 1) : undefined,
    offsets: wanted.offsets ? fields.take(2, 0) : undefined,
    words: wanted.words ? fields.take(1, -1) : undefined,
    sequences: wanted.words ? fields.take(1, -1) : undefined,
  };
  for (let i = 0; i < rows.count; i++) {
    const length = frame + rows.length(i);
    const start = plan.padding?.side === "left" ? starts[i + 1] - length : starts[i];
    writeRow(result, start, rows, i, tokens, plan);
    if (plan.padding) result.attentionMask.fill(1, start, start + length);
  }
  return result;
}

/** Fields cut from one array: many small arrays cost more to make than to fill. */
class Fields {
  readonly #size: number;
  readonly #values: Int32Array;
  #taken = 0;

  constructor(size: number, count: number) {
    this.#size = size;
    this.#values = new Int32Array(size * count);
  }

  /** A field of `width` numbers a token, each of them `value`. */
  take(width: number, value: number): Int32Array {
    const start = this.#taken;
    this.#taken += width * this.#size;
    const field = this.#values.subarray(start, this.#taken);
    return value === 0 ? field : field.fill(value);
  }
}

function size([start, end]: Range): number {
  return end - start;
}

function cutRows({ bounds, pairs }: TokenizedTexts, plan: AssemblyPlan): [rows: CutRows, truncated: TruncationCounts] {
  const step = pairs ? 2 : 1;
  const rows = new CutRows(Math.floor(bounds.length / step));
  const truncated = { rows: 0, tokens: 0, longest: 0 };
  const limit = tokenLimit(plan);
  for (let i = 0, sample = 0; i + step < bounds.length; i += step, sample++) {
    const length = bounds[i + step] - bounds[i];
    if (length <= limit) {
      if (pairs) rows.push(sample, bounds[i], bounds[i + 1], bounds[i + 1], bounds[i + 2]);
      else rows.push(sample, bounds[i], bounds[i + 1], 0, 0);
      continue;
    }
    const second: Range | undefined = pairs ? [bounds[i + 1], bounds[i + 2]] : undefined;
    cutText(rows, sample, [bounds[i], bounds[i + 1]], second, limit, plan);
    truncated.rows++;
    truncated.tokens += plan.overflow ? 0 : length - limit;
    truncated.longest = Math.max(truncated.longest, length + (plan.truncation?.length ?? limit) - limit);
  }
  return [rows, truncated];
}

/**
 * How many tokens of its text or texts a row may have.
 * @throws ConfigError where there is no room for special tokens, or `stride` would repeat all of a row
 */
function tokenLimit({ truncation, pieces, stride }: AssemblyPlan): number {
  if (truncation === undefined) return Infinity;
  const frame = pieces.filter(({ kind }) => kind === "special").length;
  const limit = truncation.length - frame;
  if (limit < 0) {
    throw new ConfigError(`maxLength ${truncation.length} has no room for the ${frame} special tokens of a row`);
  }
  if (stride > 0 && stride >= limit) {
    throw new ConfigError(
      `stride ${stride} has to be less than the ${limit} tokens of a text that maxLength ${truncation.length} leaves`,
    );
  }
  return limit;
}

/** Adds the row that stays of a text or pair with more tokens than `limit`, and, where they are wanted, those that overflow. */
function cutText(
  rows: CutRows,
  sample: number,
  first: Range,
  second: Range | undefined,
  limit: number,
  plan: AssemblyPlan,
): void {
  const strategy = plan.truncation?.strategy ?? "longest_first";
  const windows = (range: Range, kept: number): Range[] =>
    truncationWindows(size(range), kept, plan.stride, plan.truncationSide).map(([from, to]) => [
      range[0] + from,
      range[0] + to,
    ]);
  let kept: [number, number];
  try {
    kept = keptLengths(size(first), second && size(second), limit, strategy);
  } catch (error) {
    if (error instanceof DataError) throw new DataError(`text ${sample}: ${error.message}`, { cause: error });
    throw error;
  }
  const [a, ...overflowA] = windows(first, kept[0]);
  const [b, ...overflowB]: Range[] = second ? windows(second, kept[1]) : [[0, 0]];
  const add = (first: Range, second: Range): void => rows.push(sample, ...first, ...second);
  add(a, b);
  if (!plan.overflow) return;
  // The order in which Rust's Encoding.merge_with meets them.
  for (const first of overflowA) for (const second of [b, ...overflowB]) add(first, second);
  for (const second of overflowB) add(a, second);
}

function writeRow(
  out: AssembledRows,
  start: number,
  rows: CutRows,
  row: number,
  tokens: TokenBuffers,
  plan: AssemblyPlan,
): void {
  let at = start;
  for (const piece of plan.pieces) {
    if (piece.kind === "special") {
      out.ids[at] = piece.id;
      out.typeIds[at] = piece.typeId;
      at++;
      continue;
    }
    const from = rows.start(row, piece.sequence);
    const to = rows.end(row, piece.sequence);
    const end = at + to - from;
    for (let i = from, j = at; i < to; i++, j++) out.ids[j] = tokens.ids.values[i];
    if (piece.typeId !== plan.padTypeId) out.typeIds.fill(piece.typeId, at, end);
    out.specialTokensMask?.fill(0, at, end);
    out.sequences?.fill(piece.sequence, at, end);
    if (out.words) for (let i = from, j = at; i < to; i++, j++) out.words[j] = tokens.words.values[i];
    if (out.offsets) {
      for (let i = from, j = 2 * at; i < to; i++) {
        out.offsets[j++] = tokens.starts.values[i];
        out.offsets[j++] = tokens.ends.values[i];
        if (plan.trim) {
          const spaces = tokens.spaces.get(i) ?? plan.trim.spacesOf(tokens.ids.values[i]);
          trimSpan(out.offsets, j - 2, plan.trim, spaces, i === from);
        }
      }
    }
    at = end;
  }
}

/** Takes spaces off a span, as the Rust package does (tokenizers/src/pre_tokenizers/byte_level.rs, process_offsets). */
function trimSpan(offsets: Int32Array, at: number, trim: OffsetTrim, spaces: Spaces, isFirst: boolean): void {
  const { leading, trailing, wide } = spaces;
  const units = (count: number): number => (wide && count > 0 ? count + 1 : count);
  const isAdded = trim.addPrefixSpace && leading === 1 && (isFirst || offsets[at] === 0);
  if (!isAdded) offsets[at] = Math.min(offsets[at] + units(leading), offsets[at + 1]);
  if (offsets[at + 1] >= trailing) offsets[at + 1] = Math.max(offsets[at + 1] - units(trailing), offsets[at]);
}
