// Where trials run: in processes of their own, each the program that called hyperparameterSearch once more, or in this one.
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writerMark } from "../support/atomic.js";
import { ConfigError } from "../support/errors.js";
import type { Report, TrialRecord } from "./record.js";
import { describe, type TrialEnd, type TrialEvents, type TrialStart } from "./trial.js";

/** A trial that runs. */
export interface RunningTrial {
  readonly ended: Promise<TrialEnd>;
  /** Of its process, where it has one (support/atomic's writerMark). */
  readonly process?: string;
  /** Asks it to end after its step, and to save. */
  stop(): void;
}

export interface TrialHost {
  start(trial: TrialRecord, events: TrialEvents): RunningTrial;
}

/** The environment variable by which a process knows that it is a trial. */
const VARIABLE = "ATTUNE_TRIAL";

/** A trial's output, in its folder. */
export const outputFile = "trial.log";

/** Messages of a trial's process, and the answers of the search's. */
type FromTrial =
  | { readonly kind: "begun"; readonly start: TrialStart }
  | { readonly kind: "reported"; readonly report: Report }
  | { readonly kind: "ended"; readonly end: TrialEnd };
type ToTrial =
  | { readonly kind: "go" }
  | { readonly kind: "verdict"; readonly ends: boolean }
  | { readonly kind: "stop" };

/** Runs each trial in a process: the same program with the same arguments, whose call of the search then is the trial. */
export class ProcessHost implements TrialHost {
  readonly #folder: string;
  readonly #threads: number;

  /** @param threads Threads of each trial's engine. @throws ConfigError where there is no program to run again */
  constructor(folder: string, threads: number) {
    this.#folder = folder;
    this.#threads = threads;
    if (process.argv[1] === undefined) {
      throw new ConfigError(
        "trials run in processes of the same program, and here is none in a file (it was typed in, or read from standard " +
          "input): put it into one, or set inProcess: true",
      );
    }
  }

  start(trial: TrialRecord, events: TrialEvents): RunningTrial {
    const folder = join(this.#folder, trial.name);
    mkdirSync(folder, { recursive: true });
    const output = openSync(join(folder, outputFile), "a");
    const place: TrialPlace = { search: resolve(this.#folder), trial: trial.number };
    const child = fork(process.argv[1], process.argv.slice(2), {
      execArgv: process.execArgv.filter((argument) => !/^--inspect/.test(argument)), // one debugger, one port
      env: { ...process.env, [VARIABLE]: JSON.stringify(place), ATTUNE_THREADS: String(this.#threads) },
      stdio: ["ignore", output, output, "ipc"],
    });
    closeSync(output);
    return {
      ended: follow(child, events, join(folder, outputFile)),
      process: child.pid === undefined ? undefined : writerMark(child.pid),
      stop: () => send(child, { kind: "stop" }),
    };
  }
}

function send(child: ChildProcess, message: ToTrial): void {
  if (child.connected) child.send(message, () => undefined); // one that has just died is heard of by its exit
}

function follow(child: ChildProcess, events: TrialEvents, output: string): Promise<TrialEnd> {
  return new Promise((done) => {
    let end: TrialEnd | undefined;
    let begun = false;
    const hear = async (message: FromTrial): Promise<void> => {
      switch (message.kind) {
        case "begun":
          begun = true;
          await events.begun(message.start);
          send(child, { kind: "go" });
          return;
        case "reported":
          send(child, { kind: "verdict", ends: await events.reported(message.report) });
          return;
        case "ended":
          end = message.end;
          return;
        default:
          message satisfies never;
      }
    };
    child.on("message", (message: FromTrial) => {
      hear(message).catch((error) => {
        end = { outcome: "failed", error: describe(error), trained: begun };
        child.kill("SIGKILL");
      });
    });
    child.on("error", (error) => done({ outcome: "failed", error: error.message, trained: false }));
    child.on("close", (status, signal) => done(end ?? endOf(status, signal, begun, output)));
  });
}

/** The end of a process that did not say how it ended. */
function endOf(status: number | null, signal: NodeJS.Signals | null, begun: boolean, output: string): TrialEnd {
  if (signal === "SIGINT" || signal === "SIGTERM") return { outcome: "interrupted" };
  const last = lastLine(output);
  const said = last === undefined ? "" : `. The end of what it said: ${last}`;
  const how =
    signal !== null
      ? `was ended by ${signal}${signal === "SIGKILL" ? ", as the system does where memory runs out" : ""}`
      : status === 0
        ? "ended without coming to the call of hyperparameterSearch that has this outputDir"
        : `ended with status ${status}`;
  return { outcome: "failed", error: `its process ${how}${said} (all of it in ${output})`, trained: begun };
}

/** The last line that says something; of a stack, the error's own. */
function lastLine(path: string): string | undefined {
  const lines = readFileSync(path, "utf8").slice(-4000).split("\n");
  return lines
    .findLast((line) => /\S/.test(line) && !/^\s+at |^Node\.js v|^\s*[}{\]]+\s*$/.test(line))
    ?.trim()
    .slice(0, 300);
}

/** Of which search this process is a trial, and which. */
export interface TrialPlace {
  readonly search: string;
  readonly trial: number;
}

/** Undefined where this process is no trial. */
export function trialPlace(): TrialPlace | undefined {
  const text = process.env[VARIABLE];
  if (text === undefined || process.send === undefined) return undefined;
  return JSON.parse(text) as TrialPlace;
}

/**
 * In a trial's process: connects it with the search, runs `trial`, says how it ended and leaves. The search's end is the
 * trial's, too.
 */
export async function serveTrial(
  trial: (events: TrialEvents, signal: AbortSignal) => Promise<TrialEnd>,
): Promise<never> {
  const stop = new AbortController();
  let answer: (message: ToTrial) => void = () => undefined;
  process.on("message", (message: ToTrial) => {
    if (message.kind === "stop") stop.abort();
    else answer(message);
  });
  process.on("disconnect", () => process.exit(1)); // the search was killed: what goes on from here is its next run's
  process.on("SIGINT", () => undefined); // a terminal's Ctrl-C comes to all; the search decides
  process.on("SIGTERM", () => stop.abort());
  const ask = (message: FromTrial): Promise<ToTrial> =>
    new Promise((hear) => {
      answer = hear;
      process.send?.(message);
    });
  const end = await trial(
    {
      begun: async (start) => {
        await ask({ kind: "begun", start });
      },
      reported: async (report) => {
        const verdict = await ask({ kind: "reported", report });
        return verdict.kind === "verdict" && verdict.ends;
      },
    },
    stop.signal,
  );
  if (end.outcome === "failed") process.stderr.write(`attune: ${end.error}\n`);
  await new Promise((sent) => process.send?.({ kind: "ended", end } satisfies FromTrial, sent));
  process.exit(0);
}

/** Runs trials in this process. */
export class InProcessHost implements TrialHost {
  readonly #run: (trial: TrialRecord, events: TrialEvents, signal: AbortSignal) => Promise<TrialEnd>;

  constructor(run: (trial: TrialRecord, events: TrialEvents, signal: AbortSignal) => Promise<TrialEnd>) {
    this.#run = run;
  }

  start(trial: TrialRecord, events: TrialEvents): RunningTrial {
    const stop = new AbortController();
    return { ended: this.#run(trial, events, stop.signal), stop: () => stop.abort() };
  }
}
