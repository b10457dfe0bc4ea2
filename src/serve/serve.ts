// serve(model): what a trained folder can do, over HTTP.
import type { HubOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { type ListenOptions, ModelServer } from "./server.js";
import { loadService, servedTaskOf } from "./services/index.js";
import type { ServedTask } from "./task-names.js";

export interface ServeOptions extends ListenOptions, HubOptions {
  /** What the model is for. Default: what its config.json says. */
  readonly task?: ServedTask;
}

/**
 * Loads a model and serves its task: POST /predict, GET /health, /metrics and /openapi.json.
 * @param model A checkpoint's folder, or a name on the Hub.
 * @returns The server, which listens already; `close()` ends it.
 * @throws as `pipeline` does; ConfigError for a model that says no task, and limits that are none; AttuneError where the
 *   address cannot be had
 */
export async function serve(model: string, options: ServeOptions = {}): Promise<ModelServer> {
  const { hub, rest } = splitHubOptions(options);
  const { task = await servedTaskOf(model, hub), ...listen } = rest;
  return ModelServer.listen(await loadService(task, model, hub), model, listen);
}
