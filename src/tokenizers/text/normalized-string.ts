// Text on its way from what the user wrote to the words that the model cuts up. Where offsets are wanted it knows, for
// each of its UTF-16 units, the span of the original text that the unit came from; where they are not, it is only a string.
// The account is kept as Hugging Face's tokenizers keeps it (tokenizers/src/tokenizer/normalizer.rs), so offsets agree.

/** For each UTF-16 unit of a text: the original units it stands for, from `starts[i]` up to but without `ends[i]`. */
interface Alignment {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/**
 * A character of a new text and what it does to the old one: 0 takes the place of the next old character, 1 is put in
 * between, -n takes the place of one and of the n behind it.
 */
export type Change = readonly [character: string, change: number];

/** What becomes of the stretches that a splitting pattern matches: the values are those of tokenizer.json. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

export class NormalizedString {
  #text: string;
  #alignment: Alignment | undefined;
  /** Where the text begins in the original. */
  readonly #origin: number;

  private constructor(text: string, alignment: Alignment | undefined, origin: number) {
    this.#text = text;
    this.#alignment = alignment;
    this.#origin = origin;
  }

  /** A text that keeps no account of where its characters came from; in the original it begins at unit `position`. */
  static plain(text: string, position = 0): NormalizedString {
    return new NormalizedString(text, undefined, position);
  }

  /** A text that can be traced back to the original, where it begins at unit `position`. */
  static traced(text: string, position: number): NormalizedString {
    const starts = new Int32Array(text.length);
    const ends = new Int32Array(text.length);
    for (let i = 0; i < text.length; ) {
      const next = i + lengthAt(text, i);
      starts.fill(position + i, i, next);
      ends.fill(position + next, i, next);
      i = next;
    }
    return new NormalizedString(text, { starts, ends }, position);
  }

  get text(): string {
    return this.#text;
  }

  /** Where it begins in the original text; of one that is not traced, where it would begin had nothing been changed. */
  get origin(): number {
    return this.#origin;
  }

  /** Whether it keeps account of where its characters came from. */
  get isTraced(): boolean {
    return this.#alignment !== undefined;
  }

  /** The original units behind the units `start` to `end` - 1 of a traced text; `start` is less than `end`. */
  originalSpan(start: number, end: number): [start: number, end: number] {
    if (this.#alignment === undefined) throw new Error("originalSpan of a text that is not traced");
    return [this.#alignment.starts[start], this.#alignment.ends[end - 1]];
  }

  /** The part from unit `start` up to but without `end`. */
  slice(start: number, end: number): NormalizedString {
    if (start === 0 && end === this.#text.length && (this.#alignment?.starts[0] ?? this.#origin) === this.#origin) {
      return this;
    }
    const alignment = this.#alignment && {
      starts: this.#alignment.starts.subarray(start, end),
      ends: this.#alignment.ends.subarray(start, end),
    };
    return new NormalizedString(this.#text.slice(start, end), alignment, alignment?.starts[0] ?? this.#origin + start);
  }

  /** The parts that match `pattern` (flag g), in order; what lies between them is dropped. */
  match(pattern: RegExp): NormalizedString[] {
    return findAll(pattern, this.#text).flatMap(({ index, 0: { length } }) =>
      length > 0 ? [this.slice(index, index + length)] : [],
    );
  }

  /**
   * The parts between the matches of `pattern` (flag g) and, by `behavior`, the matches: left out, parts of their own, or
   * joined to their neighbours. With `invert`, what lies between matches counts as the match. No part is empty.
   */
  split(pattern: RegExp, behavior: SplitBehavior, invert = false): NormalizedString[] {
    const stretches: Stretch[] = [];
    let done = 0;
    for (const { index, 0: match } of findAll(pattern, this.#text)) {
      if (done < index) stretches.push([done, index, invert]);
      stretches.push([index, index + match.length, !invert]);
      done = index + match.length;
    }
    if (done < this.#text.length) stretches.push([done, this.#text.length, invert]);
    return joined(stretches, behavior).flatMap(([start, end]) => (start < end ? [this.slice(start, end)] : []));
  }

  /** Replaces each match of `pattern` (flag g); what replaces it stands for the last character of the match. */
  replace(pattern: RegExp, replacement: (match: string) => string): void {
    if (this.#alignment === undefined) {
      this.#text = this.#text.replace(pattern, (match) => replacement(match));
      return;
    }
    const edit = new Edit(this.#alignment);
    let end = 0;
    let found = false;
    for (const { 0: match, index } of findAll(pattern, this.#text)) {
      found = true;
      edit.keep(this.#text, end, index);
      end = index + match.length;
      if (end > 0) edit.put(replacement(match), this.#alignment.starts[end - 1], this.#alignment.ends[end - 1]);
      else edit.put(replacement(match), this.#origin, this.#origin);
    }
    if (!found) return;
    edit.keep(this.#text, end, this.#text.length);
    this.#set(edit);
  }

  /** Puts `prefix` before the text, where there is any; it stands for the first character. */
  prepend(prefix: string): void {
    if (this.#text === "" || prefix === "") return;
    const alignment = this.#alignment;
    if (alignment === undefined) {
      this.#text = prefix + this.#text;
      return;
    }
    const edit = new Edit(alignment);
    edit.put(prefix, alignment.starts[0], alignment.ends[0]);
    edit.keep(this.#text, 0, this.#text.length);
    this.#set(edit);
  }

  /**
   * Makes it `text`. `changes` say how, character by character, where the text is traced; `dropped` old characters go
   * before the first of them.
   */
  transform(text: string, changes: () => Iterable<Change>, dropped = 0): void {
    const alignment = this.#alignment;
    if (text === this.#text) return;
    if (alignment !== undefined) {
      const old = this.#text;
      let offset = 0;
      const skip = (count: number): void => {
        for (; count > 0 && offset < old.length; count--) offset += lengthAt(old, offset);
      };
      skip(dropped);
      const edit = new Edit(alignment);
      for (const [character, change] of changes()) {
        const at = change > 0 ? offset - 1 : offset;
        if (at < 0) edit.put(character, this.#origin, this.#origin);
        else edit.put(character, alignment.starts[at], alignment.ends[at]);
        if (change <= 0) skip(1 - change);
      }
      this.#set(edit);
    }
    this.#text = text;
  }

  #set(edit: Edit): void {
    this.#text = edit.text;
    this.#alignment = { starts: Int32Array.from(edit.starts), ends: Int32Array.from(edit.ends) };
  }
}

/** Part of a text from unit `start` up to but without `end`, and whether it is a match. */
type Stretch = [start: number, end: number, match: boolean];

function joined(stretches: readonly Stretch[], behavior: SplitBehavior): readonly Stretch[] {
  switch (behavior) {
    case "Removed":
      return stretches.filter(([, , match]) => !match);
    case "Isolated":
      return stretches;
    case "Contiguous":
      return foldStretches(stretches, (match, previous) => match === previous);
    case "MergedWithPrevious":
      return foldStretches(stretches, (match, previous) => match && !previous);
    case "MergedWithNext":
      return foldStretches(stretches.toReversed(), (match, previous) => match && !previous).toReversed();
    default:
      return behavior satisfies never;
  }
}

/** Joins each stretch to the one before it where `joins` says so. */
function foldStretches(
  stretches: readonly Stretch[],
  joins: (match: boolean, previous: boolean) => boolean,
): Stretch[] {
  const result: Stretch[] = [];
  let previous = false;
  for (const [start, end, match] of stretches) {
    const last = result[result.length - 1];
    if (last && joins(match, previous)) {
      last[0] = Math.min(last[0], start);
      last[1] = Math.max(last[1], end);
    } else result.push([start, end, match]);
    previous = match;
  }
  return result;
}

/** A new text with its alignment, put together from left to right out of an old one. */
class Edit {
  text = "";
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly #from: Alignment;

  constructor(from: Alignment) {
    this.#from = from;
  }

  /** Takes the old text's units `start` to `end` - 1 as they are. */
  keep(text: string, start: number, end: number): void {
    this.text += text.slice(start, end);
    for (let i = start; i < end; i++) {
      this.starts.push(this.#from.starts[i]);
      this.ends.push(this.#from.ends[i]);
    }
  }

  /** Appends `text`, which stands for the original units `start` to `end` - 1. */
  put(text: string, start: number, end: number): void {
    this.text += text;
    for (let i = 0; i < text.length; i++) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }
}

/** How many units the character at unit `i` has. */
function lengthAt(text: string, i: number): 1 | 2 {
  return (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1;
}

/** The matches of `pattern` (flag g): String.matchAll without its copy of the pattern, which costs more than the search. */
function findAll(pattern: RegExp, text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    found.push(match);
    if (match[0] === "") pattern.lastIndex += lengthAt(text, match.index);
  }
  return found;
}
