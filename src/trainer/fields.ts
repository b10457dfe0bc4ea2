// The kinds of fields that a schema of options is made of: each knows its type, its default, what it is for, how to read
// it from a command line, and which values it takes. It imports no engine: `--help` is made from it.
import { ConfigError, nearest } from "../support/errors.js";
import { isObject } from "../support/json-object.js";

export interface Field<T = unknown> {
  readonly default: T;
  /** What it does, in a line. */
  readonly help: string;
  /** What stands for a value in --help: "N", "PATH"; none for a switch. */
  readonly placeholder?: string;
  /** Reads a value from a command line; gives the text back where it is not of the field's type. */
  readonly parse: (text: string) => unknown;
  /** What is wrong with a value, as the end of "learningRate must be ..."; undefined where nothing is. */
  readonly refuse: (value: unknown) => string | undefined;
  /** In place of the default in --help, where that would say nothing. */
  readonly defaultNote?: string;
}

export type Schema = Readonly<Record<string, Field>>;

/** The values of a schema's fields. */
export type ValuesOf<S extends Schema> = { -readonly [Name in keyof S]: S[Name] extends Field<infer T> ? T : never };

interface Range {
  readonly min?: number;
  /** The value itself is not allowed, only those above. */
  readonly above?: number;
  readonly below?: number;
  readonly max?: number;
}

interface Common<T> {
  readonly default: T;
  readonly help: string;
  readonly defaultNote?: string;
}

/** Any text; without a default it may be left out. */
export function text(field: Common<string> & { placeholder: string }): Field<string>;
export function text(field: Common<undefined> & { placeholder: string }): Field<string | undefined>;
export function text<T>(field: Common<T> & { placeholder: string }): Field<T> {
  return {
    ...field,
    parse: (value) => value,
    refuse: (value) => (typeof value === "string" && value !== "" ? undefined : "a text that is not empty"),
  };
}

/** A switch: on where the flag stands alone; without a default it may be left out. */
export function toggle(field: Common<boolean>): Field<boolean>;
export function toggle(field: Common<undefined>): Field<boolean | undefined>;
export function toggle<T>(field: Common<T>): Field<T> {
  const read: Readonly<Record<string, boolean>> = { true: true, false: false };
  return {
    ...field,
    parse: (value) => (Object.hasOwn(read, value) ? read[value] : value),
    refuse: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  };
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(
  words: Words,
  field: Common<Words[number]>,
): Field<Words[number]> {
  return {
    ...field,
    placeholder: words.join("|"),
    parse: (value) => value,
    refuse: (value) => {
      if (words.includes(value as string)) return undefined;
      const near = typeof value === "string" ? nearest(value, words) : undefined;
      return `one of ${words.join(", ")}${near ? ` (did you mean ${near}?)` : ""}`;
    },
  };
}

/** Named values, which a command line gives as JSON: `{"numCycles": 2}`. */
export function record(field: Common<undefined>): Field<Readonly<Record<string, unknown>> | undefined> {
  return {
    ...field,
    placeholder: "JSON",
    parse: (value) => {
      try {
        return JSON.parse(value);
      } catch {
        return value;
      }
    },
    refuse: (value) => (isObject(value) ? undefined : 'an object, as in {"power": 2}'),
  };
}

/** A number as a field: without a default it may be left out. */
interface NumericField {
  (field: Common<number> & Range): Field<number>;
  (field: Common<undefined> & Range): Field<number | undefined>;
}

/** A finite number in a range. */
export const number = numeric("X", "a number", () => true);

/** A whole number in a range. */
export const integer = numeric("N", "a whole number", Number.isSafeInteger);

/** A number of steps, or below 1 a share of the run's steps. */
export const steps = numeric("N", "a whole number of steps, or below 1 a share of the run", (value) => {
  return Number.isSafeInteger(value) || (value > 0 && value < 1);
});

function numeric(placeholder: string, kind: string, fits: (value: number) => boolean): NumericField {
  return <T>(field: Common<T> & Range): Field<T> => {
    const { min = -Infinity, above = -Infinity, below = Infinity, max = Infinity } = field;
    const range = [
      min > -Infinity ? ` of at least ${min}` : "",
      above > -Infinity ? ` above ${above}` : "",
      below < Infinity ? ` below ${below}` : "",
      max < Infinity ? ` and at most ${max}` : "",
    ];
    const good = (value: unknown) =>
      typeof value === "number" &&
      Number.isFinite(value) &&
      fits(value) &&
      value >= min &&
      value > above &&
      value < below &&
      value <= max;
    return {
      ...field,
      placeholder,
      parse: (value) => (value.trim() === "" || Number.isNaN(Number(value)) ? value : Number(value)),
      refuse: (value) => (good(value) ? undefined : kind + range.join("")),
    };
  };
}

/**
 * All values of a schema: those given, checked, and defaults for the rest. What is undefined counts as not given.
 * @param owner What the values belong to, for messages: "TrainingArguments".
 * @param spell How a field's name is written where the values came from: `--learning-rate` on a command line.
 * @throws ConfigError for a name that is no field, with the nearest that is one, or a value that a field does not take.
 */
export function completeValues<S extends Schema>(
  schema: S,
  given: object,
  owner: string,
  spell: (name: string) => string = (name) => name,
): ValuesOf<S> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema)) values[name] = field.default;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(schema, name)) {
      const near = nearest(name, Object.keys(schema));
      throw new ConfigError(`${owner} has no field "${name}"${near ? `; did you mean "${near}"?` : ""}`);
    }
    const wanted = schema[name].refuse(value);
    if (wanted !== undefined) {
      throw new ConfigError(
        `${owner}: ${spell(name)} must be ${wanted}, not ${JSON.stringify(value) ?? String(value)}`,
      );
    }
    values[name] = value;
  }
  return values as ValuesOf<S>;
}

/** learningRate -> learning-rate. */
export function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** learningRate -> learning_rate, as Python spells it. */
export function snakeCase(name: string): string {
  return kebabCase(name).replaceAll("-", "_");
}

/** A number in four significant digits, with an exponent where zeros would lead: 0.0001234 -> 1.234e-4; a whole one whole. */
export function showNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const rounded = Number(value.toPrecision(4));
  return rounded !== 0 && Math.abs(rounded) < 1e-3 ? rounded.toExponential() : String(rounded);
}
