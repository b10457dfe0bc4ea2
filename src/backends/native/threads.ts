// How many threads the engine may use: those of the affinity mask, held to the quota of the control group.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { ConfigError } from "../../support/errors.js";

const MOST = 256;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined; // not Linux, or no such control group
  }
}

/**
 * Processors' worth of time that control groups leave to this process: the least of all levels, of version 1 and 2;
 * `Infinity` without any. `read` gives a file's text, or undefined where there is none.
 */
export function cpuQuota(read: (path: string) => string | undefined = readText): number {
  const limits: number[] = [];
  for (const line of read("/proc/self/cgroup")?.split("\n") ?? []) {
    const [, controllers = "", ...rest] = line.split(":");
    const unified = controllers === "";
    if (!unified && !controllers.split(",").includes("cpu")) continue;
    const folders = rest
      .join(":")
      .split("/")
      .filter((part) => part !== "");
    for (let depth = folders.length; depth >= 0; depth--) {
      const folder = [unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", ...folders.slice(0, depth)].join("/");
      const [time, period] = unified
        ? (read(`${folder}/cpu.max`)?.split(" ") ?? [])
        : [read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)];
      const limit = Number(time) / Number(period); // "max" and absent files give NaN, "no limit" -1
      if (limit > 0) limits.push(limit);
    }
  }
  return Math.min(...limits);
}

/** `requested`, else ATTUNE_THREADS, else what affinity and quota allow. */
export function threadCount(requested?: number): number {
  const text = process.env.ATTUNE_THREADS;
  const wanted = requested ?? (text ? Number(text) : undefined);
  if (wanted === undefined) return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota())));
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST) {
    const source = requested === undefined ? `ATTUNE_THREADS=${text}` : `threads: ${requested}`;
    throw new ConfigError(`${source} is not a number of threads; give a whole number from 1 to ${MOST}`);
  }
  return wanted;
}
