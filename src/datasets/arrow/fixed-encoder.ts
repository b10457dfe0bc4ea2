// Encoders of values of one width: booleans, numbers, decimals, dates and times, bytes of a fixed length.
import { DataError } from "../../support/errors.js";
import { type ArrayData, isSet, NO_BYTES, widthOf } from "./array.js";
import { type DecimalType, isWithin, unscaledOf } from "./decimals.js";
import { Encoder } from "./encoder-base.js";
import { toFloat16 } from "./float16.js";
import { GrowingBytes } from "./growing.js";
import { type ArrowField, dtypeName, TIME_UNITS, type TimeUnit } from "./types.js";
import { numbersOf } from "./values.js";

/** Booleans, a bit each. */
export class BoolEncoder extends Encoder {
  readonly #bits = new GrowingBytes();

  get size(): number {
    return this.#bits.length;
  }

  protected put(value: unknown): void {
    this.#push(value === true, this.length);
  }

  protected copy({ values }: ArrayData, start: number, end: number): void {
    for (let i = start; i < end; i++) this.#push(isSet(values, i), this.length + i - start);
  }

  #push(bit: boolean, at: number): void {
    if ((at & 7) === 0) {
      this.#bits.reserve(1);
      this.#bits.bytes[this.#bits.length++] = 0;
    }
    if (bit) this.#bits.bytes[at >> 3] |= 1 << (at & 7);
  }

  protected take(): Partial<ArrayData> {
    return { values: this.#bits.take() };
  }
}

/** Stores a value at its index; views of the buffer's bytes are made anew when it grows. */
type Store = (value: unknown, i: number) => void;

/** Values of whole bytes. */
export class FixedEncoder extends Encoder {
  /** Bytes of a value. */
  readonly width: number;
  readonly #values: GrowingBytes;
  /** The class of typed arrays whose elements are laid out as the values: told at once, others by their name. */
  readonly #arrayType: unknown;
  #store: Store;

  constructor(field: ArrowField) {
    super(field);
    this.width = widthOf(field) ?? 0;
    this.#arrayType = numbersOf({ field, values: NO_BYTES } as ArrayData)?.constructor;
    this.#values = new GrowingBytes(64 * this.width);
    this.#store = storeOf(field, this.#values.bytes);
  }

  get size(): number {
    return this.#values.length;
  }

  protected put(value: unknown): void {
    this.#reserve(1);
    if (value !== undefined) this.#store(value, this.#values.length / this.width);
    else this.#values.bytes.fill(0, this.#values.length, this.#values.length + this.width);
    this.#values.length += this.width;
  }

  protected copy({ values }: ArrayData, start: number, end: number): void {
    this.#reserve(end - start);
    this.#values.push(values.subarray(start * this.width, end * this.width));
  }

  override appendAll(values: ArrayLike<unknown>): void {
    this.#reserve(values.length);
    if (this.takesBytesOf(values)) this.appendBytes(values.buffer, values.byteOffset, values.byteLength);
    else super.appendAll(values);
  }

  /** True of a typed array whose elements are laid out as the field's values. */
  takesBytesOf(values: unknown): values is ArrayBufferView {
    return ArrayBuffer.isView(values) && (values.constructor === this.#arrayType || isArrayOf(this.field, values));
  }

  /** Appends values that are laid out already. */
  appendBytes(buffer: ArrayBufferLike, start: number, bytes: number): void {
    this.#reserve(bytes / this.width);
    this.#values.push(new Uint8Array(buffer, start, bytes));
    this.validity.pushValid(bytes / this.width);
  }

  #reserve(count: number): void {
    const { bytes } = this.#values;
    this.#values.reserve(count * this.width);
    if (this.#values.bytes !== bytes) this.#store = storeOf(this.field, this.#values.bytes);
  }

  protected take(): Partial<ArrayData> {
    return { values: this.#values.take() };
  }
}

/** True where the elements of the typed array are laid out as the field's values. */
function isArrayOf({ type }: ArrowField, elements: ArrayBufferView): boolean {
  if (type.kind === "int") {
    const name = `${type.signed ? "Int" : "Uint"}${type.bits}Array`;
    const found = elements.constructor.name;
    return found === name || (name === "Uint8Array" && elements instanceof Uint8Array);
  }
  return type.kind === "float" && elements.constructor.name === `Float${type.bits}Array`;
}

/** What stores values of a field of fixed width into `bytes`. */
function storeOf(field: ArrowField, bytes: Uint8Array): Store {
  const { type } = field;
  const numbers = numbersOf({ field, values: bytes } as ArrayData);
  if (numbers !== undefined) {
    return (value, i) => {
      numbers[i] = value as number;
    };
  }
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  switch (type.kind) {
    case "float": {
      const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
      return (value, i) => {
        halves[i] = toFloat16(value as number);
      };
    }
    case "decimal":
      return (value, i) => storeDecimal(bytes, i, value as number | bigint, field, type);
    case "date":
      if (type.bits === 64) return (value, i) => storeInteger(words, i, ticksOf(value, "ms"));
      return (value, i) => {
        words[i] = value instanceof Date ? Math.floor(value.getTime() / 86_400_000) : (value as number);
      };
    case "time":
      if (type.bits === 64) return (value, i) => storeInteger(words, i, value as number);
      return (value, i) => {
        words[i] = value as number;
      };
    case "timestamp":
      return (value, i) => storeInteger(words, i, ticksOf(value, type.unit));
    case "fixedBinary":
      return (value, i) => bytes.set(value as Uint8Array, i * type.bytes);
    default:
      return (value, i) => storeInteger(words, i, value as number | bigint);
  }
}

function storeInteger(words: Int32Array, i: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    words[2 * i] = Number(BigInt.asIntN(32, value));
    words[2 * i + 1] = Number(BigInt.asIntN(32, value >> 32n));
    return;
  }
  const high = Math.floor(value / 2 ** 32);
  words[2 * i] = value - high * 2 ** 32;
  words[2 * i + 1] = high;
}

/** A Date, or a number that counts the unit already, in the unit. */
function ticksOf(value: unknown, unit: TimeUnit): number | bigint {
  if (!(value instanceof Date)) return value as number;
  const milliseconds = value.getTime();
  if (unit === "s") return Math.floor(milliseconds / 1000);
  return unit === "ms" ? milliseconds : BigInt(milliseconds) * BigInt(1000 ** (TIME_UNITS.indexOf(unit) - 1));
}

/** A bigint is the integer without its scale; a number has to be exact. */
function storeDecimal(
  bytes: Uint8Array,
  i: number,
  value: number | bigint,
  field: ArrowField,
  type: DecimalType,
): void {
  const width = type.bits / 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let rest = typeof value === "bigint" && isWithin(value, type.precision) ? value : undefined;
  if (typeof value === "number") rest = unscaledOf(value, type);
  if (rest === undefined) {
    throw new DataError(`"${field.name}" is given ${value}, which ${dtypeName(type)} does not hold exactly: round it`);
  }
  for (let at = i * width; at < (i + 1) * width; at += 8) {
    view.setBigInt64(at, BigInt.asIntN(64, rest), true);
    rest >>= 64n;
  }
}
