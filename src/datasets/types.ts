// The types of rows: how the columns and features of a Dataset<Row> follow from Row, and how verbs change it.
import type { Tensor } from "../tensor/index.js";
import type { ClassLabel, Feature, List, StructFeature, Value } from "./features.js";

/** The row of a dataset whose columns the compiler does not know. */
export type AnyRow = Record<string, unknown>;

declare const labelName: unique symbol;

/**
 * A number that stands for one of `Name`: declare a row's label with it (`label: Label<"ham" | "spam">`), and
 * `dataset.features.label` is a ClassLabel with these names. Any number is assignable to it.
 */
export type Label<Name extends string = string> = number & { readonly [labelName]?: Name };

/** The names of a row's columns. */
export type ColumnName<Row> = keyof Row & string;

/** Rows as columns: an array of values for each name. */
export type Columns<Row> = { [Name in keyof Row]: Row[Name][] };

/** The feature that describes values of type `T`. */
export type FeatureOf<T> = unknown extends T
  ? Feature
  : typeof labelName extends keyof NonNullable<T>
    ? NonNullable<T> extends { readonly [labelName]?: infer Name extends string }
      ? ClassLabel<Name>
      : never
    : [NonNullable<T>] extends [string | boolean | Date | Uint8Array]
      ? Value
      : [NonNullable<T>] extends [number]
        ? Value | ClassLabel // a plain `number` may be either: declare a Label to know
        : [NonNullable<T>] extends [ArrayLike<unknown>]
          ? List
          : StructFeature;

/** The features of rows of type `Row`, by column. */
export type FeaturesOf<Row> = { readonly [Name in keyof Row]: FeatureOf<Row[Name]> };

/** What a function returns, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** An intersection written out as one object type, as an editor should show it. */
type Flat<T> = { [Key in keyof T]: T[Key] };

/** The rows held by returned columns; methods and other members of a class such as BatchEncoding are no columns. */
export type RowOf<Returned> = {
  [Name in keyof Returned as Returned[Name] extends string | ((...args: never) => unknown)
    ? never
    : Returned[Name] extends ArrayLike<unknown>
      ? Name
      : never]: Returned[Name] extends ArrayLike<infer T> ? T : never;
};

/** The row that a returned object makes; its methods are no columns. */
export type FieldsOf<Returned> = {
  [Name in keyof Returned as Returned[Name] extends (...args: never) => unknown ? never : Name]: Returned[Name];
};

/** A row after `map`: without what was removed, with what was returned. */
export type MappedRow<Row, Returned, Removed extends string> = Flat<Omit<Row, Removed | keyof Returned> & Returned>;

/** A row after `removeColumns`. */
export type WithoutColumns<Row, Removed extends string> = Flat<Omit<Row, Removed>>;

/** A row after `selectColumns`. */
export type OnlyColumns<Row, Kept extends keyof Row> = Flat<Pick<Row, Kept>>;

/** A row as a function is given it that names its `inputColumns`: all of it where it names none. */
export type InputRow<Row, Input extends keyof Row> = [keyof Row & string] extends [Input]
  ? Row
  : Flat<Pick<Row, Input>>;

/** A row after `renameColumns`; `Names` maps old names to new ones. */
export type RenamedRow<Row, Names> = {
  [Name in keyof Row as Name extends keyof Names ? (Names[Name] extends string ? Names[Name] : Name) : Name]: Row[Name];
};

/** A row after `batch`. */
export type BatchedRow<Row> = { [Name in keyof Row]: Row[Name][] };

/** The values that a feature describes; unknown where the compiler knows no more of a Value than that it is one. */
export type ValueOf<T> =
  T extends ClassLabel<infer Name>
    ? Label<Name>
    : T extends List
      ? unknown[]
      : T extends Value
        ? unknown
        : T extends StructFeature
          ? { [Field in keyof T]: ValueOf<T[Field]> }
          : unknown;

/** A row after `cast`. */
export type CastRow<Features> = { -readonly [Name in keyof Features]: ValueOf<Features[Name]> };

/** A row in the format `typed`: lists of numbers as typed arrays. */
export type TypedRow<Row> = {
  [Name in keyof Row]: [NonNullable<Row[Name]>] extends [ArrayLike<number>] ? ArrayLike<number> : Row[Name];
};

/** A row in the format `tensor`: numbers and lists of numbers as tensors. */
export type TensorRow<Row> = {
  [Name in keyof Row]: [NonNullable<Row[Name]>] extends [number | boolean | ArrayLike<number>] ? Tensor : Row[Name];
};
