// The native CPU backend: C++ kernels for several instruction sets, loaded as an addon of Node.
import { ConfigError, DeviceError } from "../../support/errors.js";
import { loadAddon } from "./addon.js";
import { NativeBackend } from "./backend.js";
import { threadCount } from "./threads.js";

export { type KernelTime, NativeBackend } from "./backend.js";

export interface NativeOptions {
  /** Default: ATTUNE_THREADS, else what the affinity mask and the control group's quota allow. */
  threads?: number;
  /** "base", "avx2", "avx512", "avx512bf16" or "amx"; default: ATTUNE_ISA, else the best that the processor has. */
  isa?: string;
  /** Calls that may wait in the queue before the next one blocks. Default 8192. */
  maxPending?: number;
}

export interface NativeAvailability {
  readonly available: boolean;
  /** Why it is not, and what helps. */
  readonly reason?: string;
  /** Where the addon came from, and why not from a better place. */
  readonly origin?: string;
  /** Instruction sets of this build that this processor has, best first. */
  readonly isas: readonly string[];
}

/** Whether there is an addon that loads on this machine. */
export function nativeAvailability(): NativeAvailability {
  const result = loadAddon();
  if ("error" in result) return { available: false, reason: result.error.message, isas: [] };
  return { available: true, origin: result.origin, isas: result.addon.isas };
}

/**
 * A native backend with threads and memory of its own, until `close()`. It keeps a process alive only while a read or a fence is
 * on its way.
 * @throws DeviceError where the addon is not built or does not load; ConfigError where an instruction set is asked for that
 * build or processor lack, or a number of threads that is none.
 */
export function createNativeBackend(options: NativeOptions = {}): NativeBackend {
  const result = loadAddon();
  if ("error" in result) {
    throw new DeviceError(`the native backend is not available: ${result.error.message}`, { cause: result.error });
  }
  const { addon } = result;
  const isa = options.isa ?? (process.env.ATTUNE_ISA || addon.isas[0]);
  if (!addon.isas.includes(isa)) {
    const source = options.isa === undefined ? `ATTUNE_ISA=${isa}` : `isa "${isa}"`;
    throw new ConfigError(`${source} is not available here; this build and processor have: ${addon.isas.join(", ")}`);
  }
  const maxPending = options.maxPending ?? 8192;
  if (!Number.isInteger(maxPending) || maxPending < 2) {
    throw new ConfigError(`maxPending: ${maxPending} is not a number of calls; give a whole number from 2 on`);
  }
  return new NativeBackend(addon, isa, threadCount(options.threads), maxPending);
}
