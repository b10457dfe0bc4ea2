// saveState and loadState: models, optimizers, schedules, loaders, random numbers and whatever was registered, in one folder.
// Weights and moments are in files that Python's torch and safetensors read (accelerate: checkpointing.py has their names).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint, writeSafetensors } from "../checkpoint/index.js";
import type { Module } from "../nn/index.js";
import { replaceFolderAtomic, writeFileAtomic } from "../support/atomic.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { formatShape, type RandomState, randomState, sameShape, setRandomState } from "../tensor/index.js";
import { readOptimizer, readSchedule, writeOptimizer, writeSchedule } from "./optimizer-file.js";
import type { LoaderLike, OptimizerLike, ScheduleLike } from "./prepare.js";

/** Anything whose state JSON can hold. */
export interface Checkpointable {
  stateDict(): unknown;
  loadStateDict(state: never): void;
}

/** What an Accelerator has prepared, in the order of preparing. */
export interface Prepared {
  readonly models: readonly Module[];
  readonly optimizers: readonly OptimizerLike[];
  readonly schedules: readonly ScheduleLike[];
  readonly loaders: readonly LoaderLike[];
  readonly registered: readonly Checkpointable[];
}

/** A loader's own state, and how many rows a batch of one process has, where the loader says so. */
interface SavedPlace {
  readonly epoch: number;
  readonly batch: number;
  readonly batchSize?: number;
}

interface SavedState {
  readonly version: 1;
  readonly processes: number;
  readonly random: RandomState;
  /** Of loaders that have one. */
  readonly loaders: readonly (SavedPlace | null)[];
  readonly registered: readonly unknown[];
}

const STATE = "accelerator_state.json";

/** model.safetensors, model_1.safetensors, ... */
function numbered(name: string, extension: string, i: number): string {
  return `${name}${i === 0 ? "" : `_${i}`}.${extension}`;
}

/** Writes the folder, whole or not at all. @throws ConfigError for an optimizer or a schedule that does not give its state */
export async function writeState(folder: string, prepared: Prepared, processes: number): Promise<void> {
  const { models, optimizers, schedules, loaders, registered } = prepared;
  const state: SavedState = {
    version: 1,
    processes,
    random: randomState(),
    loaders: loaders.map((loader) =>
      isCheckpointable(loader)
        ? { ...(loader.stateDict() as { epoch: number; batch: number }), batchSize: batchSizeOf(loader) }
        : null,
    ),
    registered: registered.map((object) => object.stateDict()),
  };
  await replaceFolderAtomic(folder, async (stage) => {
    for (const [i, model] of models.entries()) {
      const tensors = Array.from(model.namedParameters(), ([name, parameter]) => ({
        name,
        dtype: "F32" as const,
        shape: parameter.shape,
        data: async () => Float32Array.from(await parameter.data()),
      }));
      await writeSafetensors(join(stage, numbered("model", "safetensors", i)), tensors);
    }
    for (const [i, optimizer] of optimizers.entries()) {
      await writeOptimizer(join(stage, numbered("optimizer", "bin", i)), optimizer);
    }
    for (const [i, schedule] of schedules.entries()) {
      await writeSchedule(join(stage, numbered("scheduler", "bin", i)), checkedSchedule(schedule));
    }
    await writeFileAtomic(join(stage, STATE), `${JSON.stringify(state, undefined, 2)}\n`);
  });
}

/**
 * Brings everything to where the folder has it. All of it is read before any of it is taken over, but for weights.
 * @throws ConfigError where something else was prepared than is saved; FileFormatError where a file is missing or damaged
 */
export async function readState(folder: string, prepared: Prepared, rank: number, processes: number): Promise<void> {
  const { models, optimizers, schedules, loaders, registered } = prepared;
  const state = await readJson(join(folder, STATE));
  const count = (what: string, saved: number, now: number): void => {
    if (saved !== now)
      throw new ConfigError(`${folder} holds the state of ${saved} ${what}, and ${now} were prepared or registered`);
  };
  count("loaders", state.loaders.length, loaders.length);
  count("registered objects", state.registered.length, registered.length);
  const places = state.loaders.map((saved, i) => {
    if (!saved) return saved;
    const { batchSize = 1, ...place } = saved;
    const now = saved.batchSize === undefined ? 1 : (batchSizeOf(loaders[i]) ?? batchSize);
    return movedTo(place, state.processes * batchSize, processes * now);
  });
  const moments: (() => void)[] = [];
  for (const [i, optimizer] of optimizers.entries()) {
    moments.push(await readOptimizer(join(folder, numbered("optimizer", "bin", i)), optimizer));
  }
  const rates = [];
  for (const [i, schedule] of schedules.entries()) {
    rates.push({
      schedule: checkedSchedule(schedule),
      state: await readSchedule(join(folder, numbered("scheduler", "bin", i))),
    });
  }
  for (const [i, model] of models.entries()) await readModel(folder, numbered("model", "safetensors", i), model);
  for (const take of moments) take();
  for (const { schedule, state: rate } of rates) schedule.loadStateDict(rate);
  for (const [i, loader] of loaders.entries()) {
    const place = places[i];
    if (place && isCheckpointable(loader)) loader.loadStateDict(place as never);
  }
  for (const [i, object] of registered.entries()) object.loadStateDict(state.registered[i] as never);
  setRandomState({ ...state.random, process: rank });
}

function batchSizeOf(loader: object): number | undefined {
  const { batchSize } = loader as { readonly batchSize?: unknown };
  return typeof batchSize === "number" && batchSize > 0 ? batchSize : undefined;
}

/** A place in the data, counted in steps of so many rows, in steps of another size: the last that is not behind it. */
export function movedTo<Place extends { readonly batch: number }>(place: Place, from: number, to: number): Place {
  return from === to ? place : { ...place, batch: Math.floor((place.batch * from) / to) };
}

async function readModel(folder: string, file: string, model: Module): Promise<void> {
  const checkpoint = await openCheckpoint(join(folder, file));
  try {
    const named = [...model.namedParameters()];
    const missing = named.filter(([name]) => !checkpoint.has(name)).map(([name]) => name);
    if (missing.length > 0)
      throw new FileFormatError(`${folder}/${file} lacks weights of the model: ${missing.join(", ")}`);
    for (const [name, { shape }] of named) {
      const saved = checkpoint.info(name).shape;
      if (sameShape(saved, shape)) continue;
      throw new ConfigError(
        `${folder}/${file}: ${name} is ${formatShape(saved)} there, and ${formatShape(shape)} in the model`,
      );
    }
    for (const [name, parameter] of named) parameter.write_(await checkpoint.readFloat32(name));
  } finally {
    await checkpoint.close();
  }
}

async function readJson(path: string): Promise<SavedState> {
  let state: Partial<SavedState>;
  try {
    state = JSON.parse(await readFile(path, "utf8")) as Partial<SavedState>;
  } catch (error) {
    throw new FileFormatError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (state.version === 1 && state.random && Array.isArray(state.loaders) && Array.isArray(state.registered)) {
    return state as SavedState;
  }
  throw new FileFormatError(`${path} is damaged, or of a later version`);
}

interface SavableSchedule extends ScheduleLike {
  stateDict(): ReturnType<Parameters<typeof writeSchedule>[1]["stateDict"]>;
  loadStateDict(state: Awaited<ReturnType<typeof readSchedule>>): void;
}

function checkedSchedule(schedule: ScheduleLike): SavableSchedule {
  if (isCheckpointable(schedule)) return schedule as unknown as SavableSchedule;
  throw new ConfigError(`${schedule.constructor.name} does not give its state: add stateDict() and loadStateDict()`);
}

export function isCheckpointable(object: object): object is Checkpointable {
  const { stateDict, loadStateDict } = object as Partial<Checkpointable>;
  return typeof stateDict === "function" && typeof loadStateDict === "function";
}
