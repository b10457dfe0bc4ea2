// Checks of row numbers that the host knows, before a kernel runs.
import { ShapeError } from "../support/errors.js";
import type { Tensor } from "./tensor.js";

/** Throws ShapeError, with its place, for the first id known to the host that is outside [0, rows). */
export function checkIds(op: string, ids: Tensor, rows: number): void {
  const { host } = ids;
  if (!host) return; // the kernel looks
  for (let i = 0; i < host.length; i++) {
    if (host[i] < 0 || host[i] >= rows) {
      const width = ids.shape[ids.rank - 1] ?? 1;
      const place = ids.rank > 1 ? `row ${Math.floor(i / width)}, position ${i % width}` : `position ${i}`;
      throw new ShapeError(`${op}: id ${host[i]} at ${place} is outside the table of ${rows} rows`);
    }
  }
}
