// attune serve: a trained model over HTTP, until a signal ends it.
import { servedTasks } from "../serve/task-names.js";
import { choice, integer, text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { trainedModelFlags } from "./model-flags.js";

const flags = {
  revision: trainedModelFlags.revision,
  task: choice(["found", ...servedTasks], {
    default: "found",
    help: "what the model is for",
    defaultNote: "by its head",
  }),
  host: text({ default: "127.0.0.1", placeholder: "ADDRESS", help: "address to listen on; 0.0.0.0 for all of them" }),
  port: integer({ default: 8000, min: 0, help: "port to listen on; 0 for any that is free" }),
  maxBatchSize: integer({ default: 32, min: 1, help: "inputs computed at once" }),
  maxInputs: integer({ default: 256, min: 1, help: "inputs of one request" }),
  maxBodyBytes: integer({ default: 2 ** 20, min: 1, help: "bytes of a request's body" }),
  maxQueue: integer({ default: 1024, min: 1, help: "inputs that may wait; more are refused with 503" }),
  timeout: integer({ default: 30, min: 1, help: "seconds from a request to its answer" }),
} as const;

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

export const command = defineCommand({
  name: "serve",
  description:
    "Serves a trained model over HTTP: labels of texts, entities, answers, words for masks, or embeddings, as its head says.\n" +
    "POST /predict, GET /health, /metrics (for Prometheus) and /openapi.json, which describes all. Requests that come at the same\n" +
    "time are computed together. Its address stands on standard output; SIGTERM or Ctrl-C ends it after the requests that it\n" +
    "has are answered.",
  usage: [
    "attune serve runs/mrpc",
    `curl -d '{"inputs": {"text": "He said it .", "textPair": "It was said by him ."}}' -H content-type:application/json localhost:8000/predict`,
  ],
  words: [{ name: "RUN", help: "a trained model: its folder, or its name on the Hub" }],
  sections: [{ title: "Flags", flags }],
  flags,
  required: [],
  run: async (values, given, [model]) => {
    const [{ serve }, { info, warn }] = await Promise.all([import("../serve/index.js"), import("../support/log.js")]);
    const { maxInputs, task, ...options } = values;
    const server = await serve(model, {
      ...options,
      ...(task === "found" ? {} : { task }),
      ...(given.has("maxInputs") ? { maxInputs } : {}),
    });
    if (!LOOPBACK.test(values.host)) {
      warn(`${values.host} is reached from other machines, without a password and without encryption`);
    }
    console.log(server.url);
    const signal = await new Promise<NodeJS.Signals>((resolve) => {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve(name));
    });
    info(`${signal}: answering the requests that are here; the same again ends at once`);
    await server.close();
    return 0;
  },
});
