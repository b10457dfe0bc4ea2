// What `Accelerator.prepare` makes aware: an optimizer and a schedule that move only when gradients are complete, a
// loader that says when its last batch is out. The objects stay the same; a method of each gets a guard before it.
import { Module } from "../nn/index.js";
import { ConfigError } from "../support/errors.js";
import type { ProductPrecision } from "../tensor/index.js";
import { setPrecision } from "./precision.js";

/** Anything that updates parameters. */
export interface OptimizerLike {
  step(): unknown;
  zeroGrad(): unknown;
}

/** Anything that sets learning rates, a step at a time. */
export interface ScheduleLike {
  step(): unknown;
}

/** Anything that gives batches, and knows how many an epoch has. */
export interface LoaderLike<Batch = unknown> extends AsyncIterable<Batch> {
  readonly length: number;
}

export type Preparable = Module | OptimizerLike | ScheduleLike | LoaderLike;

/** What a prepared object asks of its accelerator. */
export interface Synchronizer {
  /** Whether the gradients are complete: the optimizer may step. */
  readonly syncGradients: boolean;
  /** Of the matrix products of its models. */
  readonly precision: ProductPrecision;
  /** A loader begins an epoch; the position is the accelerator's until `end`. */
  beginLoader(position: LoaderPosition): void;
  endLoader(position: LoaderPosition): void;
}

/** Where a loader stands in its epoch. */
export interface LoaderPosition {
  /** The batch given out last is the epoch's last. */
  last: boolean;
}

const owners = new WeakMap<object, Synchronizer>();

/**
 * Makes `object` aware of `owner`; once more by the same owner does nothing.
 * @throws ConfigError where it is none of the four kinds, or belongs to another accelerator.
 */
export function makeAware(object: Preparable, owner: Synchronizer, position: number): void {
  if (object instanceof Module) {
    setPrecision(object, owner.precision);
    return;
  }
  const before = owners.get(object);
  if (before === owner) return;
  if (before) throw new ConfigError(`prepare: argument ${position + 1} was prepared by another Accelerator already`);
  if (isLoader(object)) watchLoader(object, owner);
  else if (isOptimizer(object)) guard(object, ["step", "zeroGrad"], owner);
  else if (isSchedule(object)) guard(object, ["step"], owner);
  else {
    throw new ConfigError(
      `prepare: argument ${position + 1} (${describe(object)}) is neither a model, an optimizer, a schedule, nor a loader of ` +
        "batches with a length",
    );
  }
  owners.set(object, owner);
}

function isLoader(object: Preparable): object is LoaderLike {
  const { length, [Symbol.asyncIterator]: iterate } = object as Partial<LoaderLike>;
  return typeof iterate === "function" && typeof length === "number";
}

function isOptimizer(object: Preparable): object is OptimizerLike {
  return isSchedule(object) && typeof (object as Partial<OptimizerLike>).zeroGrad === "function";
}

function isSchedule(object: Preparable): object is ScheduleLike {
  return typeof (object as Partial<ScheduleLike> | null)?.step === "function";
}

function describe(object: unknown): string {
  return typeof object === "object" && object !== null ? object.constructor.name : String(object);
}

/** The methods of `object` do nothing while gradients are still being accumulated. */
function guard(object: object, methods: readonly string[], owner: Synchronizer): void {
  for (const method of methods) {
    const original = (object as Record<string, (...inputs: unknown[]) => unknown>)[method];
    Object.defineProperty(object, method, {
      value: (...inputs: unknown[]) => (owner.syncGradients ? original.apply(object, inputs) : undefined),
      writable: true,
      configurable: true,
    });
  }
}

function watchLoader(loader: LoaderLike, owner: Synchronizer): void {
  const iterate = loader[Symbol.asyncIterator].bind(loader);
  Object.defineProperty(loader, Symbol.asyncIterator, {
    value: () => watch({ [Symbol.asyncIterator]: iterate }, loader.length, owner),
    writable: true,
    configurable: true,
  });
}

async function* watch(batches: AsyncIterable<unknown>, length: number, owner: Synchronizer): AsyncGenerator<unknown> {
  const position: LoaderPosition = { last: false };
  let given = 0;
  owner.beginLoader(position);
  try {
    for await (const batch of batches) {
      position.last = ++given >= length;
      yield batch;
    }
  } finally {
    owner.endLoader(position);
  }
}
