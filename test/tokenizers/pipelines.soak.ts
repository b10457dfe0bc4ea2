// A hundred thousand random texts through every stage of tokenizer.json, beside the Rust package.
import { describe, it } from "vitest";
import { compareWithRust } from "./compare.js";
import { PIPELINES, pipelineJson } from "./pipelines.js";

const TEXTS = 100_000;

describe("random texts through every stage", () => {
  const pipelines = Object.entries(PIPELINES);
  const each = Math.ceil(TEXTS / pipelines.length);

  it.each(pipelines)(
    "%s: Rust's ids, offsets, words and text",
    async (_, parts) => {
      for (let done = 0; done < each; done += 500) await compareWithRust(pipelineJson(parts), 500, 1 + done);
    },
    600_000,
  );
});
