// What `Accelerator.prepare` makes aware: an optimizer and a schedule that move only when gradients are complete, a
// loader that gives this process its share and says when its last batch is out, a model that starts from the same weights
// everywhere. The objects stay the same; a method of each gets a guard before it.
import { Module } from "../nn/index.js";
import { ConfigError } from "../support/errors.js";
import type { ProductPrecision } from "../tensor/index.js";
import { type BatchShare, giveShare, type LoaderPosition } from "./loader.js";
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
  readonly rank: number;
  readonly size: number;
  /** Steps that a schedule makes at each update. */
  readonly scheduleSteps: number;
  prepareModel(model: Module): void;
  /** A loader begins an epoch; the position is the accelerator's until `end`. */
  beginLoader(position: LoaderPosition): void;
  endLoader(position: LoaderPosition): void;
  /** What the other processes have for this batch; undefined where one of them has none, and the epoch ends. */
  agreeOnBatch(own: BatchShare | undefined): Promise<readonly BatchShare[] | undefined>;
  /** A batch stands in for one that is not there. */
  noteFiller(batch: object): void;
  /** An object of this kind was prepared. */
  prepared(kind: PreparedKind, object: Preparable): void;
}

export type PreparedKind = "model" | "optimizer" | "schedule" | "loader";

const owners = new WeakMap<object, Synchronizer>();

/**
 * Makes `object` aware of `owner`; once more by the same owner does nothing.
 * @throws ConfigError where it is none of the four kinds, or belongs to another accelerator.
 */
export function makeAware(object: Preparable, owner: Synchronizer, position: number): void {
  if (object instanceof Module) setPrecision(object, owner.precision);
  const before = owners.get(object);
  if (before === owner) return;
  const kind = kindOf(object);
  if (kind === undefined) {
    throw new ConfigError(
      `prepare: argument ${position + 1} (${describe(object)}) is neither a model, an optimizer, a schedule, nor a loader of ` +
        "batches with a length",
    );
  }
  // A model is not changed, and one process may train it with one Accelerator after another.
  if (before && kind !== "model") {
    throw new ConfigError(`prepare: argument ${position + 1} was prepared by another Accelerator already`);
  }
  switch (kind) {
    case "model":
      owner.prepareModel(object as Module);
      break;
    case "loader":
      giveShare(object as LoaderLike, owner);
      break;
    case "optimizer":
      guard(object, ["step", "zeroGrad"], () => (owner.syncGradients ? 1 : 0));
      break;
    case "schedule":
      guard(object, ["step"], () => (owner.syncGradients ? owner.scheduleSteps : 0));
      break;
    default:
      kind satisfies never;
  }
  owners.set(object, owner);
  owner.prepared(kind, object);
}

function kindOf(object: Preparable): PreparedKind | undefined {
  if (object instanceof Module) return "model";
  if (isLoader(object)) return "loader";
  if (isOptimizer(object)) return "optimizer";
  return isSchedule(object) ? "schedule" : undefined;
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

/** Each call of these methods becomes `times()` calls: none while gradients are still being accumulated. */
function guard(object: object, methods: readonly string[], times: () => number): void {
  for (const method of methods) {
    const original = (object as Record<string, (...inputs: unknown[]) => unknown>)[method];
    Object.defineProperty(object, method, {
      value: (...inputs: unknown[]) => {
        let result: unknown;
        for (let i = times(); i > 0; i--) result = original.apply(object, inputs);
        return result;
      },
      writable: true,
      configurable: true,
    });
  }
}
