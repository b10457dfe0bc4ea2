// Predictions and references in the forms a metric takes them: arrays, arrays with a shape, tensors on a device.
import { DataError, ShapeError } from "../support/errors.js";

/** Numbers on the host with their shape, row-major. */
export interface ShapedArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** What a metric needs of a Tensor. */
export interface TensorLike {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
}

/** One number a row, or one row of numbers (logits) each: an array, a typed array, a dataset's column. */
export type Rows = Iterable<number> | Iterable<Iterable<number>>;

/** What is on the host already. */
export type HostNumbers = ShapedArray | Rows;

/** What `addBatch` takes. */
export type Numbers = HostNumbers | TensorLike;

/** What the model said and what was right, for `computeMetrics` of a Trainer; rows come first in both shapes. */
export interface EvalPrediction {
  /** The model's output: logits `[rows, classes]`, or values `[rows]`. */
  readonly predictions: ShapedArray;
  /** The labels, `[rows]`, or `[rows, length]` with -100 where there is none. */
  readonly labelIds: ShapedArray;
  /** All outputs by name, where a head has several (`start_logits`, `end_logits`). */
  readonly outputs: Readonly<Record<string, ShapedArray>>;
  /** All labels by name. */
  readonly labels: Readonly<Record<string, ShapedArray>>;
}

/** Brings numbers to the host. */
export async function toShapedArray(numbers: Numbers, what: string): Promise<ShapedArray> {
  if (!isTensorLike(numbers)) return asShapedArray(numbers, what);
  const { shape } = numbers;
  return { shape, data: await numbers.data() };
}

/**
 * Gives rows of numbers their shape: `[rows]`, or `[rows, columns]`.
 *
 * @param what "predictions" or "references", for messages
 * @throws DataError for a tensor (which has to be awaited) and for what is not numbers; ShapeError for rows of unequal length
 */
export function asShapedArray(numbers: Numbers, what: string): ShapedArray {
  if (isTensorLike(numbers)) {
    throw new DataError(`The ${what} are a tensor on a device; add them with \`await metric.addBatch(...)\` first`);
  }
  if (isShapedArray(numbers)) return numbers;
  if (ArrayBuffer.isView(numbers)) {
    const data = numbers as unknown as ArrayLike<number>;
    return { shape: [data.length], data };
  }
  if (typeof numbers !== "object" || numbers === null || typeof numbers[Symbol.iterator] !== "function") {
    throw new DataError(`The ${what} are ${String(numbers)}; give an array or a tensor`);
  }
  const rows = [...(numbers as Iterable<number | Iterable<number>>)];
  if (!rows.some((row) => typeof row === "object")) return { shape: [rows.length], data: checkNumbers(rows, what) };
  const columns = rows.map((row, i) => {
    if (typeof row !== "object")
      throw new ShapeError(`Row ${i} of the ${what} is ${String(row)}, where others are lists`);
    return [...row];
  });
  const uneven = columns.findIndex((row) => row.length !== columns[0].length);
  if (uneven >= 0) {
    throw new ShapeError(
      `Row ${uneven} of the ${what} has ${columns[uneven].length} numbers, and row 0 has ${columns[0].length}`,
    );
  }
  return { shape: [rows.length, columns[0].length], data: checkNumbers(columns.flat(), what) };
}

function checkNumbers(values: readonly unknown[], what: string): number[] {
  const wrong = values.find((value) => typeof value !== "number");
  if (wrong !== undefined || values.includes(undefined)) {
    throw new DataError(`The ${what} hold ${JSON.stringify(String(wrong))} (${typeof wrong}), not a number`);
  }
  return values as number[];
}

function isTensorLike(value: Numbers): value is TensorLike {
  return typeof (value as Partial<TensorLike> | null)?.data === "function";
}

function isShapedArray(value: HostNumbers): value is ShapedArray {
  return Array.isArray((value as Partial<ShapedArray> | null)?.shape);
}

/**
 * The class of each row: the number itself in shape `[rows]`, the index of the largest (the first of equals) in
 * `[rows, classes]`.
 *
 * @throws ShapeError for other shapes; DataError where a number is not a class, or a logit NaN
 */
export function classesOf(array: ShapedArray, what: string): Int32Array {
  const { shape, data } = array;
  const classes = new Int32Array(shape[0]);
  if (shape.length === 1) {
    for (let i = 0; i < classes.length; i++) {
      classes[i] = data[i];
      if (classes[i] !== data[i]) {
        throw new DataError(
          `Row ${i} of the ${what} is ${data[i]}, not a class; logits have the shape [rows, classes]`,
        );
      }
    }
    return classes;
  }
  if (shape.length !== 2 || shape[1] < 2) {
    throw new ShapeError(
      `The ${what} have the shape [${shape.join(", ")}]; classes have [rows], logits [rows, classes] with two classes or more`,
    );
  }
  const width = shape[1];
  for (let i = 0; i < classes.length; i++) {
    for (let j = 0, best = Number.NEGATIVE_INFINITY; j < width; j++) {
      const logit = data[i * width + j];
      if (Number.isNaN(logit)) throw new DataError(`Row ${i} of the ${what} has the logit NaN for class ${j}`);
      if (logit > best) {
        best = logit;
        classes[i] = j;
      }
    }
  }
  return classes;
}

/**
 * The value of each row, from shape `[rows]` or `[rows, 1]`.
 *
 * @throws ShapeError for other shapes; DataError where a value is not finite
 */
export function valuesOf(array: ShapedArray, what: string): ArrayLike<number> {
  const { shape } = array;
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
    throw new ShapeError(`The ${what} have the shape [${shape.join(", ")}]; values have [rows] or [rows, 1]`);
  }
  return finiteValues(array, what);
}

/** All values, whatever their shape. @throws DataError where one is not finite */
export function finiteValues({ shape, data }: ShapedArray, what: string): ArrayLike<number> {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const row = Math.floor((i * shape[0]) / data.length);
    throw new DataError(`Row ${row} of the ${what} is ${data[i]}, not a finite number`);
  }
  return data;
}
