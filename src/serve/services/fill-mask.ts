// The service of a masked language model: texts with masks to the words that it puts there.
import type { FilledMask, FillMaskPipeline } from "../../pipelines/index.js";
import type { PreTrainedTokenizer } from "../../tokenizers/index.js";
import { HttpError } from "../http-error.js";
import type { Service } from "../service.js";
import { count, type Setting, words } from "../settings.js";
import { textOf, textSchema } from "./inputs.js";

export interface FillSettings {
  readonly topK: number;
  readonly targets: readonly string[] | undefined;
}

export function fillMaskService(
  fill: FillMaskPipeline,
  tokenizer: PreTrainedTokenizer,
): Service<string, FillSettings, readonly FilledMask[] | readonly FilledMask[][]> {
  const mask = tokenizer.maskToken ?? "[MASK]";
  const list = {
    type: "array",
    description: "words for a mask, best first",
    items: {
      type: "object",
      properties: {
        score: { type: "number" },
        token: { type: "integer", description: "the word's id" },
        token_str: { type: "string" },
        sequence: { type: "string", description: "the text with it" },
      },
      required: ["score", "token", "token_str", "sequence"],
    },
  };
  const targets: Setting<readonly string[] | undefined> = words({
    default: undefined,
    description: "only these words, each of which is a token",
    fault: (word) => (tokenizer.pipeline.idOf(word) === undefined ? "which is no token of the model" : undefined),
  });
  return {
    task: "fill-mask",
    inputSchema: { ...textSchema, description: `a text with ${mask} in it` },
    outputSchema: { oneOf: [list, { type: "array", description: "of several masks a list for each", items: list }] },
    settings: { topK: count({ default: 5, description: "words for each mask, best first" }), targets },
    example: `The food was ${mask} .`,
    parse: (value, path) => {
      const text = textOf(value, path);
      if (!text.includes(mask)) throw new HttpError(400, `${path} has no ${mask}`);
      return text;
    },
    run: (inputs, { topK, targets: only }) =>
      fill(inputs, { topK, batchSize: inputs.length, ...(only === undefined ? {} : { targets: only }) }),
  };
}
