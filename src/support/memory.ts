// Memory that this process may still take.
import { freemem } from "node:os";

/** In bytes: what the system or the process's limit leaves. */
export function availableMemory(): number {
  const process_ = process as NodeJS.Process & { availableMemory?: () => number }; // from Node 20.13 on
  return process_.availableMemory?.() ?? freemem();
}
