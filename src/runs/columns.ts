// A column of numbers that grows.

export class NumberColumn {
  #values = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(i: number): number {
    return this.#values[i];
  }

  /** Keeps the first values only. */
  cut(length: number): void {
    this.length = Math.min(this.length, length);
  }

  /** The values so far: a view, which later ones are not part of. */
  view(): Float64Array {
    return this.#values.subarray(0, this.length);
  }
}
