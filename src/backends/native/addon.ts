// Finds and loads the addon, and gives its interface types. native/binding.cpp is the other side.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ByteRoutines } from "./bytes.js";
import { findPrebuilt } from "./prebuilt.js";

/** A stream and its memory. Methods that return false found the system without memory. */
export interface Engine {
  readonly threads: number;
  /** Enqueues the `count` numbers that stand in the block: opcode, step, arguments. */
  enqueue(count: number): boolean;
  /** Leaves a handle and an address in the block. */
  allocate(bytes: number): boolean;
  /** As allocate, in pages of its own; behind the address, 1 where they are zero and no memory yet, else 0. */
  allocateApart(bytes: number): boolean;
  release(handle: number): void;
  /** Copies the array now, and to the address in stream order. */
  write(address: number, array: ArrayBufferView): boolean;
  /** Fills the array in stream order and reports; the caller keeps the array alive until then. */
  read(address: number, array: ArrayBufferView, id: number): boolean;
  fence(id: number): boolean;
  /** Calls a C function of another addon, `const char* (*)(void* context, double argument)`, in stream order. */
  call(functionAddress: number, contextAddress: number, argument: number): boolean;
  /**
   * Leaves in the block: bytes in use, bytes reserved, peak of the bytes in use, kernels enqueued, busy seconds; then seconds
   * and calls of every kernel.
   */
  statistics(): void;
  setBlock(block: Float64Array): void;
  close(): void;
}

/**
 * What this side of the boundary writes and reads. Raise it, and kInterface in native/binding.cpp, where the arguments of a
 * kernel, of the engine's methods or of the routines for bytes change.
 */
const INTERFACE = 4;

export interface Addon {
  /** Of the build; undefined in those from before there were numbers. */
  readonly interface?: number;
  /** Instruction sets that this build and this processor have, best first. */
  readonly isas: readonly string[];
  /** Names of the kernels; a name's index is its opcode. */
  readonly kernels: readonly string[];
  readonly bytes: ByteRoutines;
  /** At most `maxPending` commands are queued; `report` hears of each finished read and fence. */
  create(
    isa: string,
    threads: number,
    maxPending: number,
    block: Float64Array,
    report: (id: number, error: string | undefined) => void,
  ): Engine;
}

export interface LoadedAddon {
  readonly addon: Addon;
  /** A line for people: where it came from, and why not from a better place. */
  readonly origin: string;
}

/** Where native/build.js leaves the addon. */
const compiledPath = fileURLToPath(new URL("../../../native/build/attune.node", import.meta.url));

function loadFrom(path: string): { addon: Addon } | { failure: string } {
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    return { failure: `${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (addon.interface === INTERFACE) return { addon };
  const built = addon.interface === undefined ? "an older Attune" : `another Attune (interface ${addon.interface})`;
  return {
    failure: `${path} was built for ${built}, this one has interface ${INTERFACE}; build it again with: npm run build:native`,
  };
}

/** The prebuilt addon; without one that loads, the reason. */
export function loadPrebuilt(): LoadedAddon | { readonly failure: string } {
  const found = findPrebuilt();
  if ("missing" in found) return { failure: found.missing };
  const result = loadFrom(found.path);
  return "addon" in result ? { addon: result.addon, origin: `prebuilt, ${found.path}` } : result;
}

/** The addon that was compiled here. */
function loadCompiled(): LoadedAddon | { readonly failure: string } {
  if (!existsSync(compiledPath)) {
    return { failure: `${compiledPath} does not exist; build it with: npm run build:native` };
  }
  const result = loadFrom(compiledPath);
  return "addon" in result ? { addon: result.addon, origin: `compiled here, ${compiledPath}` } : result;
}

function load(): LoadedAddon | { error: Error } {
  const given = process.env.ATTUNE_ADDON;
  if (given) {
    const result = loadFrom(resolve(given));
    if ("failure" in result) return { error: new Error(`ATTUNE_ADDON: ${result.failure}`) };
    return { addon: result.addon, origin: `ATTUNE_ADDON, ${resolve(given)}` };
  }
  const prebuilt = loadPrebuilt();
  if ("addon" in prebuilt) return prebuilt;
  const compiled = loadCompiled();
  if ("addon" in compiled) {
    return { addon: compiled.addon, origin: `${compiled.origin} (not prebuilt: ${prebuilt.failure})` };
  }
  return { error: new Error(`no prebuilt addon: ${prebuilt.failure}; none compiled here: ${compiled.failure}`) };
}

let loaded: LoadedAddon | { error: Error } | undefined;

/**
 * The addon, or the reason why there is none: what ATTUNE_ADDON names, else the prebuilt one of the package for this
 * platform, else the one compiled here. Loaded once.
 */
export function loadAddon(): LoadedAddon | { error: Error } {
  loaded ??= load();
  return loaded;
}
