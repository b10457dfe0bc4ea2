// Writing a checkpoint: everything that going on needs, in Python's files and one of ours, whole or not at all.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { writeOptimizer, writeSchedule } from "../../accelerate/index.js";
import type { Batch, DataLoader, DataLoaderState } from "../../batches/index.js";
import type { AnyRow } from "../../datasets/index.js";
import { replaceFolderAtomic, writeFileAtomic } from "../../support/atomic.js";
import { randomState } from "../../tensor/index.js";
import type { TrainingArguments } from "../arguments.js";
import type { TrainableModel } from "../model.js";
import type { TrainerOptimizer, TrainerSchedule } from "../optimizer.js";
import type { Run } from "../run.js";
import { sortedJson } from "../save.js";
import type { CallbackStates, TrainerState } from "../state.js";
import type { Counters, DataSetting } from "./counters.js";
import { checkpointFiles } from "./files.js";
import { checkpointFolder, rotateCheckpoints, updateLinks } from "./folders.js";

/** What a checkpoint is made of, and what one is read into. */
export interface CheckpointParts {
  readonly args: TrainingArguments;
  readonly model: TrainableModel;
  readonly state: TrainerState;
  readonly run: Run;
  readonly optimizer: TrainerOptimizer;
  readonly lrScheduler: TrainerSchedule;
  readonly loader: DataLoader<AnyRow, Batch>;
  /** Where the loader goes on. */
  readonly place: DataLoaderState;
  readonly after: Counters["after"];
  readonly data: DataSetting;
}

/**
 * Writes checkpoint-<step>, points `last` and `best` at theirs, and removes what `saveTotalLimit` leaves out. The run is
 * settled.
 * @returns The checkpoint's folder.
 * @throws AttuneError naming the folder and the cause; nothing half-written stays.
 */
export async function writeCheckpoint(
  outputDir: string,
  parts: CheckpointParts,
  options: { readonly callbacks: CallbackStates; readonly writeModel: (folder: string) => Promise<void> },
): Promise<string> {
  const { args, state } = parts;
  const folder = checkpointFolder(outputDir, state.globalStep);
  const { bestGlobalStep } = state;
  if (bestGlobalStep !== undefined) {
    const best = checkpointFolder(outputDir, bestGlobalStep);
    if (best === folder || (await stat(best).catch(() => undefined))) state.bestModelCheckpoint = best;
  }
  await replaceFolderAtomic(folder, async (stage) => {
    await options.writeModel(stage);
    if (!args.saveOnlyModel) await writeProgress(stage, parts);
    const json = sortedJson(state.toJSON(options.callbacks), 2);
    await writeFileAtomic(join(stage, checkpointFiles.state), json);
  });
  await updateLinks(outputDir, state.globalStep, bestGlobalStep);
  if (args.saveTotalLimit !== undefined) await rotateCheckpoints(outputDir, args.saveTotalLimit, bestGlobalStep);
  return folder;
}

async function writeProgress(folder: string, parts: CheckpointParts): Promise<void> {
  const { run, optimizer, lrScheduler, place, after, data } = parts;
  await writeOptimizer(join(folder, checkpointFiles.optimizer), optimizer);
  await writeSchedule(join(folder, checkpointFiles.schedule), lrScheduler);
  const counters: Counters = {
    version: 1,
    written: Date.now(),
    random: randomState(),
    loader: place,
    after,
    data,
    sums: await run.exportSums(),
  };
  await writeFileAtomic(join(folder, checkpointFiles.counters), sortedJson(counters, 2));
}
