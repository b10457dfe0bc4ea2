// A schema between its two forms: fields in memory, and the FlatBuffers table of Arrow's Schema.fbs.
import type { TableBuilder, TableReader, Written } from "./flatbuffers.js";
import { type ArrowField, type ArrowSchema, type ArrowType, TIME_UNITS, type VariableForm } from "./types.js";

/** Arrow's numbers of types; those that are missing here are not read. */
const TYPE = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  list: 12,
  struct: 13,
  fixedBinary: 15,
  fixedList: 16,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  binaryView: 23,
  utf8View: 24,
} as const;

const UNSUPPORTED: Readonly<Record<number, string>> = {
  11: "an interval",
  14: "a union",
  17: "a map",
  22: "run-end encoded",
  25: "a list view",
  26: "a large list view",
};

/** More than any dataset has; a damaged file must not make millions. */
const MOST_FIELDS = 100_000;
const DEEPEST = 100;

/** Reads a schema. Throws Error, with the reason, where a column is of a type that is not supported. */
export function readSchema(table: TableReader): ArrowSchema {
  if (table.int16(0) !== 0) throw new Error("it is written in big-endian order, where little-endian is read");
  let fields = 0;
  const read = (field: TableReader, depth: number, path: string): ArrowField => {
    const name = field.string(0) ?? "";
    const where = path === "" ? name : `${path}.${name}`;
    if (++fields > MOST_FIELDS || depth > DEEPEST) throw new Error(`its columns are nested without end, at "${where}"`);
    const dictionary = field.table(4);
    return {
      name,
      nullable: field.bool(1),
      type: readType(field.uint8(2), field.table(3), where),
      children: field.tables(5).map((child) => read(child, depth + 1, where)),
      metadata: readMetadata(field, 6),
      ...(dictionary === undefined
        ? {}
        : {
            dictionary: {
              id: dictionary.size(0),
              index: readType(TYPE.int, dictionary.table(1), where, { bits: 32, signed: true }),
            },
          }),
    };
  };
  return { fields: table.tables(1).map((field) => read(field, 0, "")), metadata: readMetadata(table, 2) };
}

function readMetadata(table: TableReader, field: number): Map<string, string> {
  return new Map(table.tables(field).map((pair) => [pair.string(0) ?? "", pair.string(1) ?? ""]));
}

function readType(
  number: number,
  table: TableReader | undefined,
  column: string,
  absent?: { bits: 32; signed: true },
): ArrowType {
  if (table === undefined) {
    if (absent) return { kind: "int", ...absent };
    throw new Error(`column "${column}" has no type`);
  }
  const oneOf = <T extends number>(value: number, ...allowed: T[]): T => {
    const found = allowed.find((each) => each === value);
    if (found === undefined) throw new Error(`column "${column}" is of a width that does not exist, ${value}`);
    return found;
  };
  const unit = (field: number, value: number) => TIME_UNITS[oneOf(table.int16(field, value), 0, 1, 2, 3)];
  switch (number) {
    case TYPE.null:
      return { kind: "null" };
    case TYPE.int:
      return { kind: "int", bits: oneOf(table.int32(0), 8, 16, 32, 64), signed: table.bool(1) };
    case TYPE.float:
      return { kind: "float", bits: ([16, 32, 64] as const)[oneOf(table.int16(0), 0, 1, 2)] };
    case TYPE.bool:
      return { kind: "bool" };
    case TYPE.decimal: {
      const bits = oneOf(table.int32(2, 128), 128, 256);
      return { kind: "decimal", bits, precision: table.int32(0), scale: table.int32(1) };
    }
    case TYPE.date:
      return { kind: "date", bits: oneOf(table.int16(0, 1), 0, 1) === 0 ? 32 : 64 };
    case TYPE.time:
      return { kind: "time", unit: unit(0, 1), bits: oneOf(table.int32(1, 32), 32, 64) };
    case TYPE.timestamp:
      return { kind: "timestamp", unit: unit(0, 0), timezone: table.string(1) };
    case TYPE.duration:
      return { kind: "duration", unit: unit(0, 1) };
    case TYPE.utf8:
    case TYPE.largeUtf8:
    case TYPE.utf8View:
      return { kind: "utf8", form: formOf(number) };
    case TYPE.binary:
    case TYPE.largeBinary:
    case TYPE.binaryView:
      return { kind: "binary", form: formOf(number) };
    case TYPE.fixedBinary:
      return { kind: "fixedBinary", bytes: positive(table.int32(0), column) };
    case TYPE.list:
    case TYPE.largeList:
      return { kind: "list", large: number === TYPE.largeList };
    case TYPE.fixedList:
      return { kind: "fixedList", size: positive(table.int32(0), column) };
    case TYPE.struct:
      return { kind: "struct" };
    default: {
      const name = UNSUPPORTED[number] ?? `of type ${number}`;
      throw new Error(
        `column "${column}" is ${name}, which is not supported: remove the column, or write it in another type`,
      );
    }
  }
}

function positive(size: number, column: string): number {
  if (size >= 0) return size;
  throw new Error(`column "${column}" is of a width that does not exist, ${size}`);
}

function formOf(number: number): VariableForm {
  if (number === TYPE.utf8 || number === TYPE.binary) return "small";
  return number === TYPE.largeUtf8 || number === TYPE.largeBinary ? "large" : "view";
}

/** Writes a schema; what it returns is the Schema table. */
export function writeSchema(builder: TableBuilder, { fields, metadata }: ArrowSchema): Written {
  const list = builder.vector(fields.map((field) => writeField(builder, field)));
  const pairs = writeMetadata(builder, metadata);
  return builder.start().pointer(1, list).pointer(2, pairs).end();
}

function writeMetadata(builder: TableBuilder, metadata: ReadonlyMap<string, string>): Written | undefined {
  if (metadata.size === 0) return undefined;
  const pairs = Array.from(metadata, ([name, value]) => {
    const [key, text] = [builder.string(name), builder.string(value)];
    return builder.start().pointer(0, key).pointer(1, text).end();
  });
  return builder.vector(pairs);
}

function writeField(builder: TableBuilder, field: ArrowField): Written {
  const name = builder.string(field.name);
  const [number, type] = writeType(builder, field.type);
  const children = builder.vector(field.children.map((child) => writeField(builder, child)));
  const metadata = writeMetadata(builder, field.metadata);
  return builder
    .start()
    .pointer(0, name)
    .pointer(3, type)
    .pointer(5, children)
    .pointer(6, metadata)
    .bool(1, field.nullable)
    .uint8(2, number)
    .end();
}

function writeType(builder: TableBuilder, type: ArrowType): [number: number, table: Written] {
  const zone = type.kind === "timestamp" && type.timezone !== undefined ? builder.string(type.timezone) : undefined;
  const table = builder.start();
  switch (type.kind) {
    case "int":
      return [TYPE.int, table.int32(0, type.bits).bool(1, type.signed).end()];
    case "float":
      return [TYPE.float, table.int16(0, { 16: 0, 32: 1, 64: 2 }[type.bits]).end()];
    case "decimal":
      return [TYPE.decimal, table.int32(0, type.precision).int32(1, type.scale).int32(2, type.bits).end()];
    case "date":
      return [TYPE.date, table.int16(0, type.bits === 32 ? 0 : 1).end()];
    case "time":
      return [TYPE.time, table.int32(1, type.bits).int16(0, TIME_UNITS.indexOf(type.unit)).end()];
    case "timestamp":
      return [TYPE.timestamp, table.pointer(1, zone).int16(0, TIME_UNITS.indexOf(type.unit)).end()];
    case "duration":
      return [TYPE.duration, table.int16(0, TIME_UNITS.indexOf(type.unit)).end()];
    case "utf8":
      return [{ small: TYPE.utf8, large: TYPE.largeUtf8, view: TYPE.utf8View }[type.form], table.end()];
    case "binary":
      return [{ small: TYPE.binary, large: TYPE.largeBinary, view: TYPE.binaryView }[type.form], table.end()];
    case "fixedBinary":
      return [TYPE.fixedBinary, table.int32(0, type.bytes).end()];
    case "list":
      return [type.large ? TYPE.largeList : TYPE.list, table.end()];
    case "fixedList":
      return [TYPE.fixedList, table.int32(0, type.size).end()];
    default:
      return [TYPE[type.kind], table.end()];
  }
}
