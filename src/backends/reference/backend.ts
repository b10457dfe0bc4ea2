// The reference backend: every kernel in plain TypeScript, run at the call. Over Float64Array it is the definition of right
// that tests compare with; over Float32Array it is the fallback where no native code runs.
import { DeviceError, LifetimeError } from "../../support/errors.js";
import type { Backend, DeviceBuffer, DType, Fence, HostArray, Kernels, StreamStatistics, View } from "../kernels.js";
import { attention, attentionGradient } from "./attention.js";
import { cast, copy, fill, where } from "./copy.js";
import { dropout } from "./dropout.js";
import { binary, gatedActivation, gatedActivationGradient, unary, unaryGradient } from "./elementwise.js";
import { gather, gatherRows, scatterAdd, scatterAddRows, sumRowSegments } from "./gather.js";
import { gemm, gemmBfloat16 } from "./gemm.js";
import { crossEntropy, crossEntropyGradient } from "./loss.js";
import { elements, Pool, type Precision, rounding } from "./memory.js";
import { layerNorm, layerNormGradient } from "./norm.js";
import { drawNormal } from "./normal.js";
import { adamw, checkFinite, clipFactor, norm, scale } from "./optimizer.js";
import { argmax, reduce, softmax, softmaxGradient } from "./reduce.js";
import { rotary } from "./rotary.js";

const implementations: Kernels = {
  fill,
  copy,
  cast,
  unary,
  unaryGradient,
  binary,
  where,
  reduce,
  argmax,
  softmax,
  softmaxGradient,
  gemm,
  gemmBfloat16,
  layerNorm,
  layerNormGradient,
  attention,
  attentionGradient,
  rotary,
  gatedActivation,
  gatedActivationGradient,
  dropout,
  drawNormal,
  gatherRows,
  scatterAddRows,
  sumRowSegments,
  gather,
  scatterAdd,
  crossEntropy,
  crossEntropyGradient,
  norm,
  clipFactor,
  scale,
  adamw,
  checkFinite,
};

/**
 * A backend in TypeScript. Its stream is the caller's own thread: a kernel has run when its call returns, but its errors
 * are still the stream's, thrown (as DeviceError, naming kernel and step) at the next read or fence and cleared by it;
 * kernels called before that are skipped. A view outside its buffer and a freed buffer are the caller's mistakes and throw
 * at the call.
 */
export function createReferenceBackend(options: { precision: Precision } = { precision: "float64" }): Backend {
  return new ReferenceBackend(options.precision);
}

class ReferenceBackend implements Backend {
  readonly name = "reference";
  readonly description: string;
  readonly multipliesBfloat16 = false;
  readonly kernels: Kernels;
  readonly #pool: Pool;
  #error: DeviceError | undefined;
  #step = 0;
  #enqueued = 0;
  #busySeconds = 0;
  #closed = false;

  constructor(precision: Precision) {
    this.description = `reference: TypeScript, ${precision}`;
    this.#pool = new Pool(precision);
    const onStream = ([name, kernel]: [string, (...parameters: never[]) => void]) => [
      name,
      (...parameters: never[]) => this.#run(name, () => kernel(...parameters)),
    ];
    this.kernels = Object.fromEntries(Object.entries(implementations).map(onStream)) as Kernels;
  }

  allocate(dtype: DType, length: number): DeviceBuffer {
    this.#checkOpen();
    return this.#pool.allocate(dtype, length);
  }

  allocateZeros(dtype: DType, length: number): DeviceBuffer {
    const buffer = this.allocate(dtype, length);
    this.kernels.fill({ buffer, offset: 0 }, length, 0);
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (!this.#closed) this.#pool.free(buffer); // else the memory is gone already
  }

  write(view: View, data: HostArray): void {
    this.#checkOpen();
    const target = elements(view, data.length);
    const round = rounding(view.buffer.dtype);
    if (round === undefined) target.set(data);
    else for (let i = 0; i < data.length; i++) target[i] = round(data[i]);
  }

  read(view: View, length: number): Promise<HostArray> {
    this.#checkOpen();
    const copied = elements(view, length).slice();
    const error = this.#takeError();
    return error ? Promise.reject(error) : Promise.resolve(copied);
  }

  fence(): Fence {
    this.#checkOpen();
    return {
      wait: () => {
        const error = this.#takeError();
        return error ? Promise.reject(error) : Promise.resolve();
      },
    };
  }

  setStep(step: number): void {
    this.#checkOpen();
    this.#step = step;
  }

  statistics(): StreamStatistics {
    const { bytesInUse, bytesReserved, peakBytesInUse } = this.#pool;
    const [enqueued, busySeconds] = [this.#enqueued, this.#busySeconds];
    return { bytesInUse, bytesReserved, peakBytesInUse, enqueued, busySeconds };
  }

  close(): void {
    this.#closed = true;
    this.#pool.clear();
  }

  #run(name: string, kernel: () => void): void {
    this.#checkOpen();
    this.#enqueued++;
    if (this.#error) return;
    const start = performance.now();
    try {
      kernel();
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause;
      this.#error = new DeviceError(`${name}: ${cause.message} (step ${this.#step})`, { cause });
    }
    this.#busySeconds += (performance.now() - start) / 1000;
  }

  #takeError(): DeviceError | undefined {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  #checkOpen(): void {
    if (this.#closed) throw new LifetimeError(`the backend "${this.description}" is used after close()`);
  }
}
