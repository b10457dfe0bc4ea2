// A pipeline beside the Rust package on random texts: ids, offsets, words, decoding.
import { expect } from "vitest";
import { IntBuffer } from "../../src/tokenizers/int-buffer.js";
import { Pipeline } from "../../src/tokenizers/pipeline.js";
import { specialTokensFrom } from "../../src/tokenizers/special-tokens.js";
import { makeTokenizer, type PreTrainedTokenizer } from "../../src/tokenizers/tokenizer.js";
import { randomFrom, randomText, rust } from "./rust.js";

/** A tokenizer of a tokenizer.json, with nothing of tokenizer_config.json. */
export function tokenizerOf(json: string): PreTrainedTokenizer {
  return makeTokenizer(Pipeline.fromJson(JSON.parse(json)), {
    specialTokens: specialTokensFrom({ pad_token: "[PAD]" }),
    modelMaxLength: Infinity,
    paddingSide: "right",
    truncationSide: "right",
    padTokenTypeId: 0,
    modelInputNames: ["input_ids"],
    cleanUpTokenizationSpaces: false,
    config: {},
  });
}

/** Rust counts offsets in code points; ours are UTF-16 units. */
export function toUnits(text: string, offsets: readonly (readonly number[])[]): number[][] {
  const units = [0];
  for (const character of text) units.push(units[units.length - 1] + character.length);
  return offsets.map((span) => span.map((position) => units[position]));
}

/** Compares `count` random texts. */
export function compareWithRust(json: string, count: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  return compareTexts(
    json,
    Array.from({ length: count }, () => randomText(random)),
  );
}

/**
 * Compares what becomes of texts: the ids of the fast way and of the one that traces, offsets, words, and what decoding
 * gives. What decoding of nothing is, Rust does not always say.
 */
export async function compareTexts(json: string, texts: string[]): Promise<void> {
  const ours = tokenizerOf(json);
  const theirs = rust.Tokenizer.fromString(json);
  const encodings = await theirs.encodeBatch(texts);
  const traced = ours(texts, { returnOffsetsMapping: true });
  const buffer = new IntBuffer();
  for (const [i, text] of texts.entries()) {
    const expected = encodings[i];
    const ids = expected.getIds();
    buffer.length = 0;
    ours.pipeline.encode(text, buffer);
    const plain = Array.from(ours.encode(text));
    const found = { text, ids: Array.from(traced.input_ids[i]), plain, offsets: traced.offset_mapping[i] };
    expect(found).toEqual({ text, ids, plain: ids, offsets: toUnits(text, expected.getOffsets()) });
    expect({ text, words: ours(text).wordIds() }).toEqual({ text, words: expected.getWordIds() });
    if (ids.length === 0) continue;
    for (const skipSpecialTokens of [false, true]) {
      const decoded = await theirs.decode(ids, skipSpecialTokens).catch(() => undefined);
      if (decoded !== undefined) {
        expect({ text, decoded: ours.decode(ids, { skipSpecialTokens }) }).toEqual({ text, decoded });
      }
    }
  }
}
