// Reads TensorBoard's event files on its own: shares nothing with what writes them. Checked against a file of
// TensorBoard's own writer.

export interface EventValue {
  readonly tag: string;
  readonly step: number;
  readonly scalar?: number;
  readonly text?: string;
  readonly plugin?: string;
  readonly histogram?: {
    readonly min: number;
    readonly max: number;
    readonly num: number;
    readonly sum: number;
    readonly sumSquares: number;
    readonly limits: readonly number[];
    readonly buckets: readonly number[];
  };
}

/** A field's values in the order of the message: numbers of varints, bytes of all else. */
type Fields = Map<number, (number | Buffer)[]>;

/** @throws where a length or checksum is wrong */
export function readEvents(bytes: Buffer): { version: string; times: number[]; values: EventValue[] } {
  const events: Fields[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    check(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8), `length at ${at}`);
    const data = bytes.subarray(at + 12, at + 12 + length);
    check(data, bytes.readUInt32LE(at + 12 + length), `record at ${at}`);
    events.push(fieldsOf(data));
    at += 16 + length;
  }
  const values = events.flatMap((event) =>
    (event.get(5) ?? []).flatMap((summary) =>
      (fieldsOf(buffer(summary)).get(1) ?? []).map((value) =>
        eventValue(fieldsOf(buffer(value)), number(event.get(2)?.[0] ?? 0)),
      ),
    ),
  );
  return {
    version: String(events[0].get(3)?.[0] ?? ""),
    times: events.map((event) => buffer(event.get(1)?.[0] ?? 0).readDoubleLE()),
    values,
  };
}

function eventValue(fields: Fields, step: number): EventValue {
  const one = (field: number) => fields.get(field)?.[0];
  const [scalar, tensor, metadata, histogram] = [one(2), one(8), one(9), one(5)];
  return {
    tag: String(one(1)),
    step,
    ...(scalar === undefined ? {} : { scalar: buffer(scalar).readFloatLE() }),
    ...(tensor === undefined ? {} : { text: String(fieldsOf(buffer(tensor)).get(8)?.[0]) }),
    ...(metadata === undefined
      ? {}
      : { plugin: String(fieldsOf(buffer(fieldsOf(buffer(metadata)).get(1)?.[0] ?? 0)).get(1)?.[0]) }),
    ...(histogram === undefined ? {} : { histogram: histogramOf(fieldsOf(buffer(histogram))) }),
  };
}

function histogramOf(fields: Fields): NonNullable<EventValue["histogram"]> {
  const one = (field: number) => {
    const [value] = fields.get(field) ?? [];
    return value === undefined ? 0 : buffer(value).readDoubleLE(); // proto3 leaves zeros out
  };
  const list = (field: number) => {
    const packed = buffer(fields.get(field)?.[0] ?? 0);
    return Array.from({ length: packed.length / 8 }, (_, i) => packed.readDoubleLE(8 * i));
  };
  return { min: one(1), max: one(2), num: one(3), sum: one(4), sumSquares: one(5), limits: list(6), buckets: list(7) };
}

function fieldsOf(data: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = data[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const [field, type] = [key >>> 3, key & 7];
    let value: number | Buffer;
    if (type === 0) value = varint();
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : type === 2 ? varint() : Number.NaN;
      if (!(at + length <= data.length)) throw new Error(`field ${field} of type ${type} ends beyond its message`);
      value = data.subarray(at, at + length);
      at += length;
    }
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

function buffer(value: number | Buffer): Buffer {
  if (typeof value === "number") throw new Error(`a varint ${value} where bytes were expected`);
  return value;
}

function number(value: number | Buffer): number {
  if (typeof value !== "number") throw new Error("bytes where a varint was expected");
  return value;
}

function check(data: Buffer, expected: number, what: string): void {
  const crc = crc32c(data);
  const found = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  if (found !== expected) throw new Error(`the checksum of the ${what} is wrong`);
}

/** Castagnoli's, bit by bit, by its definition. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
