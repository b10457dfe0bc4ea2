// JSON and JSON Lines: objects to rows. A column that an object lacks is null in its row.
import { ConfigError, DataError, FileFormatError } from "../../support/errors.js";
import { isObject } from "../../support/json-object.js";
import { conversion, NoConversion } from "../convert.js";
import { describeFeature, type Feature, type StructFeature } from "../features.js";
import { fits, inferFeature, NoFeature, unifyFeatures } from "../infer.js";
import { BATCH_ROWS, type FileReader, INFERENCE_ROWS, type RowBatch, refuseAt } from "./batch.js";
import { type JsonValue, jsonLines, jsonValues, parseJson } from "./json-values.js";
import { type EncodingOptions, readText } from "./text-source.js";

/** How JSON files are read. */
export interface JsonOptions extends EncodingOptions {
  /** The field of the file's one object that holds the rows: an array of objects, or an object of columns. */
  field?: string;
}

/** A reader of JSON files; with `wished`, values are converted to these types. `whole`: types are told from all rows. */
export class JsonReader implements FileReader {
  readonly #options: JsonOptions;
  readonly #wished: StructFeature | undefined;
  readonly #whole: boolean;

  constructor(options: JsonOptions, wished: StructFeature | undefined, whole: boolean) {
    this.#options = options;
    this.#wished = wished;
    this.#whole = whole;
  }

  /** The types asked for, else for a stream those of the first rows; where all rows are read, their values tell. */
  async features(files: readonly string[]): Promise<StructFeature | undefined> {
    if (this.#wished !== undefined || this.#whole) return this.#wished;
    let features: StructFeature = {};
    let rows = 0;
    for (const file of files) {
      for await (const { value, line } of this.#rows(file)) {
        features = this.#unify(features, value, `${file}, line ${line}`);
        if (++rows === INFERENCE_ROWS) return features;
      }
    }
    return features;
  }

  async *read(file: string, features?: StructFeature, firstRow = 0): AsyncGenerator<RowBatch, void, void> {
    let batch = new BatchBuilder(file, features, this.#wished !== undefined);
    let row = 0;
    for await (const value of this.#rows(file)) {
      if (row++ < firstRow) continue;
      batch.add(value);
      if (batch.length < BATCH_ROWS) continue;
      yield batch.finish();
      batch = new BatchBuilder(file, features, this.#wished !== undefined);
    }
    if (batch.length > 0) yield batch.finish();
  }

  #unify(features: StructFeature, row: unknown, where: string): StructFeature {
    const feature = inferFeature(row);
    if (feature instanceof NoFeature) throw new DataError(`${where}: ${feature.reason}`);
    const both = unifyFeatures(features, feature);
    if (both === undefined) {
      throw new DataError(
        `${where}: the row is ${describeFeature(feature)}, but those before are ${describeFeature(features)}`,
      );
    }
    return both as StructFeature;
  }

  /** The rows of a file, each an object. */
  async *#rows(file: string): AsyncGenerator<JsonValue & { value: object }, void, void> {
    for await (const { value, line } of await this.#values(file)) {
      if (isObject(value)) yield { value, line };
      else
        throw new FileFormatError(
          `${file}, line ${line}: a row is an object, not ${JSON.stringify(value).slice(0, 60)}`,
        );
    }
  }

  async #values(file: string): Promise<AsyncIterable<JsonValue> | Iterable<JsonValue>> {
    const text = () => readText(file, this.#options);
    if (/\.(jsonl|ndjson)(\.gz)?$/i.test(file) && this.#options.field === undefined) return jsonLines(file, text());
    if (this.#options.field !== undefined) return fieldRows(file, await wholeText(text()), this.#options.field);
    return jsonValues(file, text());
  }
}

async function wholeText(pieces: AsyncIterable<string>): Promise<string> {
  const parts: string[] = [];
  for await (const piece of pieces) parts.push(piece);
  return parts.join("");
}

function fieldRows(file: string, text: string, field: string): Iterable<JsonValue> {
  const whole = parseJson(file, text, 1);
  if (typeof whole !== "object" || whole === null || !Object.hasOwn(whole, field)) {
    const found =
      typeof whole === "object" && whole !== null ? Object.keys(whole).slice(0, 20).join(", ") : typeof whole;
    throw new ConfigError(`${file} has no field "${field}" at its top: it has ${found}`);
  }
  const rows = (whole as Readonly<Record<string, unknown>>)[field];
  if (Array.isArray(rows)) return rows.map((value: unknown) => ({ value, line: 1 }));
  if (isTableOfColumns(rows)) return columnRows(file, rows);
  throw new FileFormatError(`${file}: the field "${field}" holds neither an array of rows nor an object of columns`);
}

/** True for an object whose every field is an array: rows by columns, as pandas writes them. */
function isTableOfColumns(value: unknown): value is Readonly<Record<string, unknown[]>> {
  if (!isObject(value)) return false;
  const fields = Object.values(value);
  return fields.length > 0 && fields.every((field) => Array.isArray(field));
}

function columnRows(file: string, columns: Readonly<Record<string, unknown[]>>): JsonValue[] {
  const entries = Object.entries(columns);
  const [[firstName, first]] = entries;
  const other = entries.find(([, values]) => values.length !== first.length);
  if (other !== undefined) {
    throw new FileFormatError(
      `${file}: column "${other[0]}" has ${other[1].length} values, "${firstName}" ${first.length}: columns are of one length`,
    );
  }
  return first.map((_, i) => ({
    value: Object.fromEntries(entries.map(([name, values]) => [name, values[i]])),
    line: 1,
  }));
}

/** Objects to the columns of a batch. */
class BatchBuilder {
  readonly #file: string;
  readonly #features: StructFeature | undefined;
  readonly #convert: boolean;
  readonly #columns = new Map<string, unknown[]>();
  readonly #lines: number[] = [];

  constructor(file: string, features: StructFeature | undefined, convert: boolean) {
    this.#file = file;
    this.#features = features;
    this.#convert = convert;
    for (const name of Object.keys(features ?? {})) this.#columns.set(name, []);
  }

  get length(): number {
    return this.#lines.length;
  }

  add({ value: row, line }: JsonValue): void {
    this.#lines.push(line);
    for (const [name, value] of Object.entries(row as object)) {
      let column = this.#columns.get(name);
      if (column === undefined) {
        if (this.#features !== undefined) throw this.#unknown(name);
        column = [];
        this.#columns.set(name, column);
      }
      while (column.length < this.length - 1) column.push(null);
      column.push(this.#features === undefined ? value : this.#valueOf(name, value, this.#features[name]));
    }
  }

  finish(): RowBatch {
    for (const column of this.#columns.values()) while (column.length < this.length) column.push(null);
    return { columns: this.#columns, length: this.length, where: (i) => this.#where(i) };
  }

  #valueOf(name: string, value: unknown, feature: Feature): unknown {
    if (value === null || fits(feature, value)) return value;
    const refuse = refuseAt(name, () => this.#where(this.length - 1));
    const found = inferFeature(value);
    if (!this.#convert || found instanceof NoFeature) {
      return refuse(
        `${JSON.stringify(value).slice(0, 60)}, where the first rows told ${describeFeature(feature)}: give the types, { features }`,
      );
    }
    const convert = conversion(found, feature, refuse);
    return convert instanceof NoConversion
      ? refuse(`${JSON.stringify(value).slice(0, 60)}: ${convert.reason}`)
      : convert(value);
  }

  #unknown(name: string): DataError {
    const told = this.#convert
      ? "the features do not name"
      : "the first rows did not have: give the types, { features }";
    return new DataError(`${this.#where(this.length - 1)}: the row has a column "${name}", which ${told}`);
  }

  #where(i: number): string {
    return `${this.#file}, line ${this.#lines[i]}`;
  }
}
