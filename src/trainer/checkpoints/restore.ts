// Reading a checkpoint into a run that begins: all of it is found and checked before any of it is taken over.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readOptimizer, readSchedule } from "../../accelerate/index.js";
import type { DataLoaderState } from "../../batches/index.js";
import { openCheckpoint, type TensorSource } from "../../checkpoint/index.js";
import { ConfigError, FileFormatError } from "../../support/errors.js";
import { info, warn } from "../../support/log.js";
import { formatShape, randomState, sameShape, setRandomState } from "../../tensor/index.js";
import type { TrainableModel } from "../model.js";
import { type CallbackStates, readTrainerState, type SavedState } from "../state.js";
import { type Counters, checkDataSetting, placeFor, readCounters } from "./counters.js";
import { checkpointFiles } from "./files.js";
import { checkpointFolder } from "./folders.js";
import type { CheckpointParts } from "./write.js";

/**
 * Brings model, optimizer, schedule, state, counters and the place in the data to where `checkpoint` has them. One that
 * Python wrote has no counters of ours: the place in the data follows from the step, dropout starts from the seed.
 *
 * @throws ConfigError where a part is missing and `freshOptimizer` does not do without it, or the setting is another;
 *   FileFormatError where a file is damaged.
 */
export async function restoreCheckpoint(
  checkpoint: string,
  parts: CheckpointParts,
  { freshOptimizer }: { readonly freshOptimizer: boolean },
): Promise<{ callbacks: CallbackStates; after: Counters["after"] }> {
  const { args, state, run, optimizer, lrScheduler, loader, data } = parts;
  const path = (file: keyof typeof checkpointFiles) => join(checkpoint, checkpointFiles[file]);
  const saved = await readTrainerState(path("state"));
  const counters = await readCounters(path("counters"));
  await checkParts(checkpoint, { freshOptimizer, hasCounters: counters !== undefined });
  if (counters) checkDataSetting(counters.data, data, checkpoint);
  const position = counters ? placeFor(counters.loader, counters.data, data) : positionAfter(saved, parts);
  const moments = freshOptimizer ? undefined : await readOptimizer(path("optimizer"), optimizer);
  const schedule = freshOptimizer ? undefined : await readSchedule(path("schedule"));

  await loadModelWeights(parts.model, checkpoint);
  loader.loadStateDict(position);
  moments?.();
  if (schedule) lrScheduler.loadStateDict(schedule);
  else for (let step = 0; step < saved.state.globalStep; step++) lrScheduler.step();
  if (counters) {
    setRandomState({ ...counters.random, process: randomState().process });
    run.importSums(counters.sums);
  } else {
    info(`${checkpoint} holds no counters of Attune: dropout draws from seed ${args.seed} anew`);
  }
  const { maxSteps } = saved.state;
  if (maxSteps !== run.plan.maxSteps) {
    warn(
      `the checkpoint is of a run of ${maxSteps} steps, this one has ${run.plan.maxSteps}: its learning rates are another's`,
    );
  }
  Object.assign(state, saved.state);
  await findBest(args.outputDir, parts);
  return { callbacks: withoutControl(saved.callbacks), after: counters?.after ?? "epoch" };
}

/** Refuses a checkpoint without a part that going on needs. */
async function checkParts(
  checkpoint: string,
  { freshOptimizer, hasCounters }: { freshOptimizer: boolean; hasCounters: boolean },
): Promise<void> {
  if (freshOptimizer) return;
  const isThere = (file: string) => stat(join(checkpoint, file)).catch(() => undefined);
  const missing: string[] = [];
  for (const file of [checkpointFiles.optimizer, checkpointFiles.schedule]) {
    if (!(await isThere(file))) missing.push(file);
  }
  if (!hasCounters && !(await isThere("rng_state.pth"))) missing.push(checkpointFiles.counters); // Python's has that
  if (missing.length === 0) return;
  throw new ConfigError(
    `cannot go on from ${checkpoint}: it lacks ${missing.join(", ")}` +
      (missing.length > 1 ? " (a checkpoint written with saveOnlyModel holds none of them)" : "") +
      ". freshOptimizer (--fresh-optimizer) goes on from its weights with AdamW's moments anew",
  );
}

/** The place in the data after the steps that a checkpoint of Python has done. */
function positionAfter({ state }: SavedState, { run, args }: CheckpointParts): DataLoaderState {
  const { stepsPerEpoch } = run.plan;
  if (state.trainBatchSize > 0 && state.trainBatchSize !== args.perDeviceTrainBatchSize) {
    throw new ConfigError(
      `the checkpoint is of a run with perDeviceTrainBatchSize ${state.trainBatchSize}, and this one has ` +
        `${args.perDeviceTrainBatchSize}: its place in the data would be another`,
    );
  }
  if (!Number.isFinite(stepsPerEpoch)) return { epoch: 0, batch: state.globalStep * args.gradientAccumulationSteps };
  return {
    epoch: Math.floor(state.globalStep / stepsPerEpoch),
    batch: (state.globalStep % stepsPerEpoch) * args.gradientAccumulationSteps,
  };
}

/** The best checkpoint may have been moved with its folder, or be gone. */
async function findBest(outputDir: string, { state }: CheckpointParts): Promise<void> {
  const { bestModelCheckpoint: best, bestGlobalStep: step } = state;
  const candidates = [best, step === undefined ? undefined : checkpointFolder(outputDir, step)];
  for (const folder of candidates) {
    if (folder === undefined || !(await stat(folder).catch(() => undefined))) continue;
    state.bestModelCheckpoint = folder;
    return;
  }
  if (best !== undefined) warn(`the best checkpoint, ${best}, is not there any more`);
  state.bestModelCheckpoint = undefined;
}

function withoutControl({ TrainerControl: _, ...states }: CallbackStates): CallbackStates {
  return states;
}

/** What a model with tied weights says of them: second keys, and the parameter that each is. */
interface MaybeTied {
  readonly tiedKeys?: Readonly<Record<string, string>>;
}

/**
 * Overwrites a model's weights with a checkpoint's.
 * @throws FileFormatError, naming them, where some are missing; ConfigError where shapes differ
 */
export async function loadModelWeights(model: TrainableModel, folder: string): Promise<void> {
  if (model.loadWeights) return model.loadWeights(folder);
  const checkpoint = await openCheckpoint(folder);
  try {
    const tied = Object.entries((model as MaybeTied).tiedKeys ?? {});
    const keyOf = (name: string) =>
      [name, ...tied.filter(([, parameter]) => parameter === name).map(([key]) => key)].find((key) =>
        checkpoint.has(key),
      );
    const named = Array.from(model.namedParameters(), ([name, parameter]) => ({ name, parameter, key: keyOf(name) }));
    const missing = named.filter(({ key }) => key === undefined).map(({ name }) => name);
    if (missing.length > 0) {
      throw new FileFormatError(`${folder} lacks weights of ${model.constructor.name}: ${missing.join(", ")}`);
    }
    checkShapes(checkpoint, folder, named);
    for (const { parameter, key = "" } of named) parameter.write_(await checkpoint.readFloat32(key));
  } finally {
    await checkpoint.close();
  }
}

function checkShapes(
  checkpoint: TensorSource,
  folder: string,
  named: readonly { name: string; parameter: { shape: readonly number[] }; key?: string }[],
): void {
  for (const { name, parameter, key = "" } of named) {
    const { shape } = checkpoint.info(key);
    if (sameShape(shape, parameter.shape)) continue;
    throw new ConfigError(
      `${folder} does not fit the model: ${name} is ${formatShape(shape)} there, and ${formatShape(parameter.shape)} in the model`,
    );
  }
}
