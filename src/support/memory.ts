// Memory that this process has taken and may still take.
import { freemem } from "node:os";

/** In bytes: what the system or the process's limit leaves. */
export function availableMemory(): number {
  const process_ = process as NodeJS.Process & { availableMemory?: () => number }; // from Node 20.13 on
  return process_.availableMemory?.() ?? freemem();
}

/** In bytes: what this process has of the machine's memory; undefined where the system does not say (Linux without /proc). */
export function residentMemory(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}
