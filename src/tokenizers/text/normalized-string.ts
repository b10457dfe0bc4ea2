// Text on its way from what the user wrote to the words that the model cuts up. Where offsets are wanted it knows, for
// each of its UTF-16 units, the span of the original text that the unit came from; where they are not, it is only a string.
import { decompose, lowercase } from "./unicode.js";

/** For each UTF-16 unit of a text: the original units it stands for, from `starts[i]` up to but without `ends[i]`. */
interface Alignment {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export class NormalizedString {
  #text: string;
  #alignment: Alignment | undefined;

  private constructor(text: string, alignment: Alignment | undefined) {
    this.#text = text;
    this.#alignment = alignment;
  }

  /** A text that keeps no account of where its characters came from. */
  static plain(text: string): NormalizedString {
    return new NormalizedString(text, undefined);
  }

  /** A text that can be traced back to the original, where it begins at unit `position`. */
  static traced(text: string, position: number): NormalizedString {
    const starts = Int32Array.from({ length: text.length }, (_, i) => position + i);
    return new NormalizedString(text, { starts, ends: starts.map((start) => start + 1) });
  }

  get text(): string {
    return this.#text;
  }

  /** The original units behind the units `start` to `end` - 1 of a traced text; `start` is less than `end`. */
  originalSpan(start: number, end: number): [start: number, end: number] {
    if (this.#alignment === undefined) throw new Error("originalSpan of a text that is not traced");
    return [this.#alignment.starts[start], this.#alignment.ends[end - 1]];
  }

  /** The part from unit `start` up to but without `end`. */
  slice(start: number, end: number): NormalizedString {
    const alignment = this.#alignment && {
      starts: this.#alignment.starts.subarray(start, end),
      ends: this.#alignment.ends.subarray(start, end),
    };
    return new NormalizedString(this.#text.slice(start, end), alignment);
  }

  /** The parts that match `pattern` (flag g), in order; what lies between them is dropped. */
  match(pattern: RegExp): NormalizedString[] {
    return findAll(pattern, this.#text).map(({ index, 0: { length } }) => this.slice(index, index + length));
  }

  /** Replaces each match of `pattern` (flag g), as one unit of change: what replaces it stands for all of it. */
  replace(pattern: RegExp, replacement: (match: string) => string): void {
    if (this.#alignment === undefined) {
      this.#text = this.#text.replace(pattern, replacement);
      return;
    }
    const edit = new Edit(this.#alignment);
    let end = 0;
    for (const { 0: match, index } of findAll(pattern, this.#text)) {
      edit.keep(this.#text, end, index);
      end = index + match.length;
      edit.put(replacement(match), index, end);
    }
    if (end === 0) return; // no match: pattern never matches the empty string
    edit.keep(this.#text, end, this.#text.length);
    this.#set(edit);
  }

  /** Canonical decomposition (NFD). */
  decompose(): void {
    const decomposed = decompose(this.#text);
    if (decomposed === this.#text) return;
    if (this.#alignment === undefined) {
      this.#text = decomposed;
      return;
    }
    // Canonical ordering moves marks behind their base. As in tokenizers a mark that was a character of its own takes the
    // next character's span wherever it comes to stand, and one that was part of a character the span before it.
    const spans: [start: number, end: number][] = [];
    const begins = new Map<string, boolean[]>(); // for each mark or base, in order: whether it begins a character
    let position = 0;
    for (const character of this.#text) {
      spans.push([position, position + character.length]);
      position += character.length;
      let begin = true;
      for (const part of decompose(character)) {
        const known = begins.get(part);
        if (known) known.push(begin);
        else begins.set(part, [begin]);
        begin = false;
      }
    }
    const edit = new Edit(this.#alignment);
    let current = -1;
    for (const part of decomposed) {
      if (begins.get(part)?.shift()) current++;
      edit.put(part, ...spans[Math.max(current, 0)]);
    }
    this.#set(edit);
  }

  /** Lower case, each character by itself. */
  lowercase(): void {
    const lower = lowercase(this.#text);
    if (this.#alignment !== undefined && lower !== this.#text) {
      const edit = new Edit(this.#alignment);
      let position = 0;
      for (const character of this.#text) {
        edit.put(lowercase(character), position, position + character.length);
        position += character.length;
      }
      this.#set(edit);
    }
    this.#text = lower;
  }

  #set(edit: Edit): void {
    this.#text = edit.text;
    this.#alignment = { starts: Int32Array.from(edit.starts), ends: Int32Array.from(edit.ends) };
  }
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

  /** Appends `text` in place of the old text's units `start` to `end` - 1. */
  put(text: string, start: number, end: number): void {
    this.text += text;
    for (let i = 0; i < text.length; i++) {
      this.starts.push(this.#from.starts[start]);
      this.ends.push(this.#from.ends[end - 1]);
    }
  }
}

/** The matches of `pattern` (flag g): String.matchAll without its copy of the pattern, which costs more than the search. */
function findAll(pattern: RegExp, text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) found.push(match);
  return found;
}
