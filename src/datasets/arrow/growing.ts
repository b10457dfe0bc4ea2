// What arrays are gathered in until they are whole: buffers that grow and are used again.
import { type ArrayData, isSet } from "./array.js";

/** Bytes that grow. */
export class GrowingBytes {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `more` bytes behind those that are there. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  push(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what is there, no longer than that; the buffer is empty afterwards and keeps its room. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}

/** The bitmap of nulls, which exists from the first null on. */
export class Validity {
  #bits: Uint8Array | undefined;
  #length = 0;
  nullCount = 0;

  get length(): number {
    return this.#length;
  }

  push(isValid: boolean): void {
    if (!isValid) {
      this.nullCount++;
      this.#bits ??= new Uint8Array(64).fill(0xff);
      this.#grow((this.#length >> 3) + 1);
      this.#bits[this.#length >> 3] &= ~(1 << (this.#length & 7));
    }
    this.#length++;
  }

  pushRange({ validity }: ArrayData, start: number, end: number): void {
    if (validity === undefined) this.pushValid(end - start);
    else for (let i = start; i < end; i++) this.push(isSet(validity, i));
  }

  pushValid(count: number): void {
    this.#length += count;
  }

  take(): { length: number; nullCount: number; validity: Uint8Array | undefined } {
    const bytes = (this.#length + 7) >> 3;
    this.#grow(bytes);
    const taken = { length: this.#length, nullCount: this.nullCount, validity: this.#bits?.slice(0, bytes) };
    this.#bits = undefined;
    this.#length = 0;
    this.nullCount = 0;
    return taken;
  }

  /** Room for `bytes` bytes; values without a null among them need none, so bits lag behind and are filled up here. */
  #grow(bytes: number): void {
    const bits = this.#bits;
    if (bits === undefined || bits.length >= bytes) return;
    const grown = new Uint8Array(Math.max(bytes, 2 * bits.length)).fill(0xff);
    grown.set(bits);
    this.#bits = grown;
  }
}

/** Where each value ends; the first begins at 0. */
export class Offsets {
  #ends = new Int32Array(64);
  #count = 1;

  get size(): number {
    return 4 * this.#count;
  }

  push(end: number): void {
    if (end > 0x7fffffff) {
      throw new RangeError("one batch of rows holds more than 2 GiB in a column: write fewer rows a batch");
    }
    if (this.#count === this.#ends.length) {
      const grown = new Int32Array(2 * this.#count);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ends[this.#count++] = end;
  }

  take(): Int32Array {
    const taken = this.#ends.slice(0, this.#count);
    this.#count = 1;
    return taken;
  }
}

/** Copies offsets so that they go on from `from`. */
export function pushOffsets(into: Offsets, offsets: Int32Array, start: number, end: number, from: number): void {
  const shift = from - offsets[start];
  for (let i = start + 1; i <= end; i++) into.push(offsets[i] + shift);
}
