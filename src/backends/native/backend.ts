// The native backend: one stream of kernels in C++ threads of its own. What the engine reports (finished reads and fences,
// with the stream's error if there is one) comes back through one callback.
//
// Errors: the first kernel that fails stops the kernels after it, until a read or fence in the stream has taken the error
// along; then the stream goes on. The error rejects the next read, or wait for a fence, and is forgotten with that.
import { DeviceError, ShapeError } from "../../support/errors.js";
import type { Backend, DeviceBuffer, DType, Fence, HostArray, Kernels, StreamStatistics, View } from "../kernels.js";
import type { Addon, Engine } from "./addon.js";
import { NativeKernels } from "./kernels.js";
import { addressOf, BYTES, NativeBuffer, nativeBuffer } from "./memory.js";

/** Kernels count elements and bytes in C's `long`, which has 32 bits on Windows. */
const MOST_BYTES = process.platform === "win32" ? 2 ** 31 - 1 : Number.POSITIVE_INFINITY;

/** Smaller buffers that stay zero for the most part are not worth pages of their own. */
const LEAST_BYTES_APART = 2 ** 20;

/** Time in one kernel since the backend was made. */
export interface KernelTime {
  readonly calls: number;
  readonly seconds: number;
}

export class NativeBackend implements Backend {
  readonly name = "native";
  readonly description: string;
  readonly threads: number;
  readonly isa: string;
  readonly multipliesBfloat16: boolean;
  readonly kernels: Kernels;
  readonly #kernels: NativeKernels;
  readonly #kernelNames: readonly string[];
  #engine: Engine | undefined;
  #nextId = 0;
  readonly #pending = new Map<number, () => void>();
  /** An error that nobody has been told of yet. */
  #error: DeviceError | undefined;

  constructor(addon: Addon, isa: string, threads: number, maxPending: number) {
    this.#kernels = new NativeKernels(addon.kernels, 4096);
    this.kernels = this.#kernels;
    this.#kernelNames = addon.kernels;
    this.#engine = addon.create(isa, threads, maxPending, this.#kernels.block, (id, error) =>
      this.#completed(id, error),
    );
    this.#kernels.connect(this.#engine);
    this.threads = this.#engine.threads;
    this.isa = isa;
    this.multipliesBfloat16 = isa === "amx" || isa === "avx512bf16";
    this.description = `native: ${isa}, ${this.threads} ${this.threads === 1 ? "thread" : "threads"}`;
  }

  #open(): Engine {
    if (this.#engine === undefined) throw new DeviceError("the native backend is closed");
    return this.#engine;
  }

  // ---- memory ----

  allocate(dtype: DType, length: number): DeviceBuffer {
    const bytes = bytesOf(dtype, length);
    return this.#buffer(dtype, length, this.#open().allocate(bytes));
  }

  allocateZeros(dtype: DType, length: number): DeviceBuffer {
    const bytes = bytesOf(dtype, length);
    const apart = bytes >= LEAST_BYTES_APART;
    const engine = this.#open();
    const buffer = this.#buffer(dtype, length, apart ? engine.allocateApart(bytes) : engine.allocate(bytes));
    const zero = apart && this.#kernels.block[2] === 1;
    if (!zero) this.kernels.fill({ buffer, offset: 0 }, length, 0);
    return buffer;
  }

  /** What the engine has just allocated, if it has. */
  #buffer(dtype: DType, length: number, allocated: boolean): NativeBuffer {
    if (!allocated) {
      const { bytesInUse } = this.statistics();
      throw new DeviceError(
        `no memory for ${length} elements of ${dtype} (${length * BYTES[dtype]} bytes; ${bytesInUse} are in use): use smaller batches`,
      );
    }
    const [handle, address] = this.#kernels.block;
    return new NativeBuffer(dtype, length, address, handle);
  }

  free(buffer: DeviceBuffer): void {
    const native = nativeBuffer(buffer);
    native.address = 0;
    this.#engine?.release(native.handle); // after close the memory is gone already
  }

  // ---- host data ----

  write(view: View, data: HostArray): void {
    const engine = this.#open();
    const { dtype } = view.buffer;
    checkRange("write", view, data.length);
    if (dtype === "bfloat16" || dtype === "float16") {
      const numbers = { buffer: this.allocate("float32", data.length), offset: 0 };
      this.write(numbers, data);
      this.kernels.cast(numbers, view, data.length);
      this.free(numbers.buffer);
      return;
    }
    const Wanted = dtype === "int32" ? Int32Array : Float32Array;
    const array = data instanceof Wanted ? data : new Wanted(data);
    if (!engine.write(addressOf(view), array)) throw new DeviceError("the system has no memory to stage a write");
  }

  async read(view: View, length: number): Promise<HostArray> {
    const engine = this.#open();
    const { dtype } = view.buffer;
    checkRange("read", view, length);
    if (dtype === "bfloat16" || dtype === "float16") {
      const numbers = { buffer: this.allocate("float32", length), offset: 0 };
      this.kernels.cast(view, numbers, length);
      const result = this.read(numbers, length);
      this.free(numbers.buffer);
      return result;
    }
    const array = dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
    return new Promise((resolve, reject) => {
      this.#expect(
        (id) => engine.read(addressOf(view), array, id),
        () => {
          const error = this.#takeError();
          if (error) reject(error);
          else resolve(array);
        },
      );
    });
  }

  // ---- stream ----

  fence(): Fence {
    const engine = this.#open();
    let passed = false;
    const waiting: (() => void)[] = [];
    this.#expect(
      (id) => engine.fence(id),
      () => {
        passed = true;
        for (const settle of waiting) settle();
      },
    );
    return {
      wait: () =>
        new Promise((resolve, reject) => {
          const settle = (): void => {
            const error = this.#takeError();
            if (error) reject(error);
            else resolve();
          };
          if (passed) settle();
          else waiting.push(settle);
        }),
    };
  }

  // ---- other native libraries ----

  /** Where a view's elements stand in memory; they stay there until the buffer is freed. */
  addressOf(view: View): number {
    return addressOf(view);
  }

  /**
   * Calls a C function of another addon, `const char* (*)(void* context, double argument)`, in stream order; a text that it
   * returns becomes the stream's error. It may hold the stream.
   */
  call(functionAddress: number, contextAddress: number, argument: number): void {
    if (!this.#open().call(functionAddress, contextAddress, argument)) {
      throw new DeviceError("the system has no memory for another command");
    }
  }

  setStep(step: number): void {
    this.#kernels.step = step;
  }

  statistics(): StreamStatistics {
    this.#open().statistics();
    const [bytesInUse, bytesReserved, peakBytesInUse, enqueued, busySeconds] = this.#kernels.block;
    return { bytesInUse, bytesReserved, peakBytesInUse, enqueued, busySeconds };
  }

  /** Calls and seconds of every kernel that has run. */
  profile(): Record<string, KernelTime> {
    this.#open().statistics();
    const { block } = this.#kernels;
    const times = this.#kernelNames.map(
      (name, i) => [name, { seconds: block[5 + 2 * i], calls: block[6 + 2 * i] }] as const,
    );
    return Object.fromEntries(times.filter(([, time]) => time.calls > 0));
  }

  close(): void {
    const engine = this.#engine;
    this.#engine = undefined;
    this.#kernels.connect(undefined);
    engine?.close();
  }

  #expect(start: (id: number) => boolean, done: () => void): void {
    const id = this.#nextId++;
    this.#pending.set(id, done);
    if (!start(id)) {
      this.#pending.delete(id);
      throw new DeviceError("the system has no memory for another command");
    }
  }

  #completed(id: number, message: string | undefined): void {
    if (message !== undefined) this.#error ??= new DeviceError(message);
    const done = this.#pending.get(id);
    this.#pending.delete(id);
    done?.();
  }

  #takeError(): DeviceError | undefined {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }
}

function checkRange(verb: string, view: View, length: number): void {
  if (view.offset < 0 || view.offset + length > view.buffer.length) {
    throw new ShapeError(
      `cannot ${verb} ${length} elements at offset ${view.offset} of a buffer of ${view.buffer.length} elements`,
    );
  }
}

/** Bytes of a buffer. Throws DeviceError where there can be none so large. */
function bytesOf(dtype: DType, length: number): number {
  const bytes = length * BYTES[dtype];
  if (bytes > MOST_BYTES) {
    throw new DeviceError(
      `no buffer for ${length} elements of ${dtype} (${bytes} bytes): on Windows one holds at most ${MOST_BYTES} bytes`,
    );
  }
  return bytes;
}
