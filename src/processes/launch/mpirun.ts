// The command line of mpirun.
import { spawnSync } from "node:child_process";
import { ConfigError } from "../../support/errors.js";

export interface JobOptions {
  readonly processes: number;
  /** As mpirun takes them: "a:2,b:2". Undefined: all on this machine. */
  readonly hosts?: string;
  /** More arguments for mpirun, before the program. */
  readonly mpiArguments?: readonly string[];
  /** Processors that this machine offers. */
  readonly processors: number;
  readonly root: boolean;
  /** Variables that the processes are to have. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Threads of each process's engine, so that those of one machine share its processors. */
export function threadsOfEach({ processes, hosts, processors, env }: JobOptions): number | undefined {
  if (env.ATTUNE_THREADS || hosts !== undefined) return undefined;
  return Math.max(1, Math.floor(processors / processes));
}

/**
 * mpirun's arguments. Processes are not bound to processors: each has several threads (the engine's, JavaScript's, the one
 * that communicates), which the system places better than a process bound to one core, where all of them would share it.
 */
export function mpirunArguments(job: JobOptions, program: readonly string[]): string[] {
  const { processes, hosts, mpiArguments = [], root, processors, env } = job;
  const threads = threadsOfEach(job);
  const exported = Object.keys(env).filter(
    (name) => /^(ATTUNE_|HF_|NODE_OPTIONS$|NO_COLOR$|FORCE_COLOR$)/.test(name) && env[name] !== undefined,
  );
  return [
    ...["-n", String(processes), "--tag-output", "--bind-to", "none"],
    ...(root ? ["--allow-run-as-root"] : []),
    ...(hosts === undefined ? ["--oversubscribe"] : ["--host", hosts]),
    ...(hosts === undefined && processes > processors ? ["--mca", "mpi_yield_when_idle", "1"] : []),
    ...(threads === undefined ? [] : ["-x", `ATTUNE_THREADS=${threads}`]),
    ...exported.flatMap((name) => ["-x", name]),
    ...mpiArguments,
    ...program,
  ];
}

/** @throws ConfigError where there is no mpirun, or it is not Open MPI's */
export function findMpirun(): string {
  const command = process.env.MPIRUN || "mpirun";
  const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
  if (status !== 0) {
    throw new ConfigError(
      `${command} was not found: several processes need Open MPI (Debian: apt install openmpi-bin libopenmpi-dev)`,
    );
  }
  if (/open mpi|prrte/i.test(stdout)) return command;
  throw new ConfigError(
    `${command} is not Open MPI's (${stdout.split("\n")[0]}): start the program with your MPI's own launcher, as in ` +
      "`mpiexec -n 2 node loop.js`, or name Open MPI's with MPIRUN",
  );
}
