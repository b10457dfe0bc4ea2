// Every stage of tokenizer.json beside the Rust package, on random texts; pipelines.soak.ts takes many more.
import { describe, it } from "vitest";
import { compareTexts, compareWithRust } from "./compare.js";
import { PIPELINES, pipelineJson } from "./pipelines.js";

describe("random texts through every stage", () => {
  it.each(Object.entries(PIPELINES))("%s: Rust's ids, offsets, words and text", async (_, parts) => {
    await compareWithRust(pipelineJson(parts), 300, 20_250_101);
  });
});

it("a charsmap takes clusters for one where Rust does: not across format characters, nor behind them", async () => {
  const alone = [0xad, 0x61c, 0x180e, 0x200b, 0x2028, 0x2060, 0x2065, 0xfeff, 0xfff9, 0x1d173, 0xe0001, 0x0, 0xd];
  const others = [0x61, 0x200c, 0x200d, 0x600, 0x110bd, 0x11f02, 0xe0020, 0x0e33, 0xac00, 0x1f3fd, 0xe0100];
  const characters = [...alone, ...others].map((codePoint) => String.fromCodePoint(codePoint));
  const texts = characters.flatMap((one) => [
    `a ${one}\u0301b`,
    `a \u0600${one}b`,
    ...characters.map((other) => `x ${one}${other}\u0301 y`),
  ]);
  await compareTexts(pipelineJson(PIPELINES["that charsmap alone, words of white space"]), texts);
});
