// A growing array of 32-bit integers.
export class IntBuffer {
  /** The first `length` of these count. Another array after a push that found no room. */
  values: Int32Array;
  length = 0;

  constructor(capacity = 1 << 8) {
    this.values = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) this.#grow(this.length + 1);
    this.values[this.length++] = value;
  }

  /** Appends `values[start]` to `values[end - 1]`. */
  pushRange(values: Int32Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.values.length) this.#grow(length);
    for (let i = start, j = this.length; i < end; i++, j++) this.values[j] = values[i];
    this.length = length;
  }

  #grow(length: number): void {
    const grown = new Int32Array(Math.max(length, 2 * this.values.length));
    grown.set(this.values.subarray(0, this.length));
    this.values = grown;
  }
}
