// The record of a search as its call finds it: a new one, or the one in the folder, if that is the same search and nobody
// else's at the moment.
import { mkdir } from "node:fs/promises";
import { isAbandoned, writerMark } from "../support/atomic.js";
import { AttuneError, ConfigError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { info } from "../support/log.js";
import type { AnySearchOptions } from "./options.js";
import { type Declaration, hasEnded, readSearch, type SearchRecord, type TrialRecord } from "./record.js";
import { sampleTrials } from "./sample.js";
import type { Params } from "./space.js";

/** The record in the folder, checked against what is asked for now, or a new one. */
export async function openRecord(declaration: Declaration, options: AnySearchOptions): Promise<SearchRecord> {
  const { outputDir, hpName, retryFailed = false } = options;
  const count = options.nTrials ?? (declaration.sampler === "grid" ? undefined : 20);
  const enqueued = options.enqueue as readonly Params[] | undefined;
  const sampled = sampleTrials(declaration.space, { ...declaration, count, enqueued });
  if (count !== undefined && sampled.length < count) {
    info(`the space has ${sampled.length} combinations: ${sampled.length} trials instead of ${count}`);
  }
  const nTrials = sampled.length;
  const before = await readSearch(outputDir);
  if (before) {
    checkSameSearch(before, declaration, outputDir);
    checkSameInputs(before, declaration, outputDir);
    checkFree(before, outputDir);
  } else await mkdir(outputDir, { recursive: true });
  const known = before?.trials ?? [];
  const trials = sampled.map((params, number): TrialRecord => {
    const there = known[number];
    if (!there)
      return {
        number,
        name: nameOf(number, params, hpName as HpName),
        params,
        state: "waiting",
        reports: [],
        seconds: 0,
      };
    if (JSON.stringify(sorted(there.params)) !== JSON.stringify(sorted(params))) {
      throw new ConfigError(
        `${outputDir}: trial ${number} has other values than it is given now; enqueue the same values, or search in another outputDir`,
      );
    }
    if (retryFailed && there.state === "failed") return { ...there, state: "waiting", error: undefined };
    return there;
  });
  trials.push(...known.slice(nTrials)); // more were asked for earlier
  checkNames(trials);
  const created = before?.created ?? Date.now();
  const { objective = null, fixed = null } = before ?? {};
  const record: SearchRecord = { ...declaration, created, nTrials, objective, fixed, process: null, trials };
  if (before) {
    const done = trials.slice(0, nTrials).filter(hasEnded).length;
    if (done < nTrials) info(`${outputDir}: going on with a search; ${done} of ${nTrials} trials are done`);
  }
  return record;
}

/** Names a trial; what it gives is checked. */
type HpName = ((trial: { readonly number: number; readonly params: Params }) => unknown) | undefined;

function nameOf(number: number, params: Params, hpName: HpName): string {
  const name = hpName?.({ number, params }) ?? `run-${number}`;
  if (typeof name === "string" && /^[\p{L}\p{N}][\p{L}\p{N}._+=,@ -]{0,99}$/u.test(name) && !/[. ]$/.test(name))
    return name;
  throw new ConfigError(
    `hpName gave ${JSON.stringify(name)}, which cannot name a folder everywhere: letters, digits and . _ + = , @ - can`,
  );
}

function checkNames(trials: readonly TrialRecord[]): void {
  const names = new Map<string, number>();
  for (const { name, number } of trials) {
    const other = names.get(name.toLowerCase());
    if (other !== undefined) throw new ConfigError(`hpName gave trials ${other} and ${number} the same name, ${name}`);
    names.set(name.toLowerCase(), number);
  }
}

/** @throws ConfigError where the folder holds a search for something else */
function checkSameSearch(before: SearchRecord, declaration: Declaration, outputDir: string): void {
  for (const name of ["space", "sampler", "pruner", "seed"] as const) {
    const [was, is] = [before[name], declaration[name]].map((value) => JSON.stringify(sorted(value)));
    if (was === is) continue;
    throw new ConfigError(
      `${outputDir} holds a search with another ${name}: ${was}, where this one has ${is}. Choose another outputDir, or ` +
        "remove that one",
    );
  }
}

/** @throws ConfigError where trials were made from others. A record that says nothing of them takes these. */
function checkSameInputs({ inputs: before }: SearchRecord, { inputs = {} }: Declaration, outputDir: string): void {
  if (before === undefined) return;
  for (const name of new Set([...Object.keys(before), ...Object.keys(inputs)])) {
    const [was, is] = [before[name], inputs[name]];
    if (was === is) continue;
    throw new ConfigError(
      `the trials in ${outputDir} were made with ${was === undefined ? `no ${name}` : `${name} ${was}`}, and now it is ` +
        `${is ?? "left out"}: give the same, or choose another outputDir`,
    );
  }
}

/** With the keys of objects in order, but those of a space, whose order its values are drawn in. */
function sorted(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Searches that this process runs. */
const owners = new Set<string>();

/** Makes this process the one that runs the search; `release` gives it back. */
export function takeOver(record: SearchRecord): void {
  const mark = writerMark();
  record.process = mark;
  owners.add(mark);
}

export function release(record: SearchRecord): void {
  if (record.process !== null) owners.delete(record.process);
  record.process = null;
}

/** @throws ConfigError where another process, or this one, runs the search */
function checkFree({ process: owner }: SearchRecord, outputDir: string): void {
  if (owner === null || !runs(owner)) return;
  throw new ConfigError(
    `the search in ${outputDir} is going on, in process ${owner.split("-")[1]}: wait for it or end it. Should that process be ` +
      'something else, set "process" in search.json to null',
  );
}

/** Whether the process of this machine that a mark is of may still live. */
function runs(mark: string): boolean {
  const [host, pid] = mark.split("-");
  if (!writerMark().startsWith(`${host}-`)) return false; // of another machine, or of a container that is gone
  if (Number(pid) === process.pid) return owners.has(mark); // a restarted container counts its processes anew
  return !isAbandoned(mark);
}

const ORPHAN_SECONDS = 30;

/** Trials of a killed search end by themselves; until then their folders are not free. */
export async function waitForOrphans(record: SearchRecord): Promise<void> {
  const until = performance.now() + ORPHAN_SECONDS * 1000;
  for (const trial of record.trials) {
    while (trial.process !== undefined && runs(trial.process)) {
      if (performance.now() > until) {
        throw new AttuneError(
          `${trial.name} is still being trained, by process ${trial.process.split("-")[1]} of a search that was killed: end it`,
        );
      }
      await new Promise((resume) => setTimeout(resume, 100));
    }
    delete trial.process;
  }
}
