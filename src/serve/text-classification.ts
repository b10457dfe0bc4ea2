// The service of a text classifier: texts or pairs of texts to labels with scores.
import type { Classification, ClassificationInput, TextClassificationPipeline } from "../pipelines/index.js";
import { HttpError } from "./http-error.js";
import type { Service } from "./service.js";

/** `labels`: the names that answers have. */
export function classificationService(
  classify: TextClassificationPipeline,
  labels: readonly string[],
): Service<ClassificationInput, readonly Classification[]> {
  const string = { type: "string" };
  return {
    task: "text-classification",
    inputSchema: {
      oneOf: [
        { ...string, description: "a text" },
        {
          type: "object",
          description: "a text, or a pair of texts",
          properties: { text: string, textPair: string },
          required: ["text"],
          additionalProperties: false,
        },
      ],
    },
    outputSchema: {
      type: "array",
      description: "labels, best first",
      items: {
        type: "object",
        properties: { label: { type: "string", enum: labels }, score: { type: "number" } },
        required: ["label", "score"],
      },
    },
    example: { text: "He said it .", textPair: "It was said by him ." },
    parse,
    run: (inputs) => classify(inputs, { topK: null, batchSize: inputs.length }),
  };
}

function parse(value: unknown, path: string): ClassificationInput {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HttpError(400, `${path} must be a text, or { text, textPair } of two texts, not ${kindOf(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (key !== "text" && key !== "textPair") throw new HttpError(400, `${path} has no ${JSON.stringify(key)}`);
  }
  const { text, textPair } = value as { text?: unknown; textPair?: unknown };
  if (typeof text !== "string") throw new HttpError(400, `${path}.text must be a text, not ${kindOf(text)}`);
  if (textPair === undefined) return text;
  if (typeof textPair !== "string")
    throw new HttpError(400, `${path}.textPair must be a text, not ${kindOf(textPair)}`);
  return { text, textPair };
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
