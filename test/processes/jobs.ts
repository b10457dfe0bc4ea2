// Jobs of two processes of one thread each, started as users start them: by `attune launch`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { buildMpiAddon } from "../../src/processes/index.js";
import { attune, program, type Run, type RunOptions } from "../cli/run.js";

/** Why no job can run here; undefined where one can. */
function missing(): string | undefined {
  const mpirun = spawnSync("mpirun", ["--version"], { encoding: "utf8" });
  if (mpirun.status !== 0) return "no mpirun";
  if (!/open mpi|prrte/i.test(mpirun.stdout)) return "mpirun is not Open MPI's";
  if (process.env.ATTUNE_BACKEND) return "several processes need the native engine";
  try {
    buildMpiAddon();
    return undefined;
  } catch {
    return "the MPI binding cannot be compiled: no mpicxx";
  }
}

const reason = missing();

/** A describe block that is skipped, visibly and with its reason, where there is no MPI. */
export function describeJobs(name: string, body: () => void): void {
  describe.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (skipped: ${reason})`, body);
}

/** Settings of a job, whatever the machine: one thread a process, warnings only. */
export const quiet = { ATTUNE_THREADS: "1", ATTUNE_LOG: "warn" };

/** A program of programs/ as a job of so many processes, two by default. */
export function launch(
  name: string,
  args: readonly string[] = [],
  { processes = 2, ...options }: RunOptions & { readonly processes?: number } = {},
): Promise<Run> {
  const script = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
  const env = { ...quiet, ...options.env };
  return attune(["launch", "--processes", String(processes), script, ...args], { ...options, env });
}

/** What the main process of a job, or a process alone, printed as a line of JSON. */
export function printedBy<T>(stdout: string): T {
  const line = /^(?:\[0\] )?(\{.*\})$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`no result among: ${stdout}`);
  return JSON.parse(line) as T;
}

/** The same program as one process. */
export function alone(name: string, args: readonly string[] = []): Promise<Run> {
  return program([fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url)), ...args], { env: quiet });
}
