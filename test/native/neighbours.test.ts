// The engine among other processes: it takes the processors that the system leaves it, and no more.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeShared } from "../shared.js";

const program = fileURLToPath(new URL("./programs/threads.ts", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Threads of an engine in a process that `prefix` starts. */
function threads(...prefix: string[]): number {
  const { ATTUNE_THREADS: _, ...env } = process.env;
  const [command, ...args] = [...prefix, process.execPath, "--import", "tsx", program];
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", env, cwd: root });
  expect(status, stderr).toBe(0);
  return Number(stdout);
}

it("has a thread for each processor of the affinity mask", (context) => {
  if (spawnSync("taskset", ["-c", "0", "true"]).status !== 0) context.skip("no taskset here");
  expect(threads("taskset", "-c", "0")).toBe(1);
});

/** A control group of this test with a quota, of version 1 or 2: the file that a process joins it by; undefined without. */
function makeGroup(name: string, quota: number): { folder: string; join: string } | undefined {
  const period = 100_000;
  for (const [base, limits] of [
    ["/sys/fs/cgroup/cpu", { "cpu.cfs_period_us": `${period}`, "cpu.cfs_quota_us": `${quota * period}` }],
    ["/sys/fs/cgroup", { "cpu.max": `${quota * period} ${period}` }],
  ] as const) {
    const folder = join(base, name);
    if (!existsSync(join(base, "cgroup.procs"))) continue;
    try {
      mkdirSync(folder);
      for (const [file, text] of Object.entries(limits)) writeFileSync(join(folder, file), text);
      return { folder, join: join(folder, "cgroup.procs") };
    } catch {
      if (existsSync(folder)) rmdirSync(folder);
    }
  }
  return undefined;
}

it("has no more threads than the quota of its control group allows", (context) => {
  const group = makeGroup(`attune-test-${process.pid}`, 0.5);
  if (group === undefined) return context.skip("no control group can be made here");
  try {
    expect(threads("sh", "-c", 'echo $$ > "$0" && exec "$@"', group.join)).toBe(1);
  } finally {
    rmdirSync(group.folder);
  }
  if (availableParallelism() > 1) expect(threads()).toBeGreaterThan(1);
});

describeShared("bench/neighbours.ts", () => {
  it("runs small, and reports what two processes keep of their speed", () => {
    const args = ["--import", "tsx", "bench/neighbours.ts", "--small"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const [, first, second] = /^\| kept of the speed alone \| (\d+) % \| (\d+) % \|$/m.exec(stdout) ?? [];
    expect(Number(first), stdout).toBeGreaterThan(0);
    expect(Number(second), stdout).toBeGreaterThan(0);
  });
});
