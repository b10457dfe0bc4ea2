// What the result of a function over a table depends on, and the cache of such results: reused where all of it is known and
// the same, and told in the log what was reused, what changed and what is not known.
import { debug, info } from "../../../support/log.js";
import { openDraft } from "../../cache/cached-table.js";
import { type Dependencies, type EntryDraft, explainMiss, findEntry, keyOf } from "../../cache/entries.js";
import { fingerprintOfFunction, fingerprintsOfInputs, type Known } from "../../fingerprint/inputs.js";
import { fingerprintOfModule } from "../../fingerprint/module.js";
import { fingerprintOfTable } from "../../fingerprint/table.js";
import type { Table } from "../../table.js";
import { type FunctionModule, urlOf } from "./function-module.js";

/** A function over a table, with all that its result can depend on. */
export interface Call {
  /** The verb, under which results are filed: "map". */
  readonly verb: string;
  /** What messages call it. Default: the verb. */
  readonly description?: string;
  readonly table: Table;
  /** The columns that the function is given. */
  readonly columns: readonly string[];
  readonly fn: ((...args: never) => unknown) | FunctionModule;
  readonly inputs: object;
  /** Whatever options change the result. */
  readonly options: unknown;
}

/** A place in the cache for the result of a call. */
export interface CachePlace {
  /** The result, where it is there already. */
  readonly found: Table | undefined;
  /** A draft of the result, to be filled and published; undefined where the cache cannot be written. */
  draft(): EntryDraft | undefined;
  readonly dependencies: Dependencies;
}

/** Looks a call up; undefined where something that it depends on is not known, so that it has to run each time. */
export async function lookUp(call: Call): Promise<CachePlace | undefined> {
  const { verb, description = verb } = call;
  const rows = fingerprintOfTable(call.table, call.columns);
  if (rows === undefined) {
    debug(`${description}: not cached, since the rows are in memory`);
    return undefined;
  }
  const parts: [string, Known][] = [
    ["the function", fingerprintOf(call)],
    ...Array.from(fingerprintsOfInputs(call.inputs), ([name, known]): [string, Known] => [`the input ${name}`, known]),
    ["the rows", { fingerprint: rows }],
    ["the options", { fingerprint: JSON.stringify(call.options) }],
  ];
  const dependencies: Record<string, string> = {};
  for (const [name, known] of parts) {
    if ("unknown" in known) {
      info(`${description}: the result is not cached and the function runs each time: ${known.unknown}`);
      return undefined;
    }
    dependencies[name] = known.fingerprint;
  }
  const key = keyOf(verb, dependencies);
  const found = await findEntry(verb, key);
  if (found !== undefined) {
    info(`${description}: reused the cached result for ${call.table.length} rows (same function, inputs and rows)`);
  } else {
    const changed = await explainMiss(verb, dependencies);
    info(
      `${description}: no cached result${changed === undefined ? "" : `; against the nearest one, ${changed} changed`}`,
    );
  }
  return { found, dependencies, draft: () => openDraft(verb, key) };
}

function fingerprintOf({ fn, verb }: Call): Known {
  if (typeof fn === "function") return fingerprintOfFunction(fn, verb);
  return fingerprintOfModule(urlOf(fn), fn.name ?? "default");
}
