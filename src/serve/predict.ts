// The body of POST /predict: one input or many, and the task's settings.
import { isObject } from "../support/json-object.js";
import type { Asked } from "./compute.js";
import { HttpError } from "./http-error.js";
import type { ServeLimits } from "./limits.js";
import type { AnyService, JsonSchema } from "./service.js";
import { readSettings } from "./settings.js";

/** @throws HttpError 400 naming what does not fit, 413 for too many inputs */
export function readPredict(
  body: unknown,
  service: Pick<AnyService, "parse" | "settings">,
  { maxInputs }: Pick<ServeLimits, "maxInputs">,
): Asked[] {
  if (!isObject(body)) {
    throw new HttpError(400, 'the body must be an object: { "inputs": ... }');
  }
  const names = ["inputs", ...Object.keys(service.settings)];
  for (const key of Object.keys(body)) {
    if (!names.includes(key)) {
      throw new HttpError(400, `the body has no ${JSON.stringify(key)}; it has ${names.join(", ")}`);
    }
  }
  const { inputs, ...rest } = body as { readonly inputs?: unknown };
  if (inputs === undefined) throw new HttpError(400, "the body needs inputs");
  const settings = readSettings(service.settings, rest);
  const key = JSON.stringify(settings);
  const asked = (input: unknown, path: string): Asked => ({ input: service.parse(input, path), path, settings, key });
  if (!Array.isArray(inputs)) return [asked(inputs, "inputs")];
  if (inputs.length > maxInputs) {
    throw new HttpError(413, `${inputs.length} inputs are too many for a request; ${maxInputs} may be`);
  }
  return inputs.map((input, i) => asked(input, `inputs[${i}]`));
}

/** The schemas of the body and of its answer; those of an input and an output stand beside them. */
export function predictSchemas(
  { settings }: Pick<AnyService, "settings">,
  { maxInputs }: Pick<ServeLimits, "maxInputs">,
): { readonly request: JsonSchema; readonly response: JsonSchema } {
  const input = { $ref: "#/components/schemas/Input" };
  const own = Object.entries(settings as Readonly<Record<string, { readonly schema: JsonSchema }>>);
  return {
    request: {
      type: "object",
      properties: {
        inputs: { anyOf: [input, { type: "array", items: input, maxItems: maxInputs }] },
        ...Object.fromEntries(own.map(([name, { schema }]) => [name, schema])),
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
        truncated: {
          type: "array",
          description: "numbers of the inputs that were longer than the model takes, of which a part was read",
          items: { type: "integer" },
        },
      },
      required: ["predictions"],
    },
  };
}
