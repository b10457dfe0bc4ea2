// Tokens beside the model's own: special ones such as [MASK], and words that a user added. They are found in the text
// before the model sees it (tokenizers/src/tokenizer/added_vocabulary.rs).
import { JsonFields } from "./json/fields.js";
import type { Normalizer } from "./normalizers/index.js";
import { NormalizedString } from "./text/normalized-string.js";
import { escapeForRegExp } from "./text/oniguruma.js";
import { isWhiteSpace, RUST_WORD } from "./text/unicode.js";

/** A token found in the text as a whole; the fields are those of tokenizer.json. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where it is not part of a longer word. */
  readonly single_word: boolean;
  /** It takes the white space on its left with it. */
  readonly lstrip: boolean;
  /** It takes the white space on its right with it. */
  readonly rstrip: boolean;
  /** It is looked for, itself normalized, in the normalized text; else in the text as it is. */
  readonly normalized: boolean;
  /** It is no text: decoding can leave it out. */
  readonly special: boolean;
}

/** How a token is found in a text. */
export type TokenTraits = Pick<AddedToken, "single_word" | "lstrip" | "rstrip" | "normalized">;

/** A special token as it is where nothing else is said of it. */
export function specialToken(content: string, id: number): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

export function addedTokenFromJson(file: string, value: unknown, path: string): AddedToken {
  const fields = new JsonFields(file, value, path);
  const special = fields.boolean("special", false);
  return {
    id: fields.count("id"),
    content: fields.string("content"),
    single_word: fields.boolean("single_word", false),
    lstrip: fields.boolean("lstrip", false),
    rstrip: fields.boolean("rstrip", false),
    normalized: fields.boolean("normalized", !special),
    special,
  };
}

/** A stretch of a text from unit `start` up to but without `end`: an added token, or what lies between two. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken | undefined;
}

export class AddedTokens {
  readonly tokens: readonly AddedToken[];
  /** Those looked for in the text as it is. */
  readonly #raw: Finder;
  /** Those looked for in the normalized text. */
  readonly #normalized: Finder;
  readonly #normalizer: Normalizer | undefined;

  constructor(tokens: readonly AddedToken[], normalizer: Normalizer | undefined) {
    this.tokens = [...tokens].sort((a, b) => a.id - b.id);
    this.#normalizer = normalizer;
    this.#raw = new Finder(this.tokens.filter((token) => !token.normalized).map((token) => [token.content, token]));
    this.#normalized = new Finder(
      this.tokens.filter((token) => token.normalized).map((token) => [this.formOf(token), token]),
    );
  }

  /** How a token stands in the text in which it is looked for; decoding gives it back so. */
  formOf({ content, normalized }: AddedToken): string {
    if (!normalized) return content;
    const text = NormalizedString.plain(content);
    this.#normalizer?.normalize(text);
    return text.text;
  }

  /** True where some token is looked for in the normalized text. */
  get normalized(): boolean {
    return !this.#normalized.isEmpty;
  }

  /** True where the text holds no token that is looked for in it as it is: the common case, told fast. */
  isFreeOf(text: string): boolean {
    return this.#raw.isFreeOf(text);
  }

  /** The stretches of a text as it is; together they are all of it. `splitSpecial`: special tokens in it are text. */
  split(text: string, splitSpecial: boolean): Stretch[] {
    return this.#raw.split(text, splitSpecial);
  }

  /** The stretches of a normalized text. */
  splitNormalized(text: string, splitSpecial: boolean): Stretch[] {
    return this.#normalized.split(text, splitSpecial);
  }
}

/** Finds the longest of several tokens at the leftmost place where any of them stands. */
class Finder {
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  readonly #anywhere: RegExp;
  readonly #each: RegExp;

  constructor(tokens: readonly (readonly [pattern: string, token: AddedToken])[]) {
    this.#tokens = new Map(tokens.filter(([pattern]) => pattern !== ""));
    const patterns = [...this.#tokens.keys()].sort((a, b) => b.length - a.length).map(escapeForRegExp);
    this.#anywhere = new RegExp(patterns.join("|") || "(?!)", "u"); // (?!) never matches
    this.#each = new RegExp(this.#anywhere, "gu");
  }

  get isEmpty(): boolean {
    return this.#tokens.size === 0;
  }

  isFreeOf(text: string): boolean {
    return this.isEmpty || !this.#anywhere.test(text);
  }

  split(text: string, splitSpecial: boolean): Stretch[] {
    const stretches: Stretch[] = [];
    let done = 0;
    const between = (start: number, end: number): void => {
      if (start < end) stretches.push({ start, end, token: undefined });
    };
    for (const { 0: pattern, index } of text.matchAll(this.#each)) {
      const token = this.#tokens.get(pattern);
      if (token === undefined || (splitSpecial && token.special)) continue;
      let [start, end] = [index, index + pattern.length];
      if (token.single_word && (WORD.test(characterBefore(text, start)) || WORD.test(characterAt(text, end)))) continue;
      if (token.lstrip) while (start > done && isWhiteSpace(text.charCodeAt(start - 1))) start--;
      if (token.rstrip) while (end < text.length && isWhiteSpace(text.charCodeAt(end))) end++;
      between(done, start);
      stretches.push({ start, end, token });
      done = end;
    }
    between(done, text.length);
    return stretches;
  }
}

/** A word character as Rust's regex crate has it. */
const WORD = new RegExp(`^${RUST_WORD}$`, "v");

/** The character at unit `at`; empty at the end of the text. */
function characterAt(text: string, at: number): string {
  const codePoint = text.codePointAt(at);
  return codePoint === undefined ? "" : String.fromCodePoint(codePoint);
}

/** The character that ends before unit `at`; empty at the beginning of the text. */
function characterBefore(text: string, at: number): string {
  const isPair = (text.codePointAt(at - 2) ?? 0) > 0xffff;
  return text.slice(Math.max(0, at - (isPair ? 2 : 1)), at);
}
