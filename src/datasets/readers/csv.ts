// CSV, TSV and their like: records to rows, with types told from the texts or asked for.
import { extname } from "node:path";
import { ConfigError, FileFormatError } from "../../support/errors.js";
import { info, warn } from "../../support/log.js";
import { conversion, NoConversion } from "../convert.js";
import { type Feature, type StructFeature, Value } from "../features.js";
import { BATCH_ROWS, type FileReader, INFERENCE_ROWS, type RowBatch, refuseAt } from "./batch.js";
import { type CsvDialect, type CsvRecord, csvRecords } from "./csv-records.js";
import { ColumnType, type MissingOptions, missingTexts, parserOf } from "./csv-types.js";
import { type EncodingOptions, readText } from "./text-source.js";

/** How CSV files are read. */
export interface CsvOptions extends CsvDialect, MissingOptions, EncodingOptions {
  /** The first line names the columns. Default true, false where columnNames are given. */
  header?: boolean;
  /** The names of the columns, in place of those of the header. */
  columnNames?: readonly string[];
  /** Lines to leave out at the beginning of each file. Default 0. */
  skipRows?: number;
  /** What to do with a line that has more or fewer fields than there are columns. Default "error". */
  onBadLines?: "error" | "warn" | "skip";
  /** Take the fields that a line lacks at its end as missing values. Default false: such a line is a bad one. */
  fillShortLines?: boolean;
}

/** A reader of CSV files; with `wished`, texts are converted to these types. `whole`: types are told from all rows. */
export class CsvReader implements FileReader {
  readonly #options: CsvOptions;
  readonly #wished: StructFeature | undefined;
  readonly #rowsInferred: number;
  readonly #missing: ReadonlySet<string>;

  constructor(options: CsvOptions, wished: StructFeature | undefined, whole: boolean) {
    this.#options = options;
    this.#wished = wished;
    this.#rowsInferred = whole ? Infinity : INFERENCE_ROWS;
    this.#missing = missingTexts(options);
    const { onBadLines = "error", skipRows = 0 } = options;
    if (!["error", "warn", "skip"].includes(onBadLines)) {
      throw new ConfigError(`onBadLines is "error", "warn" or "skip", not ${JSON.stringify(onBadLines)}`);
    }
    if (!(Number.isInteger(skipRows) && skipRows >= 0))
      throw new ConfigError(`skipRows is ${skipRows}: give a number of lines`);
  }

  /** The types of the columns: those asked for, else those that the texts of all files tell. */
  async features(files: readonly string[]): Promise<StructFeature | undefined> {
    if (this.#wished !== undefined) return this.#wished;
    const types = new Map<string, ColumnType>();
    let rows = 0;
    for (const file of files) {
      const seen = new Map<string, ColumnType>();
      for await (const { names, record } of this.#records(file, true)) {
        for (const [i, name] of names.entries()) {
          const type = types.get(name) ?? new ColumnType();
          if (!types.has(name)) types.set(name, type);
          if (record === undefined) continue;
          seen.set(name, type);
          type.see(record.fields[i] ?? "", this.#missing);
        }
        if (record !== undefined) rows++;
        if (rows >= this.#rowsInferred) break;
      }
      for (const [name, type] of seen) type.report(file, name);
      if (rows >= this.#rowsInferred) break;
    }
    return Object.fromEntries([...types].map(([name, type]) => [name, type.feature]));
  }

  async *read(file: string, features: StructFeature = {}, firstRow = 0): AsyncGenerator<RowBatch, void, void> {
    let batch: BatchBuilder | undefined;
    let row = 0;
    for await (const { names, record } of this.#records(file)) {
      batch ??= this.#batchOf(file, names, features);
      if (record === undefined || row++ < firstRow) continue;
      batch.add(record);
      if (batch.length < BATCH_ROWS) continue;
      yield batch.finish();
      batch = undefined;
    }
    if (batch !== undefined && (batch.length > 0 || row === 0)) yield batch.finish();
  }

  #batchOf(file: string, names: readonly string[], features: StructFeature): BatchBuilder {
    const unnamed = names.find((name) => !Object.hasOwn(features, name));
    const lacking = Object.keys(features).find((name) => !names.includes(name));
    if (unnamed !== undefined || lacking !== undefined) {
      const has = lacking === undefined ? `a column "${unnamed}", which others or the features do not have` : undefined;
      const lacks = `no column "${lacking}", which others or the features have`;
      throw new FileFormatError(
        `${file} has ${has ?? lacks}: its columns are ${names.map((name) => `"${name}"`).join(", ")}`,
      );
    }
    const known = this.#rowsInferred === Infinity ? parserOf : checkedParser; // known from all texts, or from the first
    const parsers = this.#wished === undefined ? known : converterOf;
    return new BatchBuilder(file, names, features, this.#missing, parsers);
  }

  /** The columns' names with each record; once without a record where a file has a header alone. */
  async *#records(
    file: string,
    quiet = false,
  ): AsyncGenerator<{ names: readonly string[]; record: CsvRecord | undefined }, void, void> {
    const { columnNames, header = columnNames === undefined, skipRows = 0, onBadLines = "error" } = this.#options;
    const extension = extname(file.replace(/\.gz$/, "")).toLowerCase();
    const delimiter = this.#options.delimiter ?? (extension === ".tsv" ? "\t" : ",");
    const text = skipLines(readText(file, this.#options), skipRows);
    let names = columnNames;
    let isHeader = header;
    let bad = 0;
    let firstBad: string | undefined;
    for await (const record of csvRecords(file, text, { ...this.#options, delimiter }, skipRows + 1)) {
      if (isHeader) {
        isHeader = false;
        names ??= uniqueNames(record.fields, quiet ? undefined : file);
        yield { names, record: undefined };
        continue;
      }
      names ??= record.fields.map((_, i) => String(i));
      const problem = this.#problemOf(record, names.length);
      if (problem === undefined) {
        yield { names, record };
        continue;
      }
      const where = `${file}: line ${record.line} has ${problem}`;
      if (onBadLines === "error") {
        throw new FileFormatError(
          `${where}: mend it, or leave such lines out with { onBadLines: "warn" }` +
            (record.fields.length < names.length
              ? ", or take what it lacks as missing with { fillShortLines: true }"
              : ""),
        );
      }
      bad++;
      firstBad ??= where;
    }
    if (names === undefined) throw new FileFormatError(`${file} is empty: it has no header and no rows`);
    if (bad === 0 || quiet) return;
    (onBadLines === "warn" ? warn : info)(`${bad} lines were left out of ${file}; the first: ${firstBad}`);
  }

  #problemOf({ fields }: CsvRecord, columns: number): string | undefined {
    if (fields.length === columns) return undefined;
    if (fields.length < columns && this.#options.fillShortLines) return undefined;
    return `${fields.length} ${fields.length === 1 ? "field" : "fields"}, where there are ${columns} columns`;
  }
}

/** The text without its first lines. */
async function* skipLines(pieces: AsyncIterable<string>, count: number): AsyncGenerator<string, void, void> {
  let left = count;
  for await (let piece of pieces) {
    while (left > 0 && piece !== "") {
      const end = piece.indexOf("\n");
      piece = end === -1 ? "" : piece.slice(end + 1);
      if (end !== -1) left--;
    }
    if (piece !== "") yield piece;
  }
}

/** Names of columns as pandas makes them: "Unnamed: 0" for an empty one, "a.1" for a second "a", which is said of `file`. */
function uniqueNames(header: readonly string[], file: string | undefined): string[] {
  const names: string[] = [];
  for (const [i, field] of header.entries()) {
    const given = field === "" ? `Unnamed: ${i}` : field;
    let name = given;
    for (let n = 1; names.includes(name); n++) name = `${given}.${n}`;
    if (name !== given && file !== undefined) info(`${file}: a second column "${given}" is called "${name}"`);
    names.push(name);
  }
  return names;
}

/** Makes what turns texts into values of a feature; `refuse` is told of one that cannot. */
type ParserOf = (feature: Feature, refuse: (reason: string) => never) => (text: string) => unknown;

/** Records to the columns of a batch. */
class BatchBuilder {
  readonly #file: string;
  readonly #parsers: readonly ((text: string) => unknown)[];
  readonly #columns: readonly unknown[][];
  readonly #names: readonly string[];
  readonly #missing: ReadonlySet<string>;
  readonly #lines: number[] = [];

  constructor(
    file: string,
    names: readonly string[],
    features: StructFeature,
    missing: ReadonlySet<string>,
    parserOf: ParserOf,
  ) {
    this.#file = file;
    this.#names = names;
    this.#missing = missing;
    this.#columns = names.map(() => []);
    const where = () => this.#where(this.#lines.length - 1);
    this.#parsers = names.map((name) => parserOf(features[name], refuseAt(name, where)));
  }

  get length(): number {
    return this.#lines.length;
  }

  add({ fields, line }: CsvRecord): void {
    this.#lines.push(line);
    for (let i = 0; i < this.#names.length; i++) {
      const text = fields[i] ?? "";
      this.#columns[i].push(i >= fields.length || this.#missing.has(text) ? null : this.#parsers[i](text));
    }
  }

  finish(): RowBatch {
    const columns = new Map(this.#names.map((name, i) => [name, this.#columns[i]] as const));
    return { columns, length: this.length, where: (i) => this.#where(i) };
  }

  #where(i: number): string {
    return `${this.#file}, line ${this.#lines[i]}`;
  }
}

/** Texts to values of a type that was asked for. */
function converterOf(feature: Feature, refuse: (reason: string) => never): (text: string) => unknown {
  const convert = conversion(new Value("string"), feature, refuse);
  if (convert instanceof NoConversion)
    throw new ConfigError(`a column of a CSV file holds single values: ${convert.reason}`);
  const isText = feature instanceof Value && feature.dtype.includes("string");
  return isText ? convert : (text) => convert(text.trim());
}

/** Texts to values of a type that was inferred, maybe from the first rows alone. */
function checkedParser(feature: Feature, refuse: (reason: string) => never): (text: string) => unknown {
  const parse = parserOf(feature);
  const type = new ColumnType();
  const dtype = feature instanceof Value ? feature.dtype : "string";
  if (dtype === "string") return parse;
  return (text) => {
    type.see(text, NONE);
    const seen = type.feature.dtype;
    if (seen === dtype || (seen === "int64" && dtype === "float64")) return parse(text);
    return refuse(`${JSON.stringify(text)}, where its first rows told ${dtype}: give the types, { features }`);
  };
}

const NONE: ReadonlySet<string> = new Set();
