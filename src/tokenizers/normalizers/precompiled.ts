// SentencePiece's charsmap: replacements that were compiled into a trie (tokenizers/src/normalizers/precompiled.rs and the
// crate spm_precompiled; sentencepiece/src/normalizer.cc). It is a little-endian length, a double-array trie of as many
// bytes from keys to places, and behind it the replacements, each ended by a zero byte.
import { FileFormatError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import type { Change, NormalizedString } from "../text/normalized-string.js";
import { graphemeCluster } from "../text/unicode.js";
import type { Normalizer } from "./index.js";

/** Longer clusters of characters are looked up character by character. */
const LONGEST_CLUSTER_BYTES = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Precompiled implements Normalizer {
  readonly charsmap: Uint8Array;
  readonly wordwise = true;
  readonly #trie: Uint32Array;
  readonly #replacements: Uint8Array;
  /** Printable ASCII, where nothing of it is replaced: the common case, told fast. */
  readonly #plain: RegExp;
  readonly #known = new Map<string, string | undefined>();

  /** Throws FileFormatError, naming `place`, where the map is damaged. */
  constructor(charsmap: Uint8Array, place = "precompiled_charsmap") {
    this.charsmap = charsmap;
    const view = new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.byteLength);
    const size = charsmap.length >= 4 ? view.getUint32(0, true) : 0;
    if (charsmap.length < 4 || size % 4 !== 0 || 4 + size > charsmap.length) {
      throw new FileFormatError(`${place} is damaged: a trie of ${size} bytes does not fit ${charsmap.length}`);
    }
    this.#trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#replacements = charsmap.subarray(4 + size);
    const ascii = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i));
    this.#plain = ascii.some((character) => this.#replacementOf(character) !== undefined) ? /^$/ : /^[ -~]*$/;
  }

  static fromJson(fields: JsonFields): Precompiled {
    return new Precompiled(
      Buffer.from(fields.string("precompiled_charsmap"), "base64"),
      `${fields.place}.precompiled_charsmap`,
    );
  }

  normalize(text: NormalizedString): void {
    const { text: old } = text;
    if (this.#plain.test(old)) return;
    const parts = this.#parts(old);
    const changed = parts.map(([part, replacement]) => replacement ?? part).join("");
    text.transform(changed, () => changesOf(parts));
  }

  /** The text in clusters or characters, with what replaces them. */
  #parts(text: string): [part: string, replacement: string | undefined][] {
    const parts: [string, string | undefined][] = [];
    for (const [cluster] of text.matchAll(graphemeCluster)) {
      const whole = Buffer.byteLength(cluster) <= LONGEST_CLUSTER_BYTES ? this.#replacementOf(cluster) : undefined;
      if (whole !== undefined) parts.push([cluster, whole]);
      else for (const character of cluster) parts.push([character, this.#replacementOf(character)]);
    }
    return parts;
  }

  /** What replaces `text`: the replacement of the shortest key that it begins with; undefined where there is none. */
  #replacementOf(text: string): string | undefined {
    if (this.#known.has(text)) return this.#known.get(text);
    const place = this.#lookUp(encoder.encode(text));
    let replacement: string | undefined;
    if (place !== undefined) {
      const end = this.#replacements.indexOf(0, place);
      replacement = decoder.decode(this.#replacements.subarray(place, end < 0 ? undefined : end));
    }
    if (this.#known.size < 1 << 16) this.#known.set(text, replacement);
    return replacement;
  }

  /** Walks the double array (Darts-clone's layout of a node: offset, label and a flag in 32 bits). */
  #lookUp(key: Uint8Array): number | undefined {
    const trie = this.#trie;
    if (trie.length === 0) return undefined;
    let node = offsetOf(trie[0]);
    for (const byte of key) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = trie[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) return (trie[node] ?? 0) & 0x7fffffff;
    }
    return undefined;
  }

  toJSON(): object {
    return { type: "Precompiled", precompiled_charsmap: Buffer.from(this.charsmap).toString("base64") };
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}

/** How the parts become their replacements: character by character, what is left over put in or taken away at the end. */
function changesOf(parts: readonly (readonly [part: string, replacement: string | undefined])[]): Change[] {
  const changes: [character: string, change: number][] = [];
  for (const [part, replacement] of parts) {
    const first = changes.length;
    for (const character of replacement ?? part) changes.push([character, 0]);
    const surplus = changes.length - first - Array.from(part).length;
    for (let i = 1; i <= surplus; i++) changes[changes.length - i][1] = 1;
    if (surplus < 0 && changes.length > 0) changes[changes.length - 1][1] += surplus;
  }
  return changes;
}
