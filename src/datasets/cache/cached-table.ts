// Tables that are read or computed once: from the cache where they are in it, else made, and put there.
import { debug, warnOnce } from "../../support/log.js";
import { ArrowFileWriter } from "../part-writer.js";
import { featuresOfTable, recordBatches, schemaOfTable } from "../record-batches.js";
import type { Table } from "../table.js";
import { TableBuilder, type WrittenTable } from "../table-builder.js";
import { type Dependencies, EntryDraft, findEntry, keyOf } from "./entries.js";

/** Makes a table, or a builder that writes into the folder it is given; without one it keeps its rows as it likes. */
export type MakeTable = (folder: string | undefined) => Promise<Table | TableBuilder>;

/** The table that depends on nothing but `dependencies`. Throws what `make` throws. */
export async function cachedTable(kind: string, dependencies: Dependencies, make: MakeTable): Promise<Table> {
  const key = keyOf(kind, dependencies);
  const found = await findEntry(kind, key);
  if (found !== undefined) {
    debug(`${kind}: reused the cached table ${key}`);
    return found;
  }
  const draft = openDraft(kind, key);
  if (draft === undefined) {
    const made = await make(undefined);
    return made instanceof TableBuilder ? made.finish() : made;
  }
  try {
    const made = await make(draft.folder);
    const written = made instanceof TableBuilder ? made.finishFiles() : writeTable(made, draft.folder);
    return draft.publish(written, dependencies);
  } catch (error) {
    draft.discard();
    throw error;
  }
}

/** A place for a result; undefined, and a warning, where the cache cannot be written to. */
export function openDraft(kind: string, key: string): EntryDraft | undefined {
  try {
    return new EntryDraft(kind, key);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warnOnce(`cache ${reason}`, `results are not cached: ${reason}`);
    return undefined;
  }
}

function writeTable(table: Table, folder: string): WrittenTable {
  const schema = schemaOfTable(table);
  const path = `${folder}/part-00000.arrow`;
  const writer = new ArrowFileWriter(path, schema);
  try {
    for (const batch of recordBatches(table, schema)) writer.batch(batch);
    writer.end(false);
  } catch (error) {
    writer.abandon();
    throw error;
  }
  return { parts: [{ path, fields: schema.fields }], features: featuresOfTable(table), length: table.length };
}
