// Rows in a state that is written as JSON: what JSON does not know (dates, bytes, typed arrays, NaN) is tagged.

const TAG = "$attune";

/** A value as JSON can hold it. */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { [TAG]: "number", value: spell(value) };
  if (typeof value !== "object" || value === null) return value ?? null;
  if (value instanceof Date) return { [TAG]: "date", value: value.getTime() };
  if (ArrayBuffer.isView(value)) {
    const values = Array.from(value as unknown as ArrayLike<number>, toJsonValue);
    return { [TAG]: value instanceof Uint8Array ? "Uint8Array" : value.constructor.name, value: values };
  }
  if (Array.isArray(value)) return value.map(toJsonValue);
  const fields = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJsonValue(field)]));
  return TAG in fields ? { [TAG]: "object", value: fields } : fields;
}

const ARRAYS: ReadonlyMap<unknown, { from(values: number[]): unknown }> = new Map<
  unknown,
  { from(values: number[]): unknown }
>(
  [
    Int8Array,
    Int16Array,
    Int32Array,
    Uint8Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ].map((type) => [type.name, type]),
);

/** The value that `toJsonValue` wrote. */
export function fromJsonValue(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(fromJsonValue);
  const fields = json as Readonly<Record<string, unknown>>;
  const { value } = fields;
  switch (fields[TAG]) {
    case undefined:
      return mapFields(fields);
    case "object":
      return mapFields(value as Readonly<Record<string, unknown>>);
    case "number":
      return Number(value);
    case "date":
      return new Date(value as number);
    default:
      return ARRAYS.get(fields[TAG])?.from((value as unknown[]).map(fromJsonValue) as number[]);
  }
}

function mapFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fromJsonValue(field)]));
}

function spell(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
