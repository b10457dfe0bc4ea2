// How a run stands, from the end of its log and from whether its process still lives.
import { hostname } from "node:os";
import { processMark, type StartLine } from "../trainer/run-log.js";
import type { LogContent } from "./log-content.js";

/**
 * running; finished: all its steps, or stopped by a callback; interrupted: by a signal; failed: by an error; killed: its
 * process is gone without a word; unknown: a folder without a log of ours, as Python's Trainer leaves one.
 */
export type RunStatus = "running" | "finished" | "interrupted" | "failed" | "killed" | "unknown";

/** On another machine a run counts as running while its log was written to within this time. */
const SILENCE_MS = 15 * 60_000;

export function statusOf({ start, end, updated }: LogContent, now = Date.now()): RunStatus {
  if (end) return end.outcome;
  if (!start) return "unknown";
  if (start.host !== hostname()) return now - (updated ?? 0) < SILENCE_MS ? "running" : "killed";
  return lives(start) ? "running" : "killed";
}

function lives({ pid, process: mark }: StartLine): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = processMark(pid);
  return mark === undefined || now === undefined || mark === now;
}
