// Protobuf's wire format, as far as writing events needs it: a key (field << 3 | type), then a varint (0), eight bytes (1),
// a length and bytes (2), or four bytes (5).

function key(field: number, type: number): Uint8Array {
  return number((field << 3) | type);
}

function number(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

export function varint(field: number, value: number): Uint8Array {
  return Buffer.concat([key(field, 0), number(value)]);
}

export function double(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), bytes]);
}

export function float(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, 5), bytes]);
}

export function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([key(field, 2), number(content.length), content]);
}

export function text(field: number, value: string): Uint8Array {
  return message(field, [Buffer.from(value)]);
}

/** Packed doubles. */
export function doubles(field: number, values: Iterable<number>): Uint8Array {
  const array = Float64Array.from(values);
  const bytes = Buffer.alloc(8 * array.length);
  for (const [i, value] of array.entries()) bytes.writeDoubleLE(value, 8 * i);
  return Buffer.concat([key(field, 2), number(bytes.length), bytes]);
}
