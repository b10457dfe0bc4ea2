// attune_state.json of a checkpoint: what Python's files have no place for, and going on to the same bits needs: the
// counter of random numbers, the place in the data, the sums behind the next row of the log.
import { readFile } from "node:fs/promises";
import type { DataLoaderState } from "../../batches/index.js";
import { ConfigError, FileFormatError } from "../../support/errors.js";
import { info } from "../../support/log.js";
import type { RandomState } from "../../tensor/index.js";
import type { TrainingArguments } from "../arguments.js";
import type { RunSums } from "../run.js";

/** What has to be the same for a place in the data to mean the same rows. */
export interface DataSetting {
  readonly trainRows: number;
  readonly perDeviceTrainBatchSize: number;
  readonly maxTokensPerBatch?: number;
  readonly gradientAccumulationSteps: number;
  readonly dataloaderDropLast: boolean;
  readonly trainSamplingStrategy: string;
  readonly dataSeed: number;
  /** Processes that share the batches; 1 where it is not said. */
  readonly processes?: number;
}

export interface Counters {
  readonly version: 1;
  /** When, in milliseconds since 1970: tells the newest of a folder, whatever copying did to the times of files. */
  readonly written: number;
  readonly random: RandomState;
  /** Where the loader goes on. */
  readonly loader: DataLoaderState;
  /** What the checkpoint was written after: a step, or the end of an epoch with what is due then. */
  readonly after: "step" | "epoch";
  readonly data: DataSetting;
  readonly sums: RunSums;
}

export function dataSetting(args: TrainingArguments, trainRows: number, processes: number): DataSetting {
  return {
    processes,
    trainRows,
    perDeviceTrainBatchSize: args.perDeviceTrainBatchSize,
    maxTokensPerBatch: args.maxTokensPerBatch,
    gradientAccumulationSteps: args.gradientAccumulationSteps,
    dataloaderDropLast: args.dataloaderDropLast,
    trainSamplingStrategy: args.trainSamplingStrategy,
    dataSeed: args.dataSeed ?? args.seed,
  };
}

/**
 * Reads attune_state.json; undefined where there is none, as in a checkpoint of Python.
 * @throws FileFormatError, naming the file, where it is damaged or of a later version.
 */
export async function readCounters(path: string): Promise<Counters | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FileFormatError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  if (text === undefined) return undefined;
  let json: Partial<Counters> | null;
  try {
    json = JSON.parse(text) as Partial<Counters> | null;
  } catch (error) {
    throw new FileFormatError(`${path} is damaged: ${(error as Error).message}`, { cause: error });
  }
  if (json?.version !== 1) {
    throw new FileFormatError(`${path} is of version ${json?.version}; this version of Attune reads 1`);
  }
  const { random, loader, data, sums, after } = json;
  const numbers = [random?.seed, random?.process, random?.serial, loader?.epoch, loader?.batch, sums?.losses?.sum];
  if (!data || !(after === "step" || after === "epoch") || !numbers.every((value) => typeof value === "number")) {
    throw new FileFormatError(`${path} is damaged: it lacks random, loader, data, sums or after`);
  }
  return json as Counters;
}

/** @throws ConfigError naming what differs: the same place would be other rows. */
export function checkDataSetting(saved: DataSetting, now: DataSetting, checkpoint: string): void {
  const counted: readonly (keyof DataSetting)[] = // what a place in the data is counted in, and translated by
    (saved.processes ?? 1) === now.processes ? ["processes"] : ["processes", "perDeviceTrainBatchSize"];
  const differs = (Object.keys(now) as (keyof DataSetting)[]).filter(
    (name) => !counted.includes(name) && saved[name] !== now[name],
  );
  if (differs.length === 0) return;
  const what = differs
    .map((name) => `${name} was ${saved[name] ?? "not set"} and is ${now[name] ?? "not set"}`)
    .join(", ");
  throw new ConfigError(
    `cannot go on from ${checkpoint}: ${what}, so that its place in the data would be another. Set it back; or, to train ` +
      "on from its weights in another way, load the model from that folder and start anew",
  );
}

/**
 * A place in the data of a run of other processes, as this run counts it: the same row, or the beginning of the batch that
 * holds it.
 */
export function placeFor(place: DataLoaderState, saved: DataSetting, now: DataSetting): DataLoaderState {
  // Batches of so many tokens are the same for any number of processes; others are counted by their rows.
  const unit = now.maxTokensPerBatch === undefined ? "rows" : "batches";
  const inStep = (setting: DataSetting) =>
    (setting.processes ?? 1) * (unit === "rows" ? setting.perDeviceTrainBatchSize : 1);
  const done = place.batch * inStep(saved);
  const again = done % inStep(now);
  if (again !== 0) {
    info(`the run goes on with other batches: ${again} ${unit} of this epoch that were trained on come once more`);
  }
  return { ...place, batch: Math.floor(done / inStep(now)) };
}
