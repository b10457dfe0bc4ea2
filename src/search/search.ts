// hyperparameterSearch: trials of one training with values from a declared space, each a run in a folder of its own, in
// search of the best (transformers: Trainer.hyperparameter_search, and what Optuna and Ray do beneath it).
import { readdir, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { AttuneError, ConfigError } from "../support/errors.js";
import { info } from "../support/log.js";
import { Interrupt } from "../trainer/interrupt.js";
import { drive } from "./driver.js";
import { InProcessHost, ProcessHost, serveTrial, type TrialHost, trialPlace } from "./host.js";
import { openRecord, release, takeOver, waitForOrphans } from "./open.js";
import { checkOptions, declare, type SearchOptions, threadsPerTrial } from "./options.js";
import { bestTrial, hasEnded, readSearch, type SearchRecord, type TrialRecord, writeSearch } from "./record.js";
import type { defaultHpSpace, Params, Space } from "./space.js";
import { runTrial, type TrialEvents, trialOf } from "./trial.js";

/** As Python's BestRun. */
export interface BestRun<S extends Space = Space> {
  /** The trial's name. */
  readonly runId: string;
  readonly objective: number;
  readonly hyperparameters: Params<S>;
  /** The run's folder, with the model. */
  readonly folder: string;
}

export interface SearchResult<S extends Space = Space> {
  /** Undefined where no trial came to its end, as after an early Ctrl-C. */
  readonly best: BestRun<S> | undefined;
  /** Everything about every trial: what search.json holds. */
  readonly record: SearchRecord;
  /** What ended the search before its last trial, if something did: a signal's name, or "abort". */
  readonly interrupted?: string;
}

/**
 * Searches, or goes on with the search that `outputDir` holds; one that is done gives its result at once.
 *
 * Each trial is a process that runs this program again, with the same arguments, up to this call, which then trains the
 * trial and never returns. What stands before the call so runs once for each trial, too.
 * @throws ConfigError for a bad space or option, an outputDir that holds another search or one that is going on, or arguments
 *   that differ between trials; AttuneError where the first trial fails before its first step, or all fail; FileFormatError
 *   where search.json is damaged
 */
export async function hyperparameterSearch<const S extends Space = typeof defaultHpSpace>(
  options: SearchOptions<S>,
): Promise<SearchResult<S>> {
  const { outputDir } = options;
  checkOptions(options);
  const declaration = declare(options);
  const place = trialPlace();
  if (place?.search === resolve(outputDir)) return runAsTrial(options, place.trial);
  const threads = threadsPerTrial(options);
  const record = await openRecord(declaration, options);
  if (record.trials.every((trial) => trial.number >= record.nTrials || hasEnded(trial))) {
    info(`${outputDir}: all ${record.nTrials} trials are done`);
    return conclude<S>(record, outputDir);
  }
  if (place)
    throw new ConfigError(`the search in ${outputDir} is not done, and this process is a trial of one after it`);
  return search(record, options, threads);
}

async function search<S extends Space>(
  record: SearchRecord,
  options: SearchOptions<S>,
  threads: number,
): Promise<SearchResult<S>> {
  const { outputDir, parallelTrials = 1, keep = "all", signal, inProcess = false } = options;
  await waitForOrphans(record);
  const stop = new AbortController();
  using interrupt = signal ? undefined : new Interrupt(() => stop.abort());
  signal?.addEventListener("abort", () => stop.abort());
  if (signal?.aborted) stop.abort();
  takeOver(record);
  try {
    const host: TrialHost = inProcess
      ? new InProcessHost((trial, events, ended) => runTrial(taskOf(options, record, trial, events, ended)))
      : new ProcessHost(outputDir, threads);
    const onEnd = keep === "best" ? () => dropOthers(record, outputDir) : undefined;
    await drive(record, { folder: outputDir, host, parallel: parallelTrials, signal: stop.signal, onEnd });
  } finally {
    release(record);
    await writeSearch(outputDir, record);
  }
  return conclude<S>(record, outputDir, stop.signal.aborted ? (interrupt?.received ?? "abort") : undefined);
}

function taskOf<S extends Space>(
  { trainerInit, computeObjective, direction, outputDir }: SearchOptions<S>,
  record: SearchRecord,
  trial: TrialRecord,
  events: TrialEvents,
  signal: AbortSignal,
) {
  const places = { outputDir: join(outputDir, trial.name), runName: `${basename(resolve(outputDir))}/${trial.name}` };
  const prunes = record.pruner !== null;
  return { trial: trialOf<S>(trial, places), trainerInit, computeObjective, direction, prunes, events, signal };
}

/** In a trial's process. */
async function runAsTrial<S extends Space>(options: SearchOptions<S>, number: number): Promise<never> {
  const record = await readSearch(options.outputDir);
  const trial = record?.trials[number];
  if (!record || !trial) throw new AttuneError(`${options.outputDir} holds no trial ${number}`);
  return serveTrial((events, signal) => runTrial(taskOf(options, record, trial, events, signal)));
}

/** Removes weights and checkpoints of trials that have ended and are not the best. */
async function dropOthers(record: SearchRecord, outputDir: string): Promise<void> {
  const best = bestTrial(record);
  if (!best) return;
  for (const trial of record.trials) {
    if (trial === best || !hasEnded(trial)) continue;
    const folder = join(outputDir, trial.name);
    for (const name of await readdir(folder).catch(() => [])) {
      if (/^(checkpoint-\d+|last|best|.*\.safetensors(\.index\.json)?)$/.test(name)) {
        await rm(join(folder, name), { recursive: true, force: true });
      }
    }
  }
}

function conclude<S extends Space>(record: SearchRecord, outputDir: string, interrupted?: string): SearchResult<S> {
  const best = bestTrial(record);
  const asked = record.trials.slice(0, record.nTrials);
  if (!best && interrupted === undefined && asked.every(({ state }) => state === "failed")) {
    throw new AttuneError(`all ${asked.length} trials failed; the first: ${asked[0].error}`);
  }
  return {
    best: best && {
      runId: best.name,
      objective: best.objective ?? Number.NaN,
      hyperparameters: best.params as Params<S>,
      folder: join(outputDir, best.name),
    },
    record,
    interrupted,
  };
}
