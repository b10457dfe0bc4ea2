// Arrow's types as far as datasets use them, and their names: `int64`, `timestamp[us, tz=UTC]`, `decimal128(10, 2)`.

/** Seconds, milli-, micro- and nanoseconds, in the order of Arrow's TimeUnit. */
export const TIME_UNITS = ["s", "ms", "us", "ns"] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** How text and bytes of any length are laid out: with 32-bit offsets, with 64-bit ones, or as views. */
export type VariableForm = "small" | "large" | "view";

/** The type of an array of values that are not nested. */
export type ScalarType =
  | { readonly kind: "null" }
  | { readonly kind: "bool" }
  | { readonly kind: "int"; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: "float"; readonly bits: 16 | 32 | 64 }
  | { readonly kind: "decimal"; readonly bits: 128 | 256; readonly precision: number; readonly scale: number }
  | { readonly kind: "date"; readonly bits: 32 | 64 }
  | { readonly kind: "time"; readonly bits: 32 | 64; readonly unit: TimeUnit }
  | { readonly kind: "timestamp"; readonly unit: TimeUnit; readonly timezone: string | undefined }
  | { readonly kind: "duration"; readonly unit: TimeUnit }
  | { readonly kind: "utf8"; readonly form: VariableForm }
  | { readonly kind: "binary"; readonly form: VariableForm }
  | { readonly kind: "fixedBinary"; readonly bytes: number };

/** The type of an array; what nested ones hold stands in the children of their field. */
export type ArrowType =
  | ScalarType
  | { readonly kind: "list"; readonly large: boolean }
  | { readonly kind: "fixedList"; readonly size: number }
  | { readonly kind: "struct" };

/** A column, or a part of one: name, type, and the fields of what it holds. */
export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly nullable: boolean;
  /** Of a list its element, of a struct its fields. */
  readonly children: readonly ArrowField[];
  readonly metadata: ReadonlyMap<string, string>;
  /** The number and the index type of a dictionary, where the column is written as indices into one. */
  readonly dictionary?: { readonly id: number; readonly index: ArrowType };
}

/** The metadata under which a field names the extension that its values are of. */
export const EXTENSION_NAME = "ARROW:extension:name";
export const EXTENSION_METADATA = "ARROW:extension:metadata";

/** True of a field of text that is JSON, each value by itself. */
export function isJsonField({ metadata }: ArrowField): boolean {
  return metadata.get(EXTENSION_NAME) === "arrow.json";
}

/** The columns of a file. */
export interface ArrowSchema {
  readonly fields: readonly ArrowField[];
  readonly metadata: ReadonlyMap<string, string>;
}

const FORMS: Readonly<Record<VariableForm, readonly [prefix: string, suffix: string]>> = {
  small: ["", ""],
  large: ["large_", ""],
  view: ["", "_view"],
};

/** The name of a scalar type, as Python's datasets writes it into a Value. */
export function dtypeName(type: ScalarType): string {
  switch (type.kind) {
    case "int":
      return `${type.signed ? "" : "u"}int${type.bits}`;
    case "float":
      return `float${type.bits}`;
    case "decimal":
      return `decimal${type.bits}(${type.precision}, ${type.scale})`;
    case "date":
      return `date${type.bits}`;
    case "time":
      return `time${type.bits}[${type.unit}]`;
    case "timestamp":
      return `timestamp[${type.unit}${type.timezone === undefined ? "" : `, tz=${type.timezone}`}]`;
    case "duration":
      return `duration[${type.unit}]`;
    case "fixedBinary":
      return `fixed_size_binary[${type.bytes}]`;
    case "utf8":
    case "binary": {
      const [prefix, suffix] = FORMS[type.form];
      return `${prefix}${type.kind === "utf8" ? "string" : "binary"}${suffix}`;
    }
    default:
      return type.kind;
  }
}

const PLAIN: readonly ScalarType[] = [
  { kind: "null" },
  { kind: "bool" },
  ...([8, 16, 32, 64] as const).flatMap((bits) =>
    [true, false].map((signed): ScalarType => ({ kind: "int", bits, signed })),
  ),
  ...([16, 32, 64] as const).map((bits): ScalarType => ({ kind: "float", bits })),
  { kind: "date", bits: 32 },
  { kind: "date", bits: 64 },
  ...(["utf8", "binary"] as const).flatMap((kind) =>
    (["small", "large", "view"] as const).map((form): ScalarType => ({ kind, form })),
  ),
];
const BY_NAME: ReadonlyMap<string, ScalarType> = new Map(PLAIN.map((type) => [dtypeName(type), type]));

/** The type of that name; undefined where there is none that can be stored. */
export function typeOfDtype(dtype: string): ScalarType | undefined {
  const plain = BY_NAME.get(dtype);
  if (plain !== undefined) return plain;
  const [, name = "", argument = ""] = /^(\w+)[[(](.+)[\])]$/.exec(dtype) ?? [];
  const [first, second] = argument.split(/,\s*/);
  const unit = TIME_UNITS.find((each) => each === first);
  switch (name) {
    case "timestamp":
      return unit && { kind: "timestamp", unit, timezone: second?.replace(/^tz=/, "") };
    case "duration":
      return unit && { kind: "duration", unit };
    case "time32":
      return unit && { kind: "time", bits: 32, unit };
    case "time64":
      return unit && { kind: "time", bits: 64, unit };
    case "decimal128":
    case "decimal256":
      return {
        kind: "decimal",
        bits: name === "decimal128" ? 128 : 256,
        precision: Number(first),
        scale: Number(second ?? 0),
      };
    case "fixed_size_binary":
      return { kind: "fixedBinary", bytes: Number(first) };
    default:
      return undefined;
  }
}

/** True where both fields hold the same values in the same layout, whatever their names and other metadata. */
export function sameLayout(a: ArrowField, b: ArrowField): boolean {
  return (
    JSON.stringify([a.type, a.dictionary?.index]) === JSON.stringify([b.type, b.dictionary?.index]) &&
    isJsonField(a) === isJsonField(b) &&
    a.children.length === b.children.length &&
    a.children.every((child, i) => {
      const other = b.children[i];
      return (a.type.kind !== "struct" || child.name === other.name) && sameLayout(child, other);
    })
  );
}
