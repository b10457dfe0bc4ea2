// A group of processes over MPI. MPI begins with the first group of a process and ends with the process; each group has
// communicators of its own, so that two Accelerators never hear each other.
import { createRequire } from "node:module";
import { inspect } from "node:util";
import { isMainThread } from "node:worker_threads";
import { NativeBackend } from "../../backends/native/index.js";
import { AttuneError, ConfigError, DeviceError, ShapeError } from "../../support/errors.js";
import { debug } from "../../support/log.js";
import { formatShape, type Tensor } from "../../tensor/index.js";
import type { GroupStatistics, Pending, ProcessGroup } from "../group.js";
import type { Addon, Channel, Self } from "./addon.js";
import { buildMpiAddon } from "./build.js";

/** Several processes are not in step, do not answer, or one of them has failed. */
export class ProcessError extends AttuneError {}

const DEFAULT_LIMIT_SECONDS = 1800;
const ELEMENT: Readonly<Record<string, number>> = { float32: 0, int32: 1 };

interface World {
  readonly addon: Addon;
  readonly self: Self;
  readonly waiting: Map<number, { resolve: (parts: Uint8Array[]) => void; reject: (error: Error) => void }>;
  nextId: number;
}

let world: World | undefined;

function begin(): World {
  if (!isMainThread)
    throw new ConfigError("only the main thread of a process takes part in a job of several processes");
  const path = buildMpiAddon();
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    throw new ConfigError(`the MPI binding ${path} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
  const waiting: World["waiting"] = new Map();
  const self = call(() =>
    addon.start(limitSeconds(), (id, error, parts) => {
      const waiter = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) waiter?.resolve(parts ?? []);
      else waiter?.reject(new ProcessError(error));
    }),
  );
  debug(`process ${self.rank} of ${self.size} on ${self.host}, over ${self.library}`);
  let failure: unknown;
  process.on("uncaughtExceptionMonitor", (error) => {
    failure = error;
  });
  process.once("exit", (status) => endWith(addon, self.rank, status, failure));
  return { addon, self, waiting, nextId: 0 };
}

/**
 * A process that ends well waits for the others; one that does not ends them, since they would wait for it. Node prints an
 * error that nobody caught after this only, so it is printed here.
 */
function endWith(addon: Addon, rank: number, status: number, failure: unknown): void {
  const asked = status > 128 && failure === undefined; // it was asked to end, as all were, and has come to its end
  if (status !== 0 && !asked) {
    if (failure !== undefined) process.stderr.write(`${inspect(failure)}\n`);
    sayEnd(rank, status);
    addon.abort(status);
  }
  try {
    addon.finish();
  } catch (error) {
    process.stderr.write(`attune: ${(error as Error).message}\n`);
    sayEnd(rank, 1);
    addon.abort(1);
  }
}

/** A line that the launcher looks for. */
function sayEnd(rank: number, status: number): void {
  process.stderr.write(`attune: rank ${rank} ends the job with status ${status}\n`);
}

/** ATTUNE_PROCESS_LIMIT in seconds: how long a process waits for others. */
function limitSeconds(): number {
  const text = process.env.ATTUNE_PROCESS_LIMIT;
  if (!text) return DEFAULT_LIMIT_SECONDS;
  const seconds = Number(text);
  if (seconds > 0) return seconds;
  throw new ConfigError(`ATTUNE_PROCESS_LIMIT=${text} is not a number of seconds above 0`);
}

function call<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw new ProcessError((error as Error).message);
  }
}

export class MpiGroup implements ProcessGroup {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly host: string;
  readonly #world: World;
  readonly #channel: Channel;

  /**
   * Opens a channel, as all processes do at the same point of their program; with the first one MPI begins.
   * @throws ConfigError where the binding cannot be built or loaded; ProcessError where MPI does not begin
   */
  constructor() {
    world ??= begin();
    const { addon, self } = world;
    this.#world = world;
    this.#channel = call(() => addon.open());
    ({
      rank: this.rank,
      size: this.size,
      localRank: this.localRank,
      localSize: this.localSize,
      host: this.host,
    } = self);
  }

  /** Name and version of the MPI library. */
  get library(): string {
    return this.#world.self.library;
  }

  exchange(what: string, bytes: Uint8Array = new Uint8Array(0)): Promise<readonly Uint8Array[]> {
    const { addon, waiting } = this.#world;
    return new Promise((resolve, reject) => {
      const id = this.#world.nextId++;
      waiting.set(id, { resolve, reject });
      addon.exchange(this.#channel, what, bytes, id);
    });
  }

  exchangeNow(what: string, bytes: Uint8Array = new Uint8Array(0)): readonly Uint8Array[] {
    return call(() => this.#world.addon.exchangeNow(this.#channel, what, bytes));
  }

  allReduce(what: string, tensors: readonly Tensor[]): Pending {
    const dtypes = new Set(tensors.map(({ dtype }) => dtype));
    const [dtype = "float32"] = dtypes;
    if (dtypes.size > 1)
      throw new ShapeError(`${what}: tensors of ${[...dtypes].join(" and ")} are not reduced together`);
    return this.#begin(what, tensors, (addon, backend) =>
      addon.allReduce(this.#channel, what, runs(backend, tensors), element(what, dtype)),
    );
  }

  allGather(what: string, own: Tensor, out: Tensor, counts: readonly number[]): Pending {
    element(what, own.dtype);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (own.dtype !== out.dtype || counts[this.rank] !== own.size || total !== out.size) {
      throw new ShapeError(
        `${what}: ${own.dtype} ${formatShape(own.shape)} of rank ${this.rank} does not make ${out.dtype} ${formatShape(out.shape)}`,
      );
    }
    const bytes = Float64Array.from(counts, (count) => 4 * count);
    return this.#begin(what, [own, out], (addon, backend) =>
      addon.allGather(this.#channel, what, backend.addressOf(own), backend.addressOf(out), bytes),
    );
  }

  broadcast(what: string, tensors: readonly Tensor[], root: number): Pending {
    for (const { dtype } of tensors) element(what, dtype);
    return this.#begin(what, tensors, (addon, backend) =>
      addon.broadcast(this.#channel, what, runs(backend, tensors), root),
    );
  }

  statistics(): GroupStatistics {
    return this.#world.addon.statistics();
  }

  /**
   * Begins an operation on tensors once the device has come here. They stay until the device was told to wait for it: from
   * then on its memory is used in order again.
   */
  #begin(what: string, tensors: readonly Tensor[], start: (addon: Addon, backend: NativeBackend) => number): Pending {
    const { addon } = this.#world;
    const backend = backendOf(what, tensors);
    const held = tensors.map((tensor) => tensor.hold());
    const ticket = start(addon, backend);
    backend.call(addon.signalFunction, this.#channel, ticket);
    return {
      wait: () => {
        if (held.length === 0) return;
        backend.call(addon.awaitFunction, this.#channel, ticket);
        for (const tensor of held.splice(0)) tensor.dispose();
      },
    };
  }
}

function backendOf(what: string, tensors: readonly Tensor[]): NativeBackend {
  const [first] = tensors;
  if (!first) throw new ShapeError(`${what}: there are no tensors`);
  const { backend } = first;
  if (backend instanceof NativeBackend) return backend;
  throw new DeviceError(
    `${what}: several processes need the native engine, and this one runs on ${backend.name}; \`attune env\` says why`,
  );
}

function element(what: string, dtype: string): number {
  const number = ELEMENT[dtype];
  if (number === undefined)
    throw new ShapeError(`${what}: processes exchange float32 and int32, not ${dtype}; cast() first`);
  return number;
}

/** Addresses and counts of elements; what lies one behind another becomes one run. */
function runs(backend: NativeBackend, tensors: readonly Tensor[]): Float64Array {
  const numbers: number[] = [];
  for (const tensor of tensors) {
    const address = backend.addressOf(tensor);
    const last = numbers.length - 2;
    if (last >= 0 && numbers[last] + 4 * numbers[last + 1] === address) numbers[last + 1] += tensor.size;
    else numbers.push(address, tensor.size);
  }
  return Float64Array.from(numbers);
}
