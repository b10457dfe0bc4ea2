// The collator that a DataLoader has by itself (torch's default_collate): it goes down into rows of any shape.
import { DataError } from "../../support/errors.js";
import { Tensor } from "../../tensor/index.js";
import type { CollateContext } from "../collator.js";
import { columnToTensor, featureOf, isList, numbersOf } from "../columns.js";

/** What `defaultCollate` makes of rows of a type. */
export type Collated<Row> = Row extends number | boolean | bigint
  ? Tensor
  : Row extends string
    ? string[]
    : Row extends ArrayBufferView
      ? Tensor
      : Row extends readonly (infer Item)[]
        ? Item extends number | boolean | bigint
          ? Tensor
          : Collated<Item>[]
        : Row extends object
          ? { [Name in keyof Row]: Collated<Row[Name]> }
          : never;

/**
 * A batch of rows: numbers and booleans become a tensor [rows], lists of numbers and tensors one of [rows, ...], strings an array;
 * objects are collated field by field, other lists place by place. Unlike torch's, which transposes lists of numbers, it
 * stacks them, as torch does with arrays and tensors; no name is changed (`label` stays `label`).
 *
 * @throws DataError, naming the field and the row, where rows differ in shape, lack a field or hold what cannot be collated
 */
export function defaultCollate<Row>(rows: readonly Row[], context: CollateContext = {}): Collated<Row> {
  if (rows.length === 0) throw new DataError("a batch needs at least one row");
  return collate("", rows, context.features) as Collated<Row>;
}

type Features = { readonly [name: string]: unknown } | undefined;

function collate(path: string, values: readonly unknown[], features: Features): unknown {
  const [first] = values;
  const name = path || "the rows";
  if (first instanceof Tensor) return columnToTensor(name, values.map(numbersOf), { features });
  if (typeof first === "string") return expectAll(name, values, "string");
  if (isNumber(first) || isNumberList(first)) return columnToTensor(path, values, { features });
  if (Array.isArray(first)) return collatePlaces(path, values, first.length);
  if (typeof first === "object" && first !== null && !ArrayBuffer.isView(first)) {
    return collateFields(path, values, Object.keys(first), features);
  }
  if (isList(first)) return columnToTensor(path, values, { features });
  throw new DataError(
    `"${name}" of row 0 of the batch is ${String(first)}, which cannot be collated: remove the column, or give a collator ` +
      "that knows it",
  );
}

function collateFields(path: string, rows: readonly unknown[], names: readonly string[], features: Features): object {
  const fieldOf = (row: unknown, name: string, i: number): unknown => {
    if (typeof row === "object" && row !== null && name in row) return (row as Readonly<Record<string, unknown>>)[name];
    throw new DataError(`row ${i} of the batch has no "${joined(path, name)}", which row 0 has`);
  };
  return Object.fromEntries(
    names.map((name) => {
      const inner = joined(path, name);
      const values = rows.map((row, i) => fieldOf(row, name, i));
      return [name, collate(inner, values, { [inner]: featureOf(features, path, name) })];
    }),
  );
}

function collatePlaces(path: string, rows: readonly unknown[], length: number): unknown[] {
  rows.forEach((row, i) => {
    if (Array.isArray(row) && row.length === length) return;
    const found = Array.isArray(row) ? `a list of ${row.length}` : String(row);
    throw new DataError(`"${path}" of row ${i} of the batch is ${found}, and that of row 0 a list of ${length}`);
  });
  return Array.from({ length }, (_, place) =>
    collate(
      `${path}[${place}]`,
      rows.map((row) => (row as readonly unknown[])[place]),
      undefined,
    ),
  );
}

function expectAll(name: string, values: readonly unknown[], type: "string"): unknown[] {
  const wrong = values.findIndex((value) => typeof value !== type);
  if (wrong < 0) return [...values];
  throw new DataError(
    `"${name}" of row ${wrong} of the batch is ${String(values[wrong])}, and that of row 0 a ${type}`,
  );
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
}

/** True for a list of numbers, or of such lists. */
function isNumberList(value: unknown): boolean {
  if (!isList(value)) return false;
  return value.length === 0 || isNumber(value[0]) || isNumberList(value[0]);
}

function joined(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
