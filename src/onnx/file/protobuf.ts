// Writing Protocol Buffers (proto3's wire format): just what ONNX files consist of. A message is a list of parts; what is
// large is a part that is read when it is written, so that a model of any size needs the memory of one tensor.

/** Bytes that are made when they are written; how many there are is known before. */
export interface LazyBytes {
  readonly byteLength: number;
  /** Gives `byteLength` bytes. */
  readonly read: () => Promise<Uint8Array>;
}

type Part = Uint8Array | LazyBytes;

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;
const WIRE_FLOAT = 5;

/** A message in the making. Fields are written in the order of the calls. */
export class Message {
  readonly #parts: Part[] = [];
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** An int32, int64, enum or bool field. */
  integer(field: number, value: number | bigint): this {
    return this.#append(varint((field << 3) | WIRE_VARINT), varint(value));
  }

  /** Packed int64 values: how proto3 writes repeated numbers. */
  integers(field: number, values: readonly number[]): this {
    return this.bytes(field, concatenate(values.map((value) => varint(value))));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#append(varint((field << 3) | WIRE_FLOAT), bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Part): this {
    return this.#append(varint((field << 3) | WIRE_BYTES), varint(value.byteLength), value);
  }

  message(field: number, value: Message): this {
    return this.#append(varint((field << 3) | WIRE_BYTES), varint(value.byteLength), ...value.#parts);
  }

  #append(...parts: Part[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#byteLength += part.byteLength;
    }
    return this;
  }

  /** The message, piece by piece. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    for (const part of this.#parts) yield part instanceof Uint8Array ? part : await readWhole(part);
  }
}

/** Reads lazy bytes. Throws where there are not as many as they said: the lengths before them would be wrong. */
export async function readWhole(part: LazyBytes): Promise<Uint8Array> {
  const bytes = await part.read();
  if (bytes.byteLength !== part.byteLength) {
    throw new RangeError(`${bytes.byteLength} bytes came where ${part.byteLength} were announced`);
  }
  return bytes;
}

/** Seven bits a byte, the lowest first; negative numbers are those of 64 bits in two's complement. */
function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
