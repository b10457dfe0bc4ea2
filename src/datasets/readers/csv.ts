// CSV, TSV and their like: records to rows, with types told from the texts or asked for.
import { extname } from "node:path";
import { ConfigError, FileFormatError } from "../../support/errors.js";
import { info, warn } from "../../support/log.js";
import { CHUNK_ROWS } from "../column-builder.js";
import { conversion, NoConversion } from "../convert.js";
import { type Feature, type StructFeature, Value } from "../features.js";
import { type ArrayBatch, BATCH_ROWS, type FileReader, INFERENCE_ROWS, type RowBatch, refuseAt } from "./batch.js";
import { CsvColumns, MissingTexts, seeRun } from "./csv-columns.js";
import { type CsvDialect, type CsvRecords, csvRecords, type RecordRun } from "./csv-records.js";
import { ColumnType, isOfType, type MissingOptions, missingTexts, parserOf } from "./csv-types.js";
import { type EncodingOptions, readUtf8 } from "./text-source.js";

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

/** A reader of CSV files; with `wished`, texts are converted to these types. */
export class CsvReader implements FileReader {
  readonly #options: CsvOptions;
  readonly #wished: StructFeature | undefined;
  readonly #missing: MissingTexts;

  constructor(options: CsvOptions, wished: StructFeature | undefined) {
    this.#options = options;
    this.#wished = wished;
    this.#missing = new MissingTexts(missingTexts(options));
    const { onBadLines = "error", skipRows = 0 } = options;
    if (!["error", "warn", "skip"].includes(onBadLines)) {
      throw new ConfigError(`onBadLines is "error", "warn" or "skip", not ${JSON.stringify(onBadLines)}`);
    }
    if (!(Number.isInteger(skipRows) && skipRows >= 0))
      throw new ConfigError(`skipRows is ${skipRows}: give a number of lines`);
  }

  /** The types of the columns: those asked for, else those that the texts of the first rows tell. */
  async features(files: readonly string[], rowsAsked = INFERENCE_ROWS): Promise<StructFeature | undefined> {
    if (this.#wished !== undefined) return this.#wished;
    const types = new Map<string, ColumnType>();
    let left = rowsAsked;
    for (const file of files) {
      let columns: ColumnType[] | undefined;
      for await (const rows of this.#rows(file, true)) {
        columns ??= rows.names?.map((name) => {
          const type = types.get(name) ?? new ColumnType();
          types.set(name, type);
          return type;
        });
        while (left > 0) {
          const run = rows.run(Math.min(left, CHUNK_ROWS));
          if (run !== undefined) seeRun(columns ?? [], run, this.#missing);
          else if (rows.next()) {
            for (const [i, type] of (columns ?? []).entries()) {
              if (!type.isText) type.see(rows.text(i) ?? "", this.#missing.texts);
            }
          } else break;
          left -= run?.count ?? 1;
        }
        if (left === 0) break;
      }
      if (left === 0) break;
    }
    return Object.fromEntries([...types].map(([name, type]) => [name, type.feature]));
  }

  async *read(file: string, features: StructFeature = {}, firstRow = 0): AsyncGenerator<RowBatch, void, void> {
    let batch: BatchBuilder | undefined;
    let row = 0;
    for await (const rows of this.#rows(file)) {
      if (rows.names === undefined) continue;
      batch ??= this.#batchOf(file, rows.names, features);
      while (rows.next()) {
        if (row++ < firstRow) continue;
        batch.add(rows);
        if (batch.length < BATCH_ROWS) continue;
        yield batch.finish();
        batch = this.#batchOf(file, rows.names, features);
      }
    }
    if (batch !== undefined && (batch.length > 0 || row === 0)) yield batch.finish();
  }

  /** The rows of a file in Arrow's layout, in the types that `features` told: for types that were not asked for. */
  async *readArrays(file: string, features: StructFeature): AsyncGenerator<ArrayBatch, void, void> {
    let columns: CsvColumns | undefined;
    for await (const rows of this.#rows(file)) {
      if (rows.names === undefined) continue;
      if (columns === undefined) {
        checkNames(file, rows.names, features);
        columns = new CsvColumns(rows.names, features, this.#missing);
      }
      for (;;) {
        const run = rows.run(CHUNK_ROWS - columns.length);
        if (run !== undefined) columns.addRun(run);
        else if (rows.next()) columns.add(rows);
        else break;
        if (columns.length === CHUNK_ROWS) yield columns.finish();
      }
    }
    if (columns === undefined) return;
    yield columns.finish();
    columns.report(file);
  }

  /** The types of columns are told from texts, not asked for. */
  get isInferring(): boolean {
    return this.#wished === undefined;
  }

  #batchOf(file: string, names: readonly string[], features: StructFeature): BatchBuilder {
    checkNames(file, names, features);
    return new BatchBuilder(file, names, features, this.#missing.texts, this.isInferring ? checkedParser : converterOf);
  }

  /** The rows of a file, again and again the same object: whenever there are more to go through. */
  async *#rows(file: string, quiet = false): AsyncGenerator<CsvRows, void, void> {
    const { skipRows = 0 } = this.#options;
    const extension = extname(file.replace(/\.gz$/, "")).toLowerCase();
    const delimiter = this.#options.delimiter ?? (extension === ".tsv" ? "\t" : ",");
    const text = skipLines(readUtf8(file, this.#options), skipRows);
    const dialect = { ...this.#options, delimiter };
    let rows: CsvRows | undefined;
    for await (const records of csvRecords(file, text, dialect, skipRows + 1)) {
      rows ??= new CsvRows(file, records, this.#options, quiet);
      rows.begin();
      yield rows;
    }
    rows?.end();
  }
}

/** The records of a file without its header and without bad lines. */
class CsvRows {
  /** The names of the columns, once they are known. */
  names: readonly string[] | undefined;
  readonly #file: string;
  readonly records: CsvRecords;
  readonly #onBadLines: NonNullable<CsvOptions["onBadLines"]>;
  readonly #fillShort: boolean;
  readonly #quiet: boolean;
  #isHeader: boolean;
  #isAtFirst = false; // `begin` has read a row that is still to be given
  #bad = 0;
  #firstBad = "";

  constructor(file: string, records: CsvRecords, options: CsvOptions, quiet: boolean) {
    const { columnNames, header = columnNames === undefined, onBadLines = "error", fillShortLines = false } = options;
    this.names = columnNames;
    this.records = records;
    this.#file = file;
    this.#isHeader = header;
    this.#onBadLines = onBadLines;
    this.#fillShort = fillShortLines;
    this.#quiet = quiet;
  }

  /** Reads the header, where it is not known and there is enough of the text. */
  begin(): void {
    const { records } = this;
    if (this.#isHeader) {
      if (!records.next()) return;
      this.#isHeader = false;
      this.names ??= uniqueNames(fieldsOf(records), this.#quiet ? undefined : this.#file);
    } else if (this.names === undefined && records.next()) {
      this.names = Array.from({ length: records.count }, (_, i) => String(i));
      this.#isAtFirst = true;
    }
  }

  /** Goes to the next row; false where more of the text is needed, or none is left. */
  next(): boolean {
    const { records, names } = this;
    if (names === undefined) return false;
    if (this.#isAtFirst) {
      this.#isAtFirst = false;
      return true;
    }
    while (records.next()) {
      if (records.count === names.length || (records.count < names.length && this.#fillShort)) return true;
      this.#refuse(names.length);
    }
    return false;
  }

  /** The next rows together, at most `most`, where they can be read so; else `next` has to be asked. */
  run(most: number): RecordRun | undefined {
    if (this.names === undefined || this.#isAtFirst) return undefined;
    return this.records.run(this.names.length, most);
  }

  /** Field `i` of the row; undefined where the line ends before it. */
  text(i: number): string | undefined {
    return i < this.records.count ? this.records.text(i) : undefined;
  }

  /** Says what was left out. Throws FileFormatError where the file has nothing in it. */
  end(): void {
    if (this.names === undefined) throw new FileFormatError(`${this.#file} is empty: it has no header and no rows`);
    if (this.#bad === 0 || this.#quiet) return;
    const say = this.#onBadLines === "warn" ? warn : info;
    say(`${this.#bad} lines were left out of ${this.#file}; the first: ${this.#firstBad}`);
  }

  #refuse(columns: number): void {
    const { count, line } = this.records;
    const has = `${count} ${count === 1 ? "field" : "fields"}, where there are ${columns} columns`;
    const where = `${this.#file}: line ${line} has ${has}`;
    if (this.#onBadLines === "error") {
      throw new FileFormatError(
        `${where}: mend it, or leave such lines out with { onBadLines: "warn" }` +
          (count < columns ? ", or take what it lacks as missing with { fillShortLines: true }" : ""),
      );
    }
    if (this.#bad++ === 0) this.#firstBad = where;
  }
}

function fieldsOf(records: CsvRecords): string[] {
  return Array.from({ length: records.count }, (_, i) => records.text(i));
}

/** Throws FileFormatError where a file has other columns than `features`. */
function checkNames(file: string, names: readonly string[], features: StructFeature): void {
  const unnamed = names.find((name) => !Object.hasOwn(features, name));
  const lacking = Object.keys(features).find((name) => !names.includes(name));
  if (unnamed === undefined && lacking === undefined) return;
  const has = lacking === undefined ? `a column "${unnamed}", which others or the features do not have` : undefined;
  const lacks = `no column "${lacking}", which others or the features have`;
  throw new FileFormatError(
    `${file} has ${has ?? lacks}: its columns are ${names.map((name) => `"${name}"`).join(", ")}`,
  );
}

/** The text without its first lines. */
async function* skipLines(pieces: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array, void, void> {
  let left = count;
  for await (let piece of pieces) {
    while (left > 0 && piece.length > 0) {
      const end = piece.indexOf(NEWLINE);
      piece = piece.subarray(end === -1 ? piece.length : end + 1);
      if (end !== -1) left--;
    }
    if (piece.length > 0) yield piece;
  }
}

const NEWLINE = 10;

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

  add(rows: CsvRows): void {
    this.#lines.push(rows.records.line);
    for (let i = 0; i < this.#names.length; i++) {
      const text = rows.text(i);
      this.#columns[i].push(text === undefined || this.#missing.has(text) ? null : this.#parsers[i](text));
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

/** Texts to values of a type that the first rows told. */
function checkedParser(feature: Feature, refuse: (reason: string) => never): (text: string) => unknown {
  const parse = parserOf(feature);
  const type = feature instanceof Value ? feature : new Value("string");
  return (text) => {
    if (isOfType(text, type)) return parse(text);
    return refuse(`${JSON.stringify(text)}, where its first rows told ${type.dtype}: give the types, { features }`);
  };
}
