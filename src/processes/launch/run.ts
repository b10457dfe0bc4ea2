// Runs a job: mpirun starts its processes, their lines come out with their ranks, the first that fails ends all of them and
// is named.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { type Failure, failureIn, findFailure, type Line, TaggedOutput } from "./output.js";

export interface Job {
  readonly command: string;
  readonly args: readonly string[];
  readonly processes: number;
  /** Lines of output, with their ends. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Show mpirun's own words, too. */
  readonly verbose: boolean;
}

const LINES_KEPT = 30;

/**
 * Runs a job to its end. The first SIGINT or SIGTERM asks its processes to end (SIGUSR2, on which a Trainer writes a
 * checkpoint first), the second ends them.
 * @returns The exit status: that of the first process that failed; 128 + n where a signal n ended it.
 */
export function runJob(job: Job): Promise<number> {
  const { command, args, processes } = job;
  // In a group of its own: Ctrl-C reaches the processes through this one, not past it.
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const lastWords = new Map<number, string[]>();
  const own: string[] = [];
  let failure: Failure | undefined;
  const width = String(processes - 1).length;
  const show = ({ rank, stream, text }: Line): void => {
    const line = `[${String(rank).padStart(width)}] ${text}\n`;
    if (stream === "stdout") {
      job.out(line);
      return;
    }
    const found = failureIn({ rank, stream, text });
    failure ??= found;
    if (found) return;
    job.err(line);
    const said = lastWords.get(rank) ?? [];
    lastWords.set(rank, said);
    said.push(text);
    if (said.length > LINES_KEPT) said.shift();
  };
  const hear = (text: string): void => {
    own.push(text);
    if (job.verbose) job.err(`${text}\n`);
  };
  for (const stream of [child.stdout, child.stderr]) {
    const output = new TaggedOutput(show, hear);
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => output.write(chunk));
    stream.on("end", () => output.end());
  }
  let asked: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    child.kill(asked === undefined ? "SIGUSR2" : "SIGTERM");
    asked ??= signal;
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      const end = asked ?? signal;
      const result = asked === undefined && status !== null ? status : 128 + (end ? constants.signals[end] : 0);
      const said = own.join("\n");
      failure ??= findFailure(said);
      if (asked !== undefined) job.err(`attune launch: ended by ${asked}\n`);
      else if (result !== 0 && failure) job.err(describeFailure(failure, lastWords.get(failure.rank) ?? []));
      else if (result !== 0)
        job.err(`${job.verbose ? "" : `${said}\n`}attune launch: mpirun ended with status ${result}\n`);
      resolve(result);
    });
  });
}

/** Whose fault it was, and what that process said last. */
function describeFailure({ rank, how }: Failure, said: readonly string[]): string {
  const words = said.map((line) => `  ${line}\n`).join("");
  const rest = words === "" ? "; it said nothing on standard error" : ". What it said last:";
  return `attune launch: rank ${rank} ${how}, which ended the job${rest}\n${words}`;
}
