// What a loader walks: rows by number.

/** Rows by number: a Dataset, or an array of rows. */
export interface IndexedRows<Row> {
  readonly length: number;
  at(index: number): Row | undefined;
  /** The rows of these numbers: where it is there it reads the rows of a batch at once. */
  select?(indices: Iterable<number>): { slice(): readonly Row[] };
  /** The same rows with fewer columns: what is needed to learn their lengths. */
  selectColumns?(names: readonly string[]): IndexedRows<object>;
  /** The types of the columns, where they are known; they are handed to the collator. */
  readonly features?: { readonly [column: string]: unknown };
}
