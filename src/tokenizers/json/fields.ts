// Reading the fields of tokenizer.json and its companions, with errors that name file, field and value.
import { FileFormatError } from "../../support/errors.js";
import { isObject, type JsonObject } from "../../support/json-object.js";

/** A JSON object with the place it stands at, for messages: a file, and the path of fields in it. */
export class JsonFields {
  readonly file: string;
  readonly path: string;
  readonly object: JsonObject;

  /** Throws FileFormatError where `value` is not a JSON object. */
  constructor(file: string, value: unknown, path = "") {
    this.file = file;
    this.path = path;
    if (!isObject(value)) throw new FileFormatError(`${this.place} is ${show(value)}; an object is needed`);
    this.object = value;
  }

  /** `folder/tokenizer.json: normalizer` */
  get place(): string {
    return this.path === "" ? this.file : `${this.file}: ${this.path}`;
  }

  has(name: string): boolean {
    return this.object[name] !== undefined && this.object[name] !== null;
  }

  /** The object in field `name`. */
  child(name: string): JsonFields {
    return new JsonFields(this.file, this.object[name], this.#pathOf(name));
  }

  string(name: string, fallback?: string): string {
    return this.#field(name, "a string", (value) => typeof value === "string", fallback);
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#field(name, "true or false", (value) => typeof value === "boolean", fallback);
  }

  /** A whole number that is not negative. */
  count(name: string, fallback?: number): number {
    return this.#field(name, "a whole number", isCount, fallback);
  }

  array(name: string, fallback?: readonly unknown[]): readonly unknown[] {
    return this.#field(name, "an array", (value): value is readonly unknown[] => Array.isArray(value), fallback);
  }

  /** The stages that the objects of an array describe. */
  stages<Stage>(name: string, make: (fields: JsonFields) => Stage): Stage[] {
    return this.array(name).map((value, i) => make(new JsonFields(this.file, value, `${this.#pathOf(name)}[${i}]`)));
  }

  /** One of the strings `allowed`. */
  oneOf<Value extends string>(name: string, allowed: readonly Value[], fallback?: Value): Value {
    const fits = (value: unknown): value is Value => (allowed as readonly unknown[]).includes(value);
    return this.#field(name, `one of ${allowed.join(", ")}`, fits, fallback);
  }

  /** A single character. */
  character(name: string): string {
    const fits = (value: unknown): value is string => typeof value === "string" && Array.from(value).length === 1;
    return this.#field(name, "a single character", fits, undefined);
  }

  /** A finite number. */
  number(name: string, fallback?: number): number {
    return this.#field(name, "a number", (value): value is number => Number.isFinite(value), fallback);
  }

  /** The entries of an object from names to numbers, such as a vocabulary. */
  counts(name: string): Map<string, number> {
    const entries = Object.entries(this.child(name).object);
    const wrong = entries.find(([, value]) => !isCount(value));
    if (wrong) throw new FileFormatError(`${this.#placeOf(name)}["${wrong[0]}"] is ${show(wrong[1])}, not an id`);
    return new Map(entries as [string, number][]);
  }

  #field<T>(name: string, needed: string, fits: (value: unknown) => value is T, fallback: T | undefined): T {
    const value = this.object[name];
    if (fits(value)) return value;
    if ((value === undefined || value === null) && fallback !== undefined) return fallback;
    const found = value === undefined ? "is missing" : `is ${show(value)}`;
    throw new FileFormatError(`${this.#placeOf(name)} ${found}; ${needed} is needed`);
  }

  #pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #placeOf(name: string): string {
    return `${this.file}: ${this.#pathOf(name)}`;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A value for a message, at a length that can be read. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** How a stage is made from its JSON, by the `type` that tokenizer.json gives it. */
export type StageTable<Stage> = { readonly [type: string]: (fields: JsonFields) => Stage };

/**
 * The stage that `fields` describes.
 * @throws FileFormatError naming the types that are known where this one is not
 */
export function makeStage<Stage>(fields: JsonFields, type: string, table: StageTable<Stage>): Stage {
  if (Object.hasOwn(table, type)) return table[type](fields);
  const known = Object.keys(table).join(", ");
  throw new FileFormatError(`${fields.place} is of type "${type}", which is not supported; supported are ${known}`);
}
