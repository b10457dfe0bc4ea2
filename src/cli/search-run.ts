// The work of `attune search`: the search, the table of its trials, and what mattered.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  bestTrial,
  comparable,
  defaultHpSpace,
  hyperparameterSearch,
  importances,
  type Params,
  type SearchRecord,
  type Space,
  wrongWithParams,
} from "../search/index.js";
import { AttuneError, DataError } from "../support/errors.js";
import { kebabCase, type Schema, showNumber, type ValuesOf } from "../trainer/fields.js";
import { adapterOf } from "./adapter-flags.js";
import { loadTask } from "./data.js";
import { UsageError } from "./flags.js";
import { attuneCommand } from "./invocation.js";
import { exitStatus, table } from "./report.js";
import { trainerOf } from "./run-task.js";
import { inputFlags, searchable, type searchCommandFlags } from "./search.js";
import { domainsIn } from "./space-words.js";
import { argumentsOf } from "./training-flags.js";

type Values = ValuesOf<typeof searchCommandFlags>;

/** Searches, and prints what came of it. @param words Domains of the command line. @returns the exit status */
export async function runSearch(
  values: Values,
  given: ReadonlySet<string>,
  words: Readonly<Record<string, object>>,
): Promise<number> {
  const { output = "", trials, sampler, parallel, cores, searchSeed, keep, retryFailed } = values;
  const { pruner: type, reductionFactor, minResource, baseline } = values;
  const domains = { ...(await domainsOfFile(values.space)), ...words };
  const hpSpace = Object.keys(domains).length > 0 ? (domains as Space) : undefined;
  const { record, best, interrupted } = await hyperparameterSearch({
    outputDir: output,
    hpSpace,
    inputs: inputsOf(values, new Set(Object.keys(domains))),
    enqueue: baseline ? [defaultsOf(hpSpace ?? defaultHpSpace)] : undefined,
    nTrials: trials,
    sampler,
    pruner: type === "asha" ? { type, reductionFactor, minResource } : type,
    parallelTrials: parallel,
    cores,
    seed: searchSeed,
    keep,
    retryFailed,
    trainerInit: async ({ params, args }) => {
      const chosen = { ...values, ...params };
      const { raw, task } = await loadTask(values); // by the flags alone: all trials have the same rows set aside
      if (task.evaluationSplits.length === 0) {
        throw new DataError(
          `${values.data ?? values.dataset} has no split to evaluate on: trials could not be told apart`,
        );
      }
      const { outputDir, runName } = args;
      return trainerOf({
        checkpoint: chosen.model ?? "",
        revision: chosen.revision,
        raw,
        task,
        args: argumentsOf(chosen, { outputDir, runName }),
        maxLength: chosen.maxLength,
        freshOptimizer: false,
        freshHead: values.ignoreMismatchedSizes,
        lora: adapterOf(chosen, new Set([...given, ...Object.keys(params)])),
        card: {
          baseModel: chosen.model,
          dataset: values.dataset,
          datasetConfig: values.config,
          datasetSplit: task.evaluationSplits[0],
          task: "text-classification",
        },
        examine: false,
      });
    },
  });
  console.log(`\n${trialsTable(record)}`);
  const shares = importances(record.space, comparable(record));
  if (shares) console.log(`\n${describeImportances(shares, comparable(record).length)}`);
  if (interrupted) console.log(`\nEnded by ${interrupted}. The same command line goes on.`);
  else if (best) {
    console.log(
      `
The best is ${best.runId}, in ${best.folder}. What next:
  ${attuneCommand()} predict --model ${best.folder} --text TEXT
` +
        `  ${attuneCommand()} curves ${best.folder}
  ${attuneCommand()} runs ${output} --sort best`,
    );
  }
  return exitStatus({ interrupted });
}

/** Model, data and adapter as their flags have them, without what is searched; a path is the same wherever one stands. */
function inputsOf(values: Values, searched: ReadonlySet<string>): Record<string, string> {
  const inputs: Record<string, string> = {};
  for (const [name, { default: usual }] of Object.entries(inputFlags as Schema)) {
    const value: unknown = values[name as keyof Values];
    if (searched.has(name) || value === undefined || JSON.stringify(value) === JSON.stringify(usual)) continue;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const isPlace = ["model", "data", "dataset"].includes(name) && existsSync(text);
    inputs[`--${kebabCase(name)}`] = isPlace ? resolve(text) : text;
  }
  return inputs;
}

/** The value that each flag of a space has where none is given. @throws UsageError where one has none in its domain */
function defaultsOf(space: Space): Params {
  const defaults = Object.keys(space).map((name) => [name, (searchable as Schema)[name].default] as const);
  const params = Object.fromEntries(defaults);
  const wrong = wrongWithParams(space, params);
  if (wrong === undefined) return params as Params;
  throw new UsageError(`--baseline needs the defaults among the values that are searched: ${wrong}`);
}

async function domainsOfFile(path: string | undefined): Promise<Record<string, object>> {
  if (path === undefined) return {};
  try {
    return domainsIn(JSON.parse(await readFile(path, "utf8")), path, searchable as Schema);
  } catch (error) {
    if (error instanceof AttuneError) throw error;
    throw new UsageError(`--space ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Trials, the best first, then those that ended early, and the others. */
export function trialsTable(record: SearchRecord): string {
  const names = Object.keys(record.space);
  const { direction = "minimize", name = "objective" } = record.objective ?? {};
  const order = ["complete", "pruned", "running", "interrupted", "failed", "waiting"];
  const sign = direction === "maximize" ? -1 : 1;
  const rows = record.trials
    .filter(({ state }) => state !== "waiting")
    .sort(
      (a, b) =>
        order.indexOf(a.state) - order.indexOf(b.state) ||
        sign * ((a.objective ?? Number.NaN) - (b.objective ?? Number.NaN)) ||
        a.number - b.number,
    )
    .map((trial) => [
      trial === bestTrial(record) ? `${trial.name} *` : trial.name,
      trial.state === "pruned" ? `ended early at ${trial.reports.length}` : trial.state,
      trial.objective === undefined ? "" : trial.objective.toFixed(4),
      ...names.map((each) => show(trial.params[each])),
      `${Math.round(trial.seconds)} s`,
    ]);
  return table([["Trial", "State", name, ...names.map(kebabCase), "Time"], ...rows]);
}

function show(value: string | number | boolean): string {
  return typeof value === "number" ? showNumber(value) : String(value);
}

function describeImportances(shares: Readonly<Record<string, number>>, trials: number): string {
  const parts = Object.entries(shares).map(([name, share]) => `${kebabCase(name)} ${Math.round(100 * share)} %`);
  const few = trials < 20 ? " So few trials give no more than a hint." : "";
  return `Share of the differences between ${trials} trials that a setting accounts for by itself: ${parts.join(", ")}.${few}`;
}
