// The service of a text classifier: texts or pairs of texts to labels with scores.
import type { Classification, ClassificationInput, TextClassificationPipeline } from "../../pipelines/index.js";
import type { Service } from "../service.js";
import { countOrAll } from "../settings.js";
import { objectOf, textOf, textSchema } from "./inputs.js";

export interface ClassificationSettings {
  readonly topK: number | null;
}

/** `labels`: the names that answers have. */
export function classificationService(
  classify: TextClassificationPipeline,
  labels: readonly string[],
): Service<ClassificationInput, ClassificationSettings, readonly Classification[]> {
  return {
    task: "text-classification",
    inputSchema: {
      oneOf: [
        { ...textSchema, description: "a text" },
        {
          type: "object",
          description: "a text, or a pair of texts",
          properties: { text: textSchema, textPair: textSchema },
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
    settings: { topK: countOrAll({ default: 1, description: "labels for each input, best first; null for all" }) },
    example: { text: "He said it .", textPair: "It was said by him ." },
    parse,
    run: (inputs, { topK }, onCut) =>
      classify(inputs, { topK, batchSize: inputs.length, onCut: ({ input }) => onCut(input) }),
  };
}

function parse(value: unknown, path: string): ClassificationInput {
  if (typeof value === "string") return value;
  const wanted = "a text, or { text, textPair } of two texts";
  const given = objectOf(value, path, ["text", "textPair"], wanted);
  const text = textOf(given.text, `${path}.text`);
  return given.textPair === undefined ? text : { text, textPair: textOf(given.textPair, `${path}.textPair`) };
}
