// What all encoders have in common: an encoder gathers the values of a field, and which of them are null.
import { type ArrayData, NO_BYTES } from "./array.js";
import { Validity } from "./growing.js";
import type { ArrowField } from "./types.js";

/** An array in the making. */
export interface ArrayEncoder {
  readonly field: ArrowField;
  readonly length: number;
  /** Bytes gathered so far, roughly. */
  readonly size: number;
  /** Appends a value; undefined is null. */
  append(value: unknown): void;
  /** Appends values one after another. */
  appendAll(values: ArrayLike<unknown>): void;
  /** Appends values `start` to `end` - 1 of an array in the same layout. */
  appendRange(array: ArrayData, start: number, end: number): void;
  /** The array; the encoder is empty afterwards. */
  finish(): ArrayData;
}

/** An encoder, but for how values are stored. */
export abstract class Encoder implements ArrayEncoder {
  readonly field: ArrowField;
  protected readonly validity = new Validity();

  constructor(field: ArrowField) {
    this.field = field;
  }

  get length(): number {
    return this.validity.length;
  }

  abstract get size(): number;

  append(value: unknown): void {
    const isValid = value !== null && value !== undefined;
    this.put(isValid ? value : undefined);
    this.validity.push(isValid);
  }

  appendAll(values: ArrayLike<unknown>): void {
    for (let i = 0; i < values.length; i++) this.append(values[i]);
  }

  appendRange(array: ArrayData, start: number, end: number): void {
    this.copy(array, start, end);
    this.validity.pushRange(array, start, end);
  }

  finish(): ArrayData {
    const parts = this.take();
    return {
      field: this.field,
      offsets: undefined,
      values: NO_BYTES,
      data: [],
      children: [],
      ...parts,
      ...this.validity.take(),
    };
  }

  /** Stores a value, or what stands in the place of null where it is undefined. */
  protected abstract put(value: unknown): void;
  protected abstract copy(array: ArrayData, start: number, end: number): void;
  protected abstract take(): Partial<ArrayData>;
}
