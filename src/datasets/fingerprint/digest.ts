// Digests: short names for whatever a result depends on.
import { createHash } from "node:crypto";

/** A name for the parts, which changes with each of them and with where one ends and the next begins. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}

const rowDigests = new WeakMap<Uint32Array, string>();

/** A name for a choice of rows; arrays of rows do not change, so each is read once. */
export function fingerprintOfRows(rows: Uint32Array): string {
  let name = rowDigests.get(rows);
  if (name === undefined) {
    name = digest(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
    rowDigests.set(rows, name);
  }
  return name;
}
