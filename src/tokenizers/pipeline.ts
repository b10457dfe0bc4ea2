// tokenizer.json's pipeline: text -> added tokens -> normalizer -> pre-tokenizer -> model -> ids, and back through the
// decoder. What becomes of the ids (special tokens, truncation, padding) is the tokenizer's part.
import { createHash } from "node:crypto";
import { type AddedToken, AddedTokens, addedTokenFromJson, specialToken } from "./added-tokens.js";
import { type Decoder, decoderFromJson } from "./decoders/index.js";
import { IntBuffer } from "./int-buffer.js";
import { JsonFields } from "./json/fields.js";
import { formatJson } from "./json/text.js";
import { type Model, modelFromJson } from "./models/index.js";
import { type Normalizer, normalizerFromJson } from "./normalizers/index.js";
import { type PostProcessor, postProcessorFromJson } from "./post-processors/index.js";
import { type PreTokenizer, preTokenizerFromJson } from "./pre-tokenizers/index.js";
import { NormalizedString } from "./text/normalized-string.js";
import { WordCache } from "./word-cache.js";

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

/** Ids with, for each, the UTF-16 units of the text it came from: from `starts[i]` up to but without `ends[i]`. */
export interface TokenBuffers {
  readonly ids: IntBuffer;
  readonly starts: IntBuffer;
  readonly ends: IntBuffer;
}

export function tokenBuffers(): TokenBuffers {
  return { ids: new IntBuffer(), starts: new IntBuffer(0), ends: new IntBuffer(0) };
}

export class Pipeline {
  readonly parts: PipelineParts;
  readonly #addedTokens: AddedTokens;
  readonly #cache = new WordCache();
  readonly #tokens: readonly (string | undefined)[];
  readonly #addedIds: ReadonlyMap<string, number>;
  readonly #specialIds: ReadonlySet<number>;
  /** Whether text between spaces, tabs and line ends can be tokenized part by part, and parts be remembered. */
  readonly #wordwise: boolean;
  #fingerprint: string | undefined;

  constructor(parts: PipelineParts) {
    this.parts = parts;
    this.#addedTokens = new AddedTokens(parts.addedTokens ?? [], parts.normalizer);
    this.#wordwise =
      parts.normalizer?.wordwise !== false && parts.preTokenizer?.wordwise === true && !this.#addedTokens.normalized;
    const added = this.#addedTokens.tokens;
    this.#addedIds = new Map(added.map(({ content, id }) => [content, id]));
    this.#specialIds = new Set(added.filter(({ special }) => special).map(({ id }) => id));
    const tokens: (string | undefined)[] = [];
    for (const [token, id] of parts.model.vocabulary) tokens[id] = token;
    for (const { content, id } of added) tokens[id] = content;
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
   * The same pipeline where each of `contents` is found in texts as a special token; those it lacks get ids of their own,
   * behind all others.
   */
  withSpecialTokens(contents: Iterable<string>): Pipeline {
    const known = this.#addedTokens.tokens;
    const missing = [...new Set(contents)].filter((content) => !known.some((token) => token.content === content));
    if (missing.length === 0) return this;
    let next = this.size;
    const added = missing.map((content) => specialToken(content, this.idOf(content) ?? next++));
    return this.with({ addedTokens: [...known, ...added] });
  }

  /** One more than the largest id. */
  get size(): number {
    return this.#tokens.length;
  }

  /** The id of a token, added or the model's. */
  idOf(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.parts.model.vocabulary.get(token);
  }

  /** The token of an id. */
  tokenOf(id: number): string | undefined {
    return this.#tokens[id];
  }

  /** Appends the ids of `text` to `out`. */
  encode(text: string, out: IntBuffer): void {
    if (this.#addedTokens.isFreeOf(text)) {
      this.#encodeStretch(text, out);
      return;
    }
    for (const { start, end, token } of this.#addedTokens.split(text)) {
      if (token) out.push(token.id);
      else this.#encodeStretch(text.slice(start, end), out);
    }
  }

  /** Appends the ids of `text` and where each came from. */
  encodeTraced(text: string, out: TokenBuffers): void {
    const push = (id: number, start: number, end: number): void => {
      out.ids.push(id);
      out.starts.push(start);
      out.ends.push(end);
    };
    for (const { start, end, token } of this.#addedTokens.split(text)) {
      if (token) {
        push(token.id, start, end);
        continue;
      }
      for (const { part, token } of this.#normalizedParts(NormalizedString.traced(text.slice(start, end), start))) {
        if (token) push(token.id, ...part.originalSpan(0, part.text.length));
        else for (const word of this.#words(part)) this.#traceWord(word, push);
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
    this.#fingerprint ??= createHash("sha256").update(formatJson(this.toJSON())).digest("hex");
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

  /** Ids of a stretch of text without added tokens. */
  #encodeStretch(text: string, out: IntBuffer): void {
    if (!this.#wordwise) {
      this.#encodePart(text, out);
      return;
    }
    const { length } = text;
    for (let start = 0; start < length; ) {
      let end = start;
      while (end < length && !isSeparator(text.charCodeAt(end))) end++;
      if (end > start) this.#encodeRemembered(text.slice(start, end), out);
      start = end + 1;
    }
  }

  #encodeRemembered(part: string, out: IntBuffer): void {
    if (this.#cache.lookUp(part, out)) return;
    const from = out.length;
    for (const word of this.#words(this.#normalize(NormalizedString.plain(part)))) {
      for (const { id } of this.parts.model.tokenize(word.text)) out.push(id);
    }
    this.#cache.remember(part, out, from);
  }

  /** Ids of a text that has to be normalized and cut as a whole; here the words are remembered. */
  #encodePart(text: string, out: IntBuffer): void {
    for (const { part, token } of this.#normalizedParts(NormalizedString.plain(text))) {
      if (token) {
        out.push(token.id);
        continue;
      }
      for (const word of this.#words(part)) {
        if (this.#cache.lookUp(word.text, out)) continue;
        const from = out.length;
        for (const { id } of this.parts.model.tokenize(word.text)) out.push(id);
        this.#cache.remember(word.text, out, from);
      }
    }
  }

  #traceWord(word: NormalizedString, push: (id: number, start: number, end: number) => void): void {
    for (const { id, start, end } of this.parts.model.tokenize(word.text)) push(id, ...word.originalSpan(start, end));
  }

  #normalize(text: NormalizedString): NormalizedString {
    this.parts.normalizer?.normalize(text);
    return text;
  }

  /** The normalized text in parts: the added tokens that are looked for in it, and what lies between them. */
  #normalizedParts(text: NormalizedString): { part: NormalizedString; token: { readonly id: number } | undefined }[] {
    const normalized = this.#normalize(text);
    if (!this.#addedTokens.normalized) return [{ part: normalized, token: undefined }];
    return this.#addedTokens
      .splitNormalized(normalized.text)
      .map(({ start, end, token }) => ({ part: normalized.slice(start, end), token }));
  }

  #words(text: NormalizedString): NormalizedString[] {
    if (text.text === "") return [];
    return this.parts.preTokenizer?.preTokenize(text) ?? [text];
  }
}

/** Space, tab, line feed, carriage return: what separates words in every wordwise stage. */
function isSeparator(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x09 || unit === 0x0d;
}
