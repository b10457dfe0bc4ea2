// The description of a server that its clients can read: OpenAPI 3.1.
import { version } from "../support/version.js";
import type { ServeLimits } from "./limits.js";
import { predictSchemas } from "./predict.js";
import type { AnyService, JsonSchema } from "./service.js";

export function openApi(service: AnyService, model: string, limits: ServeLimits): JsonSchema {
  const { request, response } = predictSchemas(service, limits);
  const json = (schema: JsonSchema, example?: unknown) => ({
    content: { "application/json": { schema, ...(example === undefined ? {} : { example }) } },
  });
  const error = (description: string) => ({ description, ...json({ $ref: "#/components/schemas/Error" }) });
  const text = (description: string) => ({ description, content: { "text/plain": { schema: { type: "string" } } } });
  const health = { type: "object", properties: { status: { type: "string" }, model: { type: "string" } } };
  return {
    openapi: "3.1.0",
    info: { title: `${service.task} with ${model}`, version },
    paths: {
      "/predict": {
        post: {
          summary: service.task,
          operationId: "predict",
          requestBody: { required: true, ...json(request, { inputs: [service.example] }) },
          responses: {
            200: { description: "predictions", ...json(response) },
            400: error("the body is not what it should be"),
            413: error("too many bytes or inputs, or too long a text"),
            415: error("the body is not application/json"),
            500: error("the model failed"),
            503: error("too many requests, or the server stops"),
            504: error(`no answer within ${limits.timeout} s`),
          },
        },
      },
      "/health": {
        get: {
          summary: "whether requests are taken",
          operationId: "health",
          responses: {
            200: { description: "they are", ...json(health) },
            503: { description: "the server stops", ...json(health) },
          },
        },
      },
      "/metrics": {
        get: { summary: "counters for Prometheus", operationId: "metrics", responses: { 200: text("metrics") } },
      },
      "/openapi.json": {
        get: {
          summary: "this document",
          operationId: "openapi",
          responses: { 200: { description: "OpenAPI 3.1", ...json({ type: "object" }) } },
        },
      },
    },
    components: {
      schemas: {
        Input: service.inputSchema,
        Output: service.outputSchema,
        Error: {
          type: "object",
          properties: { error: { type: "string", description: "what was wrong, and what to do about it" } },
          required: ["error"],
        },
      },
    },
  };
}
