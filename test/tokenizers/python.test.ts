// Random texts under random options, beside what transformers' tokenizers made of the same, and the files that it saves
// (python.py).
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { AttuneError } from "../../src/support/errors.js";
import { AutoTokenizer, type CallOptions, type PreTrainedTokenizer, type Side } from "../../src/tokenizers/index.js";
import { Pipeline } from "../../src/tokenizers/pipeline.js";
import { specialTokensFrom } from "../../src/tokenizers/special-tokens.js";
import { makeTokenizer } from "../../src/tokenizers/tokenizer.js";
import { toUnits } from "./compare.js";
import { camelCase, plain } from "./shared-model.js";

type Texts = string | string[] | string[][];
type Numbers = (number | null)[];
type Fields = Record<string, unknown>;

interface Case {
  tokenizer: string;
  sides: [padding: Side, truncation: Side];
  text: Texts;
  text_pair: Texts | null;
  options: Fields;
  error?: string;
  expected: Fields & { overflow_to_sample_mapping?: number[] };
  word_ids: Numbers[];
  sequence_ids: Numbers[];
  first: {
    ids: number[];
    tokens: string[];
    without_special: string[];
    decoded: string[];
    word_to_tokens: (number[] | null)[];
  };
}

interface Saved {
  files: Record<string, string>;
  texts: string[];
  ids: number[][];
  decoded: string[];
  length: number;
  special: string[];
  roles: Record<string, string>;
  inputs: string[];
  maximum: number;
}

interface Python {
  saved: Record<string, Saved>;
  tokenizers: Record<string, Fields>;
  inputs: Record<string, string[]>;
  cases: Case[];
}

const file = new URL("python.json.gz", import.meta.url);
const python = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Python;
const pipelines = Object.fromEntries(
  Object.entries(python.tokenizers).map(([name, json]) => [name, Pipeline.fromJson(json)]),
);

function tokenizerOf({ tokenizer, sides: [paddingSide, truncationSide] }: Case): PreTrainedTokenizer {
  const roles = ["pad", "unk", "cls", "sep", "mask"].map((role) => [`${role}_token`, `[${role.toUpperCase()}]`]);
  return makeTokenizer(pipelines[tokenizer], {
    specialTokens: specialTokensFrom(Object.fromEntries(roles)),
    modelMaxLength: 24,
    paddingSide,
    truncationSide,
    padTokenTypeId: 0,
    modelInputNames: python.inputs[tokenizer],
    cleanUpTokenizationSpaces: false,
    config: {},
  });
}

/** Python's spans, which count code points, in UTF-16 units of the text, or of the word, that each token is of. */
function spansInUnits({ text, text_pair: pair, options, expected, ...one }: Case): unknown {
  const rows = expected.offset_mapping as number[][][] | number[][];
  const words = options.is_split_into_words === true;
  const isBatch = Array.isArray(text) && (!words || Array.isArray(text[0]));
  const convert = (row: number[][], i: number): number[][] => {
    const sample = expected.overflow_to_sample_mapping?.[i] ?? i;
    return row.map((span, token) => {
      const sequence = one.sequence_ids[i][token];
      if (sequence === null) return span;
      const texts = sequence === 0 ? text : pair;
      const own = isBatch ? texts?.[sample] : texts;
      const word = words ? own?.[one.word_ids[i][token] ?? 0] : own;
      return toUnits(String(word), [span])[0];
    });
  };
  const isNested = isBatch || expected.overflow_to_sample_mapping !== undefined;
  return isNested ? (rows as number[][][]).map(convert) : convert(rows as number[][], 0);
}

describe("what transformers saved", () => {
  it.each(Object.entries(python.saved))("of %s is read here, tokens that were added among it", async (_, saved) => {
    const folder = await mkdtemp(join(tmpdir(), "attune-python-tokenizer-"));
    for (const [name, text] of Object.entries(saved.files)) await writeFile(join(folder, name), text);
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    await rm(folder, { recursive: true });
    const { input_ids } = tokenizer(saved.texts, { padding: true });
    expect(plain(input_ids)).toEqual(saved.ids);
    expect(tokenizer.batchDecode(input_ids, { skipSpecialTokens: true })).toEqual(saved.decoded);
    expect(tokenizer.length).toBe(saved.length);
    expect(tokenizer.allSpecialTokens.sort()).toEqual(saved.special);
    expect(tokenizer.specialTokensMap).toEqual(saved.roles);
    expect(tokenizer.modelInputNames).toEqual(saved.inputs);
    expect([tokenizer.modelMaxLength, tokenizer.paddingSide]).toEqual([saved.maximum, "left"]);
  });
});

describe.each(Object.keys(python.tokenizers))("%s", (name) => {
  const cases = python.cases.filter(({ tokenizer }) => tokenizer === name);
  const call = (one: Case) => {
    const { text_target: textTarget, ...options } = one.options;
    const given = { ...camelCase(options), ...(textTarget === undefined ? {} : { textTarget }), verbose: false };
    return tokenizerOf(one)(one.text as string, one.text_pair as string, given as CallOptions);
  };

  it("gives transformers' fields, words and texts, whatever the options", () => {
    for (const one of cases.filter(({ error }) => error === undefined)) {
      const { text, text_pair, options, expected } = one;
      const encoding = call(one);
      const python = { ...expected };
      if (python.offset_mapping) python.offset_mapping = spansInUnits(one);
      // Python leaves a list of one around the length of a single text.
      if (typeof encoding.length === "number") python.length = (python.length as number[])[0];
      const fields = Object.entries(encoding).map(([name, value]) => [name, plain(value)]);
      const rows = one.word_ids.map((_, row) => row);
      expect({
        text,
        text_pair,
        options,
        fields: Object.fromEntries(fields),
        words: rows.map((row) => encoding.wordIds(row)),
        sequences: rows.map((row) => encoding.sequenceIds(row)),
      }).toEqual({ text, text_pair, options, fields: python, words: one.word_ids, sequences: one.sequence_ids });
    }
    expect(cases.length).toBeGreaterThan(60);
  });

  it("refuses what transformers refuses", () => {
    const refused = cases.filter(({ error }) => error !== undefined);
    for (const one of refused) expect(() => call(one), JSON.stringify(one)).toThrow(AttuneError);
    expect(refused.length).toBeGreaterThan(3);
  });

  it("goes between ids, tokens, words and texts as transformers does", () => {
    for (const one of cases.filter(({ error }) => error === undefined)) {
      const tokenizer = tokenizerOf(one);
      const { ids, tokens, without_special, decoded, word_to_tokens } = one.first;
      const encoding = call(one);
      expect(tokenizer.convertIdsToTokens(ids)).toEqual(tokens);
      expect(encoding.tokens()).toEqual(tokens);
      expect(tokenizer.convertIdsToTokens(ids, { skipSpecialTokens: true })).toEqual(without_special);
      expect([
        tokenizer.decode(ids),
        tokenizer.decode(ids, { skipSpecialTokens: true }),
        tokenizer.decode(ids, { cleanUpTokenizationSpaces: true }),
      ]).toEqual(decoded);
      const words = tokens.map((_, token) => {
        const word = encoding.tokenToWord(token);
        const sequence = encoding.tokenToSequence(token) === 1 ? 1 : 0;
        return word === undefined ? null : encoding.wordToTokens(word, { sequence });
      });
      expect({ tokens, words }).toEqual({ tokens, words: word_to_tokens });
    }
  });
});
