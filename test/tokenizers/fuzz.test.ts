// Random Unicode through the whole pipeline, beside the Rust package: ids, offsets, pairs, truncation, padding, decoding.
import type { TruncationStrategy } from "tokenizers";
import { beforeAll, expect, it } from "vitest";
import type { PreTrainedTokenizer } from "../../src/tokenizers/index.js";
import { describeShared, hasShared, sharedPath } from "../shared.js";
import { toUnits } from "./compare.js";
import { type RustTokenizer, randomFrom, randomText, rust } from "./rust.js";
import { MINILM, minilm } from "./shared-model.js";

const TEXTS = 6000;

describeShared("random texts", () => {
  let ours: PreTrainedTokenizer;
  let theirs: RustTokenizer;
  const random = randomFrom(20_250_101);
  const texts = Array.from({ length: TEXTS }, () => randomText(random));

  beforeAll(async () => {
    if (!hasShared) return;
    ours = await minilm();
    theirs = rust.Tokenizer.fromFile(sharedPath(`${MINILM}/tokenizer.json`));
    theirs.disablePadding();
    theirs.disableTruncation();
  });

  it("have Rust's ids and offsets", async () => {
    const { input_ids, offset_mapping } = ours(texts, { returnOffsetsMapping: true });
    const fast = ours(texts).input_ids;
    const expectedAll = await theirs.encodeBatch(texts);
    for (let i = 0; i < TEXTS; i++) {
      const expected = expectedAll[i];
      expect({ text: texts[i], ids: Array.from(input_ids[i]) }).toEqual({ text: texts[i], ids: expected.getIds() });
      expect(fast[i]).toEqual(input_ids[i]);
      expect({ text: texts[i], offsets: offset_mapping?.[i] }).toEqual({
        text: texts[i],
        offsets: toUnits(texts[i], expected.getOffsets()),
      });
    }
  });

  it("come back as Rust's text", async () => {
    for (const text of texts.slice(0, 1000)) {
      const ids = ours.encode(text);
      for (const skip of [false, true]) {
        expect(ours.decode(ids, { skipSpecialTokens: skip })).toBe(await theirs.decode(Array.from(ids), skip));
      }
    }
  });

  it("are cut in pairs as in Rust", async () => {
    const tokenizer = rust.Tokenizer.fromFile(sharedPath(`${MINILM}/tokenizer.json`));
    tokenizer.disablePadding();
    const lengths = ours(texts, { addSpecialTokens: false }).input_ids.map((row) => row.length);
    let cut = 0;
    for (let i = 0; i + 1 < TEXTS; i += 2) {
      const [a, b] = [lengths[i], lengths[i + 1]];
      // 0.23.2 reads no more than maxLength tokens of each text, so that it cuts otherwise where one has more; 0.23.3 does not.
      const maxLength = Math.max(a, b, 6) + random(8);
      if (a + b + 3 <= maxLength || a + b > 200) continue;
      cut++;
      const stride = random(3);
      const overflow = stride < Math.floor((maxLength - 3) / 2) - 1;
      const options = { stride: overflow ? stride : 0, strategy: "LongestFirst" as TruncationStrategy.LongestFirst };
      tokenizer.setTruncation(maxLength, options);
      const expected = await tokenizer.encode(texts[i], texts[i + 1]);
      const encoding = ours([texts[i]], [texts[i + 1]], {
        truncation: "longest_first",
        maxLength,
        stride: options.stride,
        returnOverflowingTokens: overflow,
      });
      const rows = [expected, ...(overflow ? expected.getOverflowing() : [])];
      expect(encoding.input_ids.map((row) => Array.from(row))).toEqual(rows.map((row) => row.getIds()));
      expect(encoding.token_type_ids?.map((row) => Array.from(row))).toEqual(rows.map((row) => row.getTypeIds()));
    }
    expect(cut).toBeGreaterThan(1000);
  });

  it("hold lone surrogates as Rust holds what replaces them", async () => {
    for (const text of ["a\ud800b c", "\udfff", "x\udc00\ud800y [MASK]\ud800"]) {
      expect(Array.from(ours.encode(text))).toEqual((await theirs.encode(text)).getIds());
    }
  });
});
