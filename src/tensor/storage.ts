// Memory that tensors share. It lives while a handle or the graph holds a reference; a version number counts the in-place
// changes, so that what backward reads is what forward wrote.
import type { Backend, DeviceBuffer, DType } from "../backends/kernels.js";

export class Storage {
  readonly backend: Backend;
  readonly buffer: DeviceBuffer;
  version = 0;
  #references = 1;

  /** `buffer`: of these elements. Default: a new one, whose elements are undefined. */
  constructor(backend: Backend, dtype: DType, length: number, buffer = backend.allocate(dtype, length)) {
    this.backend = backend;
    this.buffer = buffer;
  }

  get references(): number {
    return this.#references;
  }

  retain(): this {
    this.#references++;
    return this;
  }

  release(): void {
    if (--this.#references === 0) this.backend.free(this.buffer);
  }
}
