// How many threads the engine may use: those of the affinity mask, held to the quota of the control group.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { ConfigError } from "../../support/errors.js";

const MOST = 256;

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined; // not Linux, or no such control group
  }
}

/** Processors' worth of time that control groups leave to this process: the least of all levels, version 2 and 1. */
function quota(): number {
  const limits: number[] = [];
  for (const line of readLine("/proc/self/cgroup")?.split("\n") ?? []) {
    const [, controllers, ...rest] = line.split(":");
    const unified = controllers === "";
    if (!unified && !controllers.split(",").includes("cpu")) continue;
    const root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    const parts = rest
      .join(":")
      .split("/")
      .filter((part) => part !== "");
    for (let depth = parts.length; depth >= 0; depth--) {
      const folder = [root, ...parts.slice(0, depth)].join("/");
      const [time, period] = unified
        ? (readLine(`${folder}/cpu.max`)?.split(" ") ?? [])
        : [readLine(`${folder}/cpu.cfs_quota_us`), readLine(`${folder}/cpu.cfs_period_us`)];
      const limit = Number(time) / Number(period); // "max" and absent files give NaN
      if (limit > 0) limits.push(limit);
    }
  }
  return Math.min(...limits, MOST);
}

/** `requested`, else ATTUNE_THREADS, else what affinity and quota allow. */
export function threadCount(requested?: number): number {
  const text = process.env.ATTUNE_THREADS;
  const wanted = requested ?? (text ? Number(text) : undefined);
  if (wanted === undefined) return Math.max(1, Math.min(availableParallelism(), Math.ceil(quota())));
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST) {
    const source = requested === undefined ? `ATTUNE_THREADS=${text}` : `threads: ${requested}`;
    throw new ConfigError(`${source} is not a number of threads; give a whole number from 1 to ${MOST}`);
  }
  return wanted;
}
