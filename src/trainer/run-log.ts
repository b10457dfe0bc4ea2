// attune_log.jsonl of a run's folder: what happens to the run, a line for each thing as it happens, so that whoever looks
// at a run sees it live and a killed one as far as it came. Lines are only ever appended. A line `start` takes back the rows
// beyond those that it counts: a run that goes on from a checkpoint makes them again, and one that begins anew has none.
import { appendFileSync, closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { warnOnce } from "../support/log.js";
import { runLogFile } from "./run-files.js";

/** A number as JSON has it, or the name of one that JSON has not: "NaN", "Infinity", "-Infinity". */
export type LoggedNumber = number | "NaN" | "Infinity" | "-Infinity";

/** Training begins or goes on. */
export interface StartLine {
  readonly event: "start";
  /** Milliseconds since 1970, in every line. */
  readonly time: number;
  /** The step that the run goes on from; 0 where it begins anew. */
  readonly step: number;
  /** How many of the rows before this line still hold. */
  readonly rows: number;
  readonly maxSteps: number;
  readonly epochs: number;
  readonly host: string;
  readonly pid: number;
  /** What tells this process from a later one of the same number, where the system says it. */
  readonly process?: string;
  /** The figure that says which checkpoint is the best, and whether more of it is better. */
  readonly best: { readonly key: string; readonly greater: boolean };
}

/** A row of the log. */
export interface RowLine {
  readonly event: "log";
  readonly time: number;
  readonly step: number;
  readonly epoch: number;
  /** Tokens trained on, without padding; absent in rows that another folder's run has logged. */
  readonly tokens?: number;
  /** What the Trainer logs, by its names: loss, learning_rate, eval_loss, ... */
  readonly values: Readonly<Record<string, LoggedNumber>>;
  /** What is known beside it: tokens_per_second, padding_share, memory (resident, in bytes). */
  readonly figures: Readonly<Record<string, LoggedNumber>>;
}

/** A checkpoint was written. */
export interface CheckpointLine {
  readonly event: "checkpoint";
  readonly time: number;
  readonly step: number;
  /** Its folder's name. */
  readonly name: string;
}

/** Training ended otherwise than by the death of its process. */
export interface EndLine {
  readonly event: "end";
  readonly time: number;
  readonly step: number;
  /** finished: all steps, or stopped by a callback; interrupted: by a signal; failed: by an error. */
  readonly outcome: "finished" | "interrupted" | "failed";
  /** The error's message. */
  readonly reason?: string;
}

export type RunLogLine = StartLine | RowLine | CheckpointLine | EndLine;

/** Appends lines. A log that cannot be written, as on a full disk, is said once and never ends a run. */
export class RunLog {
  readonly #path: string;
  /** Whether the file was not there before, or empty. */
  readonly isNew: boolean = true;

  constructor(folder: string) {
    this.#path = join(folder, runLogFile);
    try {
      mkdirSync(folder, { recursive: true });
      const end = lastByte(this.#path);
      this.isNew = end === undefined;
      if (end !== undefined && end !== LINE_END) this.#append("\n"); // a killed run's last line may be half a line
    } catch (error) {
      this.#say(error as Error);
    }
  }

  add(line: RunLogLine): void {
    this.#append(`${JSON.stringify(line)}\n`);
  }

  #append(text: string): void {
    try {
      appendFileSync(this.#path, text);
    } catch (error) {
      this.#say(error as Error);
    }
  }

  #say({ message }: Error): void {
    warnOnce(`run log ${this.#path}`, `${this.#path} cannot be written, which does not stop the run: ${message}`);
  }
}

const LINE_END = 0x0a;

function lastByte(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const last = new Uint8Array(1);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 ? last[0] : undefined;
  } finally {
    closeSync(file);
  }
}

/** Values as a line has them. */
export function toLogged(values: Readonly<Record<string, number | undefined>>): Record<string, LoggedNumber> {
  const entries = Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Number.isFinite(value) ? value : (String(value) as LoggedNumber)]),
  );
}

/** This process, as a line `start` names it. */
export function describeProcess(): Pick<StartLine, "host" | "pid" | "process"> {
  return { host: hostname(), pid: process.pid, process: processMark(process.pid) };
}

/** What tells a process from others that had or will have its number: when it began, where the system says so (Linux). */
export function processMark(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]; // starttime, the 22nd field
  } catch {
    return undefined;
  }
}
