// The rows of greatest loss, as they pass by.

export class Worst<Row extends { readonly loss: number }> {
  readonly #limit: number;
  /** The worst first. */
  #rows: Row[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a row of that loss would be kept. */
  takes(loss: number): boolean {
    return this.#rows.length < this.#limit || loss > this.#rows[this.#limit - 1].loss;
  }

  /** Of rows with the same loss the first stays. */
  add(row: Row): void {
    const place = this.#rows.findIndex(({ loss }) => row.loss > loss);
    this.#rows.splice(place < 0 ? this.#rows.length : place, 0, row);
    if (this.#rows.length > this.#limit) this.#rows.pop();
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }
}
