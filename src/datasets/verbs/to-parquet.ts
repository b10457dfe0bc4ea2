// toParquet: the rows as a Parquet file (through hyparquet-writer), with the metadata from which Python's datasets and the
// Hub read features. Row groups are written one after another, so memory holds one of them.
import type { SchemaElement } from "hyparquet";
import { writeFileAtomic } from "../../support/atomic.js";
import { ConfigError, DataError } from "../../support/errors.js";
import { huggingfaceMetadata } from "../arrow/features.js";
import { schemaMessage } from "../arrow/messages.js";
import { type ScalarType, typeOfDtype } from "../arrow/types.js";
import { storedReader } from "../arrow/values.js";
import { ClassLabel, type Feature, isStruct, Json, List } from "../features.js";
import { featuresOfTable, recordBatches, schemaOfTable } from "../record-batches.js";
import type { Table } from "../table.js";

/** How a Parquet file is written. */
export interface ToParquetOptions {
  /** Rows of a row group. Default 10,000. */
  batchSize?: number;
  /** How pages are compressed. Default "snappy". */
  compression?: "snappy" | "none";
}

/** Writes the rows to `path`. Throws ConfigError on wrong options, AttuneError where the disk takes no more. */
export async function toParquet(table: Table, path: string, options: ToParquetOptions = {}): Promise<void> {
  const { batchSize = 10_000, compression = "snappy" } = options;
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new ConfigError(`toParquet: batchSize is ${batchSize}: give a whole number of rows above 0`);
  }
  await writeFileAtomic(path, parquetBytes(table, batchSize, compression === "none" ? "UNCOMPRESSED" : "SNAPPY"));
}

async function* parquetBytes(
  table: Table,
  rows: number,
  codec: "SNAPPY" | "UNCOMPRESSED",
): AsyncGenerator<Uint8Array, void, void> {
  const features = featuresOfTable(table);
  const columns = [...table.columns];
  const schema = [
    { name: "schema", num_children: columns.length },
    ...Object.entries(features).flatMap(([name, feature]) => elementsOf(name, feature)),
  ];
  const [key, value] = huggingfaceMetadata(features);
  // What Parquet's types do not tell (large strings, lists of fixed size), as Arrow's own writer adds it.
  const stored = schemaOfTable(table);
  const layout = schemaMessage(stored);
  const kvMetadata = [
    { key, value },
    { key: "ARROW:schema", value: Buffer.from(layout).toString("base64") },
  ];
  const { ByteWriter, ParquetWriter } = await import("hyparquet-writer"); // needed by nobody who only reads
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema, codec, kvMetadata, createdBy: "attune" });
  const taken = (): Uint8Array => {
    const written = bytes.getBytes().slice();
    bytes.index = 0;
    return written;
  };
  const converters = columns.map(([, { feature }]) => converterOf(feature));
  for (const batch of recordBatches(table, stored, 0, table.length, rows)) {
    const columnData = batch.columns.map((array, i) => {
      const reader = storedReader(array, (reason) => {
        throw new DataError(`toParquet: column "${columns[i][0]}" holds ${reason}`);
      });
      return {
        name: columns[i][0],
        data: Array.from({ length: batch.length }, (_, row) => converters[i](reader.get(row))),
      };
    });
    await writer.write({ columnData, rowGroupSize: batch.length });
    yield taken();
  }
  await writer.finish();
  yield taken();
}

/** The schema elements of a column, before its children in their order. */
function elementsOf(name: string, feature: Feature): SchemaElement[] {
  const repetition_type = "OPTIONAL" as const;
  if (feature instanceof List) {
    return [
      { name, repetition_type, num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      ...elementsOf("element", feature.feature),
    ];
  }
  if (isStruct(feature)) {
    const fields = Object.entries(feature);
    return [
      { name, repetition_type, num_children: fields.length },
      ...fields.flatMap(([field, each]) => elementsOf(field, each)),
    ];
  }
  if (feature instanceof Json) return [{ name, repetition_type, type: "BYTE_ARRAY", logical_type: { type: "JSON" } }];
  return [{ name, repetition_type, ...leafOf(scalarOf(name, feature)) }];
}

function scalarOf(name: string, feature: Exclude<Feature, List | Json>): ScalarType {
  const dtype = feature instanceof ClassLabel ? "int64" : String((feature as { dtype: unknown }).dtype);
  const type = typeOfDtype(dtype);
  if (type !== undefined) return type;
  throw new ConfigError(`toParquet: column "${name}" is of type ${dtype}, which Parquet files cannot hold`);
}

type Leaf = Pick<SchemaElement, "type" | "type_length" | "converted_type" | "logical_type" | "precision" | "scale">;

function leafOf(type: ScalarType): Leaf {
  switch (type.kind) {
    case "null":
      return { type: "INT32", logical_type: { type: "NULL" } };
    case "bool":
      return { type: "BOOLEAN" };
    case "int": {
      const physical = type.bits === 64 ? "INT64" : "INT32";
      if (type.signed && type.bits >= 32) return { type: physical };
      // No logical type: hyparquet-writer 0.17 spells its width as Arrow's reader does not take it.
      return { type: physical, converted_type: `${type.signed ? "" : "U"}INT_${type.bits}` };
    }
    case "float":
      if (type.bits === 16) return { type: "FIXED_LEN_BYTE_ARRAY", type_length: 2, logical_type: { type: "FLOAT16" } };
      return { type: type.bits === 32 ? "FLOAT" : "DOUBLE" };
    case "decimal": {
      const { precision, scale } = type;
      const bytes = Math.ceil((precision * Math.log2(10) + 1) / 8);
      const decimal = { converted_type: "DECIMAL", logical_type: { type: "DECIMAL", precision, scale } } as const;
      return { type: "FIXED_LEN_BYTE_ARRAY", type_length: bytes, precision, scale, ...decimal };
    }
    case "date":
      return { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } };
    case "time":
      if (type.bits === 32)
        return { type: "INT32", logical_type: { type: "TIME", isAdjustedToUTC: false, unit: "MILLIS" } };
      return {
        type: "INT64",
        logical_type: { type: "TIME", isAdjustedToUTC: false, unit: type.unit === "us" ? "MICROS" : "NANOS" },
      };
    case "timestamp": {
      const unit = ({ s: "MILLIS", ms: "MILLIS", us: "MICROS", ns: "NANOS" } as const)[type.unit];
      return { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: type.timezone !== undefined, unit } };
    }
    case "duration":
      return { type: "INT64" };
    case "utf8":
      return { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
    case "binary":
      return { type: "BYTE_ARRAY" };
    case "fixedBinary":
      return { type: "FIXED_LEN_BYTE_ARRAY", type_length: type.bytes };
  }
}

/** Turns values as they are stored into those that the writer takes, which has no seconds: they are milliseconds there. */
function converterOf(feature: Feature): (value: unknown) => unknown {
  if (feature instanceof List) {
    const convert = converterOf(feature.feature);
    return (value) => (value === null ? null : Array.from(value as ArrayLike<unknown>, convert));
  }
  if (isStruct(feature)) {
    const fields = Object.entries(feature).map(([name, each]) => [name, converterOf(each)] as const);
    return (value) => {
      if (value === null) return null;
      const struct = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(fields.map(([name, convert]) => [name, convert(struct[name])]));
    };
  }
  const type = feature instanceof Json ? undefined : typeOfDtype(feature.dtype);
  if (type?.kind === "timestamp" && type.unit === "s") {
    return (value) => (value === null ? null : (value as bigint) * 1000n);
  }
  if (type?.kind === "time" && type.unit === "s") return (value) => (value === null ? null : (value as number) * 1000);
  return (value) => value;
}
