// tokenizer.json's pipeline: text -> added tokens -> normalizer -> pre-tokenizer -> model -> ids, and back through the
// decoder. What becomes of the ids (special tokens, truncation, padding) is the tokenizer's part.
import { createHash } from "node:crypto";
import { type AddedToken, AddedTokens, addedTokenFromJson, specialToken, type TokenTraits } from "./added-tokens.js";
import { type Decoder, decoderFromJson } from "./decoders/index.js";
import { IntBuffer } from "./int-buffer.js";
import { JsonFields } from "./json/fields.js";
import { type Model, modelFromJson } from "./models/index.js";
import { type Normalizer, normalizerFromJson } from "./normalizers/index.js";
import { type PostProcessor, postProcessorFromJson } from "./post-processors/index.js";
import { type PreTokenizer, preTokenizerFromJson } from "./pre-tokenizers/index.js";
import { BYTE_SPACE } from "./text/bytes.js";
import { NormalizedString } from "./text/normalized-string.js";
import { isWhiteSpace, wellFormed } from "./text/unicode.js";
import { EMPTY_HASH, hashOf, hashWith, WordCache } from "./word-cache.js";

export interface PipelineParts {
  readonly normalizer?: Normalizer;
  readonly preTokenizer?: PreTokenizer;
  readonly model: Model;
  readonly postProcessor?: PostProcessor;
  readonly decoder?: Decoder;
  /** Default: none. */
  readonly addedTokens?: readonly AddedToken[];
  /** What tokenizer.json asks of truncation and padding: kept for other readers of the file, never acted on. */
  readonly truncation?: unknown;
  readonly padding?: unknown;
}

/**
 * Ids with, for each, the UTF-16 units of the text it came from, `starts[i]` up to but without `ends[i]`, and the number of
 * its word in the text.
 */
export interface TokenBuffers {
  readonly ids: IntBuffer;
  readonly starts: IntBuffer;
  readonly ends: IntBuffer;
  readonly words: IntBuffer;
  /** By their place in the buffers, the spaces of tokens of which their id does not tell. */
  readonly spaces: Map<number, Spaces>;
}

/** How many spaces a token begins and ends with. */
export interface Spaces {
  readonly leading: number;
  readonly trailing: number;
  /** True where a space was put before a character of two units, and stands for both. */
  readonly wide?: boolean;
}

export function tokenBuffers(): TokenBuffers {
  return {
    ids: new IntBuffer(),
    starts: new IntBuffer(0),
    ends: new IntBuffer(0),
    words: new IntBuffer(0),
    spaces: new Map(),
  };
}

const SPACE = 0x20;

const LEADING_SPACES = new RegExp(`^[${BYTE_SPACE}\\p{White_Space}]+`, "u");
const TRAILING_SPACES = new RegExp(`(?<![${BYTE_SPACE}\\p{White_Space}])[${BYTE_SPACE}\\p{White_Space}]+$`, "u");

export class Pipeline {
  readonly parts: PipelineParts;
  readonly #addedTokens: AddedTokens;
  /** What the parts of texts between spaces become, where texts can be tokenized part by part. */
  readonly #parts = new WordCache();
  /** What words become once they are normalized and cut. */
  readonly #words = new WordCache();
  readonly #tokens: readonly (string | undefined)[];
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #specialIds: ReadonlySet<number>;
  /** Whether a text can be cut before single spaces and tokenized part by part. */
  readonly #wordwise: boolean;
  readonly #spaces = new Map<number, Spaces>();
  #fingerprint: string | undefined;

  constructor(parts: PipelineParts) {
    this.parts = parts;
    this.#addedTokens = new AddedTokens(parts.addedTokens ?? [], parts.normalizer);
    const { normalizer, preTokenizer } = parts;
    this.#wordwise =
      normalizer?.wordwise !== false && preTokenizer?.cuts === "at spaces" && !this.#addedTokens.normalized;
    const added = this.#addedTokens.tokens;
    this.#addedIds = new Map(added.map(({ content, id }) => [content, id]));
    this.#specialIds = new Set(added.filter(({ special }) => special).map(({ id }) => id));
    const tokens: (string | undefined)[] = [];
    for (const [token, id] of parts.model.vocabulary) tokens[id] = token;
    for (const token of added) tokens[token.id] = this.#addedTokens.formOf(token);
    this.#tokens = tokens;
  }

  /** Throws FileFormatError where `json` is no tokenizer.json that Attune can follow; `file` names it in messages. */
  static fromJson(json: unknown, file = "tokenizer.json"): Pipeline {
    const fields = new JsonFields(file, json);
    const stage = <Stage>(name: string, make: (fields: JsonFields) => Stage): Stage | undefined =>
      fields.has(name) ? make(fields.child(name)) : undefined;
    return new Pipeline({
      normalizer: stage("normalizer", normalizerFromJson),
      preTokenizer: stage("pre_tokenizer", preTokenizerFromJson),
      model: modelFromJson(fields.child("model")),
      postProcessor: stage("post_processor", postProcessorFromJson),
      decoder: stage("decoder", decoderFromJson),
      addedTokens: fields
        .array("added_tokens", [])
        .map((token, i) => addedTokenFromJson(file, token, `added_tokens[${i}]`)),
      truncation: fields.object.truncation,
      padding: fields.object.padding,
    });
  }

  /** The same pipeline with another part or more. */
  with(parts: Partial<PipelineParts>): Pipeline {
    return new Pipeline({ ...this.parts, ...parts });
  }

  /**
   * The same pipeline where each of `contents` is found in texts as a special token, in the way that `traits` declare; those
   * it lacks get ids of their own, behind all others.
   */
  withSpecialTokens(contents: Iterable<string>, traits?: ReadonlyMap<string, TokenTraits>): Pipeline {
    const known = this.#addedTokens.tokens;
    const missing = [...new Set(contents)].filter((content) => !known.some((token) => token.content === content));
    return this.withTokens(
      missing.map((content) => ({ ...specialToken(content, 0), ...traits?.get(content), special: true })),
    );
  }

  /**
   * The same pipeline where `tokens` are found in texts; those that neither the model nor it knows get ids behind all
   * others. Ids given are not looked at; a token that is known already is found as the new one says.
   */
  withTokens(tokens: readonly Omit<AddedToken, "id">[]): Pipeline {
    if (tokens.length === 0) return this;
    let next = this.size;
    const added = new Map(this.#addedTokens.tokens.map((token) => [token.content, token]));
    for (const token of tokens) {
      const id = added.get(token.content)?.id ?? this.idOf(token.content) ?? next++;
      added.set(token.content, { ...token, id });
    }
    return this.with({ addedTokens: [...added.values()] });
  }

  /** One more than the largest id. */
  get size(): number {
    return this.#tokens.length;
  }

  /** The added tokens with their ids. */
  get addedIds(): ReadonlyMap<string, number> {
    return this.#addedIds;
  }

  /** The id of a token, added or the model's. */
  idOf(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.parts.model.vocabulary.get(token);
  }

  /** The token of an id. */
  tokenOf(id: number): string | undefined {
    return this.#tokens[id];
  }

  /** How many spaces a token begins and ends with, in any spelling of a space. */
  spacesOf(id: number): Spaces {
    const known = this.#spaces.get(id);
    if (known) return known;
    const spaces = countSpaces(this.tokenOf(id) ?? "");
    this.#spaces.set(id, spaces);
    return spaces;
  }

  /** Appends the ids of `text` to `out`. `splitSpecial`: special tokens that stand in it are text as any other. */
  encode(text: string, out: IntBuffer, splitSpecial = false): void {
    const given = wellFormed(text);
    if (this.#addedTokens.isFreeOf(given)) {
      this.#encodeStretch(given, 0, out, splitSpecial);
      return;
    }
    for (const { start, end, token } of this.#addedTokens.split(given, splitSpecial)) {
      if (token) out.push(token.id);
      else this.#encodeStretch(given.slice(start, end), start, out, splitSpecial);
    }
  }

  /** The same with where each id came from, and the number of its word: `word` for all where it is given. */
  encodeTraced(text: string, out: TokenBuffers, word?: number, splitSpecial = false): void {
    const given = wellFormed(text);
    let next = 0;
    const push = (id: number, start: number, end: number): void => {
      if ((given.charCodeAt(start) & 0xfc00) === 0xd800 && this.spacesOf(id).leading > 0) {
        out.spaces.set(out.ids.length, { ...this.spacesOf(id), wide: true });
      }
      out.ids.push(id);
      out.starts.push(start);
      out.ends.push(end);
      out.words.push(word ?? next);
    };
    const pushAdded = (id: number, content: string, start: number, end: number): void => {
      const spaces = countSpaces(content);
      if (spaces.leading > 0 || spaces.trailing > 0) out.spaces.set(out.ids.length, spaces);
      push(id, start, end);
      next++;
    };
    for (const { start, end, token } of this.#addedTokens.split(given, splitSpecial)) {
      if (token) {
        pushAdded(token.id, given.slice(start, end), start, end);
        continue;
      }
      const traced = NormalizedString.traced(given.slice(start, end), start);
      for (const { part, token } of this.#normalizedParts(traced, splitSpecial)) {
        if (token) {
          pushAdded(token.id, part.text, ...part.originalSpan(0, part.text.length));
          continue;
        }
        for (const cut of this.#cut(part)) {
          for (const { id, start, end } of this.parts.model.tokenize(cut.text))
            push(id, ...cut.originalSpan(start, end));
          next++;
        }
      }
    }
  }

  /** The text of ids; an id without token adds nothing. */
  decode(ids: Iterable<number>, skipSpecialTokens: boolean): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.tokenOf(id);
      if (token !== undefined && !(skipSpecialTokens && this.#specialIds.has(id))) tokens.push(token);
    }
    return this.joinTokens(tokens);
  }

  /** The text of tokens. */
  joinTokens(tokens: readonly string[]): string {
    return this.parts.decoder ? this.parts.decoder.decode(tokens).join("") : tokens.join(" ");
  }

  /** Changes with anything that tokenizer.json says. */
  get fingerprint(): string {
    this.#fingerprint ??= createHash("sha256").update(JSON.stringify(this.toJSON(), flatMaps)).digest("hex");
    return this.#fingerprint;
  }

  /** tokenizer.json; a Map is an object whose order is the Map's. */
  toJSON(): object {
    const { parts } = this;
    return {
      version: "1.0",
      truncation: parts.truncation ?? null,
      padding: parts.padding ?? null,
      added_tokens: this.#addedTokens.tokens,
      normalizer: parts.normalizer?.toJSON() ?? null,
      pre_tokenizer: parts.preTokenizer?.toJSON() ?? null,
      post_processor: parts.postProcessor?.toJSON() ?? null,
      decoder: parts.decoder?.toJSON() ?? null,
      model: parts.model.toJSON(),
    };
  }

  /** Ids of a stretch of text without added tokens, which begins at unit `position` of the text. */
  #encodeStretch(text: string, position: number, out: IntBuffer, splitSpecial: boolean): void {
    const before = out.length;
    if (this.#wordwise && this.#encodeParts(text, out)) return;
    out.length = before;
    this.#encodeWhole(text, position, out, splitSpecial);
  }

  /**
   * Ids of a text that is cut before each single space, and before spaces at its end; each part is remembered as it
   * stands. Returns false, with some ids in `out`, where normalizing moves the spaces, so that cutting there would be wrong.
   */
  #encodeParts(text: string, out: IntBuffer): boolean {
    let last = text.length; // where white space at the end begins, if it begins with a space
    while (last > 0 && isWhiteSpace(text.charCodeAt(last - 1))) last--;
    if (text.charCodeAt(last) !== SPACE) last = text.length;
    let start = 0;
    let hash = EMPTY_HASH;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const isCut = i === last || (unit === SPACE && i > 0 && i < last && isSingleSpace(text, i, last));
      if (isCut && start < i) {
        if (!this.#encodePart(text, start, i, hash, out)) return false;
        start = i;
        hash = EMPTY_HASH;
      }
      hash = hashWith(hash, unit);
    }
    return start === text.length || this.#encodePart(text, start, text.length, hash, out);
  }

  /** Ids of the units `start` to `end` - 1 of a text; false where their ends are not what they were before normalizing. */
  #encodePart(text: string, start: number, end: number, hash: number, out: IntBuffer): boolean {
    if (this.#parts.lookUp(text, start, end, hash, out)) return true;
    const part = text.slice(start, end);
    const normalized = this.#normalize(NormalizedString.plain(part));
    if (normalized.text !== part && !endsAlike(normalized.text, part)) return false;
    const from = out.length;
    for (const word of this.#cut(normalized)) {
      for (const { id } of this.parts.model.tokenize(word.text)) out.push(id);
    }
    this.#parts.remember(text, start, end, hash, out, from);
    return true;
  }

  /** Ids of a text that has to be normalized and cut as a whole; here the words are remembered. */
  #encodeWhole(text: string, position: number, out: IntBuffer, splitSpecial: boolean): void {
    // Whether something begins the text is told by the original, where normalizing may have changed the beginning.
    const traced = this.parts.normalizer !== undefined && this.parts.preTokenizer?.knowsBeginning === true;
    const given = traced ? NormalizedString.traced(text, position) : NormalizedString.plain(text, position);
    for (const { part, token } of this.#normalizedParts(given, splitSpecial)) {
      if (token) {
        out.push(token.id);
        continue;
      }
      for (const word of this.#cut(part)) {
        const { length } = word.text;
        const hash = hashOf(word.text);
        if (this.#words.lookUp(word.text, 0, length, hash, out)) continue;
        const from = out.length;
        for (const { id } of this.parts.model.tokenize(word.text)) out.push(id);
        this.#words.remember(word.text, 0, length, hash, out, from);
      }
    }
  }

  #normalize(text: NormalizedString): NormalizedString {
    this.parts.normalizer?.normalize(text);
    return text;
  }

  /** The normalized text in parts: the added tokens that are looked for in it, and what lies between them. */
  #normalizedParts(
    text: NormalizedString,
    splitSpecial: boolean,
  ): { part: NormalizedString; token: { readonly id: number } | undefined }[] {
    const normalized = this.#normalize(text);
    const stretches = this.#addedTokens.normalized
      ? this.#addedTokens.splitNormalized(normalized.text, splitSpecial)
      : [{ start: 0, end: normalized.text.length, token: undefined }];
    return stretches.map(({ start, end, token }) => ({ part: normalized.slice(start, end), token }));
  }

  #cut(text: NormalizedString): NormalizedString[] {
    if (text.text === "") return [];
    return this.parts.preTokenizer?.preTokenize(text) ?? [text];
  }
}

function countSpaces(token: string): Spaces {
  const leading = LEADING_SPACES.exec(token)?.[0].length ?? 0;
  const trailing = TRAILING_SPACES.exec(token)?.[0].length ?? 0;
  return { leading, trailing };
}

/** Whether the space at unit `i` of a text stands alone, before other than white space at the end, which begins at `last`. */
function isSingleSpace(text: string, i: number, last: number): boolean {
  return !isWhiteSpace(text.charCodeAt(i - 1)) && i + 1 < last && !isWhiteSpace(text.charCodeAt(i + 1));
}

/** Whether a part of a text, normalized, begins and ends with white space where it did before, and with a space alike. */
function endsAlike(normalized: string, part: string): boolean {
  if (normalized === "") return false;
  const isSpaceAt = (text: string, i: number): boolean => isWhiteSpace(text.charCodeAt(i));
  if (isSpaceAt(part, part.length - 1))
    return Array.from(normalized, (_, i) => isSpaceAt(normalized, i)).every(Boolean);
  if (isSpaceAt(normalized, normalized.length - 1)) return false;
  return !part.startsWith(" ") || (normalized[0] === " " && isSpaceAt(part, 1) === isSpaceAt(normalized, 1));
}

/** For JSON.stringify: a Map as its keys and its values, all of which the text tells apart. */
function flatMaps(_name: string, value: unknown): unknown {
  return value instanceof Map ? [JSON.stringify([...value.keys()]), JSON.stringify([...value.values()])] : value;
}
