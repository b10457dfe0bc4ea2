// Every stage of tokenizer.json beside the Rust package, on random texts; pipelines.soak.ts takes many more.
import { describe, it } from "vitest";
import { compareWithRust } from "./compare.js";
import { PIPELINES, pipelineJson } from "./pipelines.js";

describe("random texts through every stage", () => {
  it.each(Object.entries(PIPELINES))("%s: Rust's ids, offsets, words and text", async (_, parts) => {
    await compareWithRust(pipelineJson(parts), 300, 20_250_101);
  });
});
