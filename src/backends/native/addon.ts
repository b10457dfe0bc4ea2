// Finds and loads the addon that native/build.js builds, and gives its interface types. native/binding.cpp is the other side.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** A stream and its memory. Methods that return false found the system without memory. */
export interface Engine {
  readonly threads: number;
  /** Enqueues the `count` numbers that stand in the block: opcode, step, arguments. */
  enqueue(count: number): boolean;
  /** Leaves a handle and an address in the block. */
  allocate(bytes: number): boolean;
  release(handle: number): void;
  /** Copies the array now, and to the address in stream order. */
  write(address: number, array: ArrayBufferView): boolean;
  /** Fills the array in stream order and reports; the caller keeps the array alive until then. */
  read(address: number, array: ArrayBufferView, id: number): boolean;
  fence(id: number): boolean;
  /**
   * Leaves in the block: bytes in use, bytes reserved, peak of the bytes in use, kernels enqueued, busy seconds; then seconds
   * and calls of every kernel.
   */
  statistics(): void;
  setBlock(block: Float64Array): void;
  close(): void;
}

export interface Addon {
  /** Instruction sets that this build and this processor have, best first. */
  readonly isas: readonly string[];
  /** Names of the kernels; a name's index is its opcode. */
  readonly kernels: readonly string[];
  /** At most `maxPending` commands are queued; `report` hears of each finished read and fence. */
  create(
    isa: string,
    threads: number,
    maxPending: number,
    block: Float64Array,
    report: (id: number, error: string | undefined) => void,
  ): Engine;
}

const path = fileURLToPath(new URL("../../../native/build/attune.node", import.meta.url));

let loaded: { addon: Addon } | { error: Error } | undefined;

function load(): { addon: Addon } | { error: Error } {
  if (!existsSync(path)) {
    return { error: new Error(`${path} does not exist; build it with: npm run build:native`) };
  }
  try {
    return { addon: createRequire(import.meta.url)(path) as Addon };
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    return { error: new Error(`${path} cannot be loaded: ${cause.message}`, { cause }) };
  }
}

/** The addon, or the reason why there is none. Loaded once. */
export function loadAddon(): { addon: Addon } | { error: Error } {
  loaded ??= load();
  return loaded;
}
