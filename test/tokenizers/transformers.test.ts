// Our calls beside what transformers' tokenizer returned for the same texts and options.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { beforeAll, describe, expect, it } from "vitest";
import { AutoTokenizer, type CallOptions, type PreTrainedTokenizer } from "../../src/tokenizers/index.js";
import { describeShared, hasShared, sharedJson, sharedPath } from "../shared.js";
import { camelCase, MINILM, minilm, plain } from "./shared-model.js";

interface Case {
  text: string | string[];
  text_pair?: string | string[];
  options: Record<string, unknown>;
  expected?: Record<string, unknown>;
  error?: string;
  tokens?: string[];
  decoded?: string;
  decoded_skip_special?: string;
  word_ids?: (number | null)[][];
}

const TOKENIZERS = {
  "all-MiniLM-L6-v2": MINILM, // WordPiece
  "roberta-like": "fixtures/tokenizers/roberta-like", // byte-level BPE
  "albert-like": "fixtures/tokenizers/albert-like", // Unigram
};

describe.each(Object.entries(TOKENIZERS))("%s", (name, folder) => {
  describeShared("as in transformers", () => {
    const cases = hasShared ? sharedJson<Case[]>(`fixtures/tokenizers/${name}-cases.json`) : [];
    let tokenizer: PreTrainedTokenizer;
    beforeAll(async () => {
      tokenizer = await AutoTokenizer.fromPretrained(sharedPath(folder));
    });

    it("is about every case", () => {
      expect(cases.length).toBe(38);
      expect(cases.filter(({ error }) => error).length).toBe(1);
    });

    it.each(cases.map((one, i) => [i, JSON.stringify(one.options), one] as const))("case %i %s", (_, __, one) => {
      const options = camelCase(one.options) as CallOptions;
      if (one.error !== undefined) {
        expect(one.error).toContain("Sequence to truncate too short");
        expect(() => tokenizer(one.text, one.text_pair as string, options)).toThrow(/text 0: truncation "only_second"/);
        return;
      }
      const result = tokenizer(one.text, one.text_pair as string, options);
      const ids = result.input_ids as unknown as Int32Array;
      const expected = { ...one.expected };
      // Python leaves a list of one around the length of a single text.
      if (typeof one.text === "string" && Array.isArray(expected.length)) expected.length = expected.length[0];
      expect(Object.fromEntries(Object.entries(result).map(([name, value]) => [name, plain(value)]))).toEqual(expected);
      if (one.tokens) {
        expect(tokenizer.convertIdsToTokens(ids)).toEqual(one.tokens);
        expect(result.tokens()).toEqual(one.tokens);
      }
      if (one.decoded !== undefined) {
        expect(tokenizer.decode(ids)).toBe(one.decoded);
        expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(one.decoded_skip_special);
      }
      one.word_ids?.forEach((words, row) => {
        expect(result.wordIds(row)).toEqual(words);
      });
    });

    it("has offsets that cut the token's text out of the text", () => {
      const texts = cases.flatMap(({ text }) => (typeof text === "string" ? [text] : []));
      let compared = 0;
      for (const text of texts) {
        const encoding = tokenizer(text, { returnOffsetsMapping: true, addSpecialTokens: false });
        encoding.offset_mapping.forEach(([start, end], i) => {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(text.length);
          const token = tokenizer.convertIdsToTokens(encoding.input_ids[i]);
          const spelled = tokenizer.convertTokensToString(["x", token]).replace(/^x/, "").trim(); // what the token adds
          const slice = text.slice(start, end);
          if (spelled === "" || token === tokenizer.unkToken || spelled.includes("\ufffd") || !/^[ -~]*$/.test(slice))
            return;
          compared++;
          expect(slice.trim().toLowerCase()).toBe(spelled.toLowerCase());
        });
      }
      expect(compared).toBeGreaterThan(150);
    });
  });
});

describeShared("MRPC's ids", () => {
  it.each(["train", "validation", "test"])("of all pairs of %s", async (split) => {
    const file = sharedPath("fixtures/tokenizers/all-MiniLM-L6-v2-mrpc-input_ids.json.gz");
    const expected = JSON.parse(gunzipSync(readFileSync(file)).toString())[split] as number[][];
    const parquet = sharedPath(`hub/datasets/nyu-mll/glue/mrpc/${split}-00000-of-00001.parquet`);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(parquet) });
    const column = (name: string) => rows.map((row) => row[name] as string);
    const tokenizer = await minilm();
    const { input_ids } = tokenizer(column("sentence1"), column("sentence2"), { truncation: true });
    expect(expected.length).toBeGreaterThan(400);
    expect(plain(input_ids)).toEqual(expected);
    if (split === "train")
      expect(input_ids.slice(0, 8).map((row) => row.length)).toEqual([50, 59, 47, 67, 59, 50, 62, 32]);
  });
});
