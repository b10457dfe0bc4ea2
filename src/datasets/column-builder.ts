// Gathers values into a new column, inferring its feature as they come and naming the row that does not fit the others.
import { DataError } from "../support/errors.js";
import { MemoryColumn } from "./column.js";
import { describeFeature, type Feature, type Value } from "./features.js";
import { elementType, fits, inferFeature, NoFeature, unifyFeatures } from "./infer.js";

/** A column in the making. */
export class ColumnBuilder {
  readonly #name: string;
  readonly #values: unknown[] = [];
  #feature: Feature = inferFeature(null) as Value; // of no values yet: null

  constructor(name: string) {
    this.#name = name;
  }

  get length(): number {
    return this.#values.length;
  }

  /** Appends values; `where(i)` names the row of the i-th one. Throws DataError at one that does not fit the others. */
  append(values: ArrayLike<unknown>, where: (i: number) => string): void {
    const element = elementType(values);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? null;
      const feature = element ?? inferFeature(value);
      if (feature instanceof NoFeature) {
        throw new DataError(`column "${this.#name}" holds ${feature.reason}, at ${where(i)}`);
      }
      const both = unifyFeatures(this.#feature, feature);
      if (both === undefined) {
        const types = `${describeFeature(feature)} at ${where(i)}, but ${describeFeature(this.#feature)} before it`;
        throw new DataError(`column "${this.#name}" is ${types}: a column holds values of one type`);
      }
      this.#feature = both;
      this.#values.push(value);
    }
  }

  /** The column, with the feature `wished` where every value fits it and else with the inferred one. */
  build(wished?: Feature): MemoryColumn {
    const feature = wished !== undefined && this.#misfit(wished) === -1 ? wished : this.#feature;
    return new MemoryColumn(feature, this.#values);
  }

  /** The column with the feature that was asked for. Throws DataError at the first value that does not fit it. */
  buildAs(feature: Feature): MemoryColumn {
    const row = this.#misfit(feature);
    if (row === -1) return new MemoryColumn(feature, this.#values);
    const value = JSON.stringify(this.#values[row]);
    throw new DataError(
      `column "${this.#name}" should be ${describeFeature(feature)}, but holds ${value} at row ${row}`,
    );
  }

  #misfit(feature: Feature): number {
    return this.#values.findIndex((value) => !fits(feature, value));
  }
}
