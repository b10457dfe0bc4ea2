// search.json: what a search looks for, how, and what came of its trials so far. It is written as a whole after whatever
// happens, so that a killed search goes on from it and the dashboard reads it at any moment.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { writeFileAtomic } from "../support/atomic.js";
import { FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { type Direction, PRUNERS, type Pruner } from "./prune.js";
import { SAMPLERS, type Sampler } from "./sample.js";
import { checkSpace, type Params, type Space } from "./space.js";

export const searchFile = "search.json";
const VERSION = 1;

/** What a search is; with the same values its trials are the same. */
export interface Declaration {
  readonly space: Space;
  /** What trials are made from beside their arguments; undefined where nobody says it. */
  readonly inputs: Readonly<Record<string, string>> | undefined;
  readonly sampler: Sampler;
  readonly pruner: Required<Pruner> | null;
  readonly seed: number;
}

/** What a trial is told by: a figure of its evaluations, or the user's own function of them. */
export interface Objective {
  readonly name: string;
  readonly direction: Direction;
}

/** An evaluation of a trial. */
export interface Report {
  readonly step: number;
  readonly epoch: number;
  /** The objective; NaN where it is none. */
  readonly value: number;
}

/**
 * waiting: not begun. running: begun; where nobody runs the search, it was killed. interrupted: a signal ended it, and it
 * can go on. complete, pruned: ended well. failed: ended by an error.
 */
export const STATES = ["waiting", "running", "interrupted", "complete", "pruned", "failed"] as const;
export type TrialState = (typeof STATES)[number];

export interface TrialRecord {
  readonly number: number;
  /** Of its folder, beside search.json. */
  readonly name: string;
  readonly params: Params;
  state: TrialState;
  reports: Report[];
  /** What it reached, once it has ended well. */
  objective?: number;
  error?: string;
  /** Seconds that its processes took, together. */
  seconds: number;
  /** The process that runs it, or ran it last (support/atomic's writerMark). */
  process?: string;
}

export interface SearchRecord extends Declaration {
  /** When it was begun, in milliseconds since 1970. */
  readonly created: number;
  /** Trials that were asked for. */
  nTrials: number;
  /** Known once a trial has begun. */
  objective: Objective | null;
  /** Arguments that all trials have in common; known once one has begun, where the space is of arguments only. */
  fixed: Readonly<Record<string, unknown>> | null;
  /** The process that runs the search; null where it ended by itself. */
  process: string | null;
  trials: TrialRecord[];
}

/** Writes the record into the search's folder, which exists. */
export async function writeSearch(folder: string, record: SearchRecord): Promise<void> {
  const finite = (_key: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  await writeFileAtomic(join(folder, searchFile), `${JSON.stringify({ version: VERSION, ...record }, finite, 2)}\n`);
}

/**
 * Reads a search's folder. Undefined where it holds no search.
 * @throws FileFormatError naming the file and what is wrong with it
 */
export async function readSearch(folder: string): Promise<SearchRecord | undefined> {
  const path = join(folder, searchFile);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw new FileFormatError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return parseSearch(text, path);
}

/** @param path For messages. @throws FileFormatError */
export function parseSearch(text: string, path: string): SearchRecord {
  const damaged = (what: string, cause?: unknown) => new FileFormatError(`${path} is damaged: ${what}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw damaged((error as Error).message, error);
  }
  if (!isObject(json)) throw damaged("it does not hold a JSON object");
  if (json.version !== VERSION) {
    throw new FileFormatError(`${path} has version ${JSON.stringify(json.version)}, and this Attune reads ${VERSION}`);
  }
  const { space, inputs, sampler, pruner, seed, created, nTrials, objective, fixed, process: owner, trials } = json;
  try {
    checkSpace(space);
  } catch (error) {
    throw damaged((error as Error).message, error);
  }
  if (!SAMPLERS.includes(sampler as Sampler)) throw damaged(`sampler is ${JSON.stringify(sampler)}`);
  if (pruner !== null && !(isObject(pruner) && (PRUNERS as readonly unknown[]).includes(pruner.type))) {
    throw damaged(`pruner is ${JSON.stringify(pruner)}`);
  }
  for (const [name, value] of Object.entries({ seed, created, nTrials })) {
    if (!Number.isSafeInteger(value)) throw damaged(`${name} is ${JSON.stringify(value)}, not a whole number`);
  }
  if (
    inputs !== undefined &&
    !(isObject(inputs) && Object.values(inputs).every((value) => typeof value === "string"))
  ) {
    throw damaged(`inputs is ${JSON.stringify(inputs)}`);
  }
  if (objective !== null && !isObjective(objective)) throw damaged(`objective is ${JSON.stringify(objective)}`);
  if (fixed !== null && !isObject(fixed)) throw damaged(`fixed is ${JSON.stringify(fixed)}`);
  if (owner !== null && typeof owner !== "string") throw damaged(`process is ${JSON.stringify(owner)}`);
  if (!Array.isArray(trials)) throw damaged("trials is no list");
  const read = trials.map((trial, i) => readTrial(trial, i, space) ?? damaged(`trial ${i} is not whole`));
  const wrong = read.find((trial) => trial instanceof FileFormatError);
  if (wrong) throw wrong;
  return {
    space,
    inputs,
    sampler,
    pruner,
    seed,
    created,
    nTrials,
    objective,
    fixed,
    process: owner,
    trials: read,
  } as SearchRecord;
}

/** Undefined where something of it is missing or of another kind. */
function readTrial(trial: unknown, index: number, space: Space): TrialRecord | undefined {
  if (!isObject(trial)) return undefined;
  const { number, name, params, state, reports, objective, error, seconds, process: owner } = trial;
  const isText = (value: unknown) => value === undefined || typeof value === "string";
  if (
    number !== index ||
    typeof name !== "string" ||
    name === "" ||
    name === "." ||
    name === ".." ||
    name !== basename(name)
  ) {
    return undefined; // a name that is a path would lead out of the search's folder
  }
  if (!isObject(params) || Object.keys(space).some((key) => !isValue(params[key]))) return undefined;
  if (!STATES.includes(state as TrialState) || !Array.isArray(reports)) return undefined;
  const evaluations = reports.map((report) => readReport(report));
  const reached = objective === undefined ? undefined : readNumber(objective);
  if (evaluations.includes(undefined) || (objective !== undefined && reached === undefined)) return undefined;
  if (!isText(error) || !isText(owner) || typeof seconds !== "number") return undefined;
  return {
    number,
    name,
    params: params as Params,
    state: state as TrialState,
    reports: evaluations as Report[],
    objective: reached,
    error: error as string | undefined,
    seconds,
    process: owner as string | undefined,
  };
}

function readReport(report: unknown): Report | undefined {
  if (!isObject(report)) return undefined;
  const [step, epoch, value] = [report.step, report.epoch, report.value].map(readNumber);
  return step === undefined || epoch === undefined || value === undefined ? undefined : { step, epoch, value };
}

/** Numbers that JSON has not are written by their names. */
function readNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : undefined;
}

function isObjective(value: unknown): value is Objective {
  return (
    isObject(value) && typeof value.name === "string" && ["minimize", "maximize"].includes(String(value.direction))
  );
}

function isValue(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

/** Whether a trial has come to an end. */
export function hasEnded({ state }: Pick<TrialRecord, "state">): boolean {
  return state === "complete" || state === "pruned" || state === "failed";
}

/** The best of the trials that are complete; undefined while there is none with a finite value. */
export function bestTrial({ trials, objective }: Pick<SearchRecord, "trials" | "objective">): TrialRecord | undefined {
  let best: TrialRecord | undefined;
  for (const trial of trials) {
    if (trial.state !== "complete" || trial.objective === undefined || !Number.isFinite(trial.objective)) continue;
    if (best?.objective === undefined || isBetter(trial.objective, best.objective, objective?.direction)) best = trial;
  }
  return best;
}

export function isBetter(value: number, than: number, direction: Direction = "minimize"): boolean {
  return direction === "maximize" ? value > than : value < than;
}

/**
 * The evaluation, counted from 1, at which all trials are compared alike: where some were pruned the first that decided, the
 * last that all of them have. Undefined where none was: then it is what they reached.
 */
export function comparedAt({ trials, pruner }: Pick<SearchRecord, "trials" | "pruner">): number | undefined {
  const ended = trials.filter(({ state }) => state === "complete" || state === "pruned");
  if (!ended.some(({ state }) => state === "pruned")) return undefined;
  return pruner?.type === "asha" ? pruner.minResource : Math.min(...ended.map(({ reports }) => reports.length));
}

/** What each trial is compared by where all are to be compared alike (`comparedAt`). */
export function comparable(record: Pick<SearchRecord, "trials" | "pruner">): { params: Params; value: number }[] {
  const ended = record.trials.filter(({ state }) => state === "complete" || state === "pruned");
  const at = comparedAt(record);
  if (at === undefined) {
    return ended.flatMap(({ params, objective }) => (objective === undefined ? [] : [{ params, value: objective }]));
  }
  return ended.flatMap(({ params, reports }) =>
    reports.length < at ? [] : [{ params, value: reports[at - 1].value }],
  );
}
