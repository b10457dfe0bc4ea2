// Functions that are given by their module, so that worker threads can load them too.
import { pathToFileURL } from "node:url";
import { ConfigError } from "../../../support/errors.js";

/** A module and the name of the function that it exports. */
export interface FunctionModule {
  /** The module's URL, `new URL("./tokenize.js", import.meta.url)`, or the path of its file. */
  readonly module: URL | string;
  /** The export. Default "default". */
  readonly name?: string;
}

/** The URL of a module. */
export function urlOf({ module }: FunctionModule): string {
  if (module instanceof URL) return module.href;
  return module.startsWith("file:") ? module : pathToFileURL(module).href;
}

/** Loads the function. Throws ConfigError where the module cannot be loaded, or does not export it. */
export async function loadFunction(given: FunctionModule): Promise<(...args: never) => unknown> {
  const { name = "default" } = given;
  const url = urlOf(given);
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`the module ${url} cannot be loaded: ${reason}`, { cause: error });
  }
  const exported = loaded[name];
  if (typeof exported === "function") return exported as (...args: never) => unknown;
  const names = Object.keys(loaded).join(", ") || "nothing";
  throw new ConfigError(`the module ${url} exports no function "${name}": it exports ${names}`);
}
