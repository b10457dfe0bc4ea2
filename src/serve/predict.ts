// The body of POST /predict: one input or many, and how many answers each gets.
import { HttpError } from "./http-error.js";
import type { ServeLimits } from "./limits.js";
import type { JsonSchema, Service } from "./service.js";

export interface PredictRequest<Input> {
  readonly inputs: readonly Input[];
  /** Answers for each input, best first; null for all. */
  readonly topK: number | null;
}

/** @throws HttpError 400 naming what does not fit, 413 for too many inputs */
export function readPredict<Input>(
  body: unknown,
  service: Pick<Service<Input, unknown>, "parse">,
  { maxInputs }: Pick<ServeLimits, "maxInputs">,
): PredictRequest<Input> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new HttpError(400, 'the body must be an object: { "inputs": ... }');
  }
  for (const key of Object.keys(body)) {
    if (key !== "inputs" && key !== "topK") {
      throw new HttpError(400, `the body has no ${JSON.stringify(key)}; it has inputs and topK`);
    }
  }
  const { inputs, topK = 1 } = body as { inputs?: unknown; topK?: unknown };
  if (inputs === undefined) throw new HttpError(400, "the body needs inputs");
  if (topK !== null && !(typeof topK === "number" && Number.isInteger(topK) && topK >= 1)) {
    throw new HttpError(400, `topK must be a whole number of at least 1, or null for all, not ${JSON.stringify(topK)}`);
  }
  if (!Array.isArray(inputs)) return { inputs: [service.parse(inputs, "inputs")], topK };
  if (inputs.length > maxInputs) {
    throw new HttpError(413, `${inputs.length} inputs are too many for a request; ${maxInputs} may be`);
  }
  return { inputs: inputs.map((input, i) => service.parse(input, `inputs[${i}]`)), topK };
}

/** The schemas of the body and of its answer; those of an input and an output stand beside them. */
export function predictSchemas({ maxInputs }: Pick<ServeLimits, "maxInputs">): {
  readonly request: JsonSchema;
  readonly response: JsonSchema;
} {
  const input = { $ref: "#/components/schemas/Input" };
  return {
    request: {
      type: "object",
      properties: {
        inputs: { anyOf: [input, { type: "array", items: input, maxItems: maxInputs }] },
        topK: {
          type: ["integer", "null"],
          minimum: 1,
          default: 1,
          description: "answers for each input, best first; null for all",
        },
      },
      required: ["inputs"],
      additionalProperties: false,
    },
    response: {
      type: "object",
      properties: {
        predictions: {
          type: "array",
          description: "for each input, in their order; a list of one for an input that was no list",
          items: { $ref: "#/components/schemas/Output" },
        },
      },
      required: ["predictions"],
    },
  };
}
