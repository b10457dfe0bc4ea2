// serve(model): what a trained folder can do, over HTTP.
import type { HubOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { AutoModelForSequenceClassification } from "../models/index.js";
import { pipeline } from "../pipelines/index.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import { type ListenOptions, ModelServer } from "./server.js";
import { classificationService } from "./text-classification.js";

export interface ServeOptions extends ListenOptions, HubOptions {}

/**
 * Loads a text classifier and serves it: POST /predict, GET /health, /metrics and /openapi.json.
 * @param model A checkpoint's folder, or a name on the Hub.
 * @returns The server, which listens already; `close()` ends it.
 * @throws as `pipeline` does; ConfigError for limits that are none; AttuneError where the address cannot be had
 */
export async function serve(model: string, options: ServeOptions = {}): Promise<ModelServer> {
  const { hub, rest } = splitHubOptions(options);
  const loaded = await AutoModelForSequenceClassification.fromPretrained(model, { ...hub });
  const tokenizer = await AutoTokenizer.fromPretrained(model, hub);
  const classify = await pipeline("text-classification", loaded, { tokenizer });
  return ModelServer.listen(classificationService(classify, Object.values(loaded.config.id2label)), model, rest);
}
