// From JavaScript's values to Arrow's layout: an encoder per field gathers values, and copies ranges of arrays that are in
// the same layout already without a detour over JavaScript. Values are those that the field's feature holds (infer.ts).
import { inspect } from "node:util";
import { DataError } from "../../support/errors.js";
import { type ArrayData, bytesOfView, isSet, NO_BYTES, widthOf } from "./array.js";
import { type ArrowField, isJsonField, TIME_UNITS, type TimeUnit } from "./types.js";
import { numbersOf } from "./values.js";

/** An array in the making. */
export interface ArrayEncoder {
  readonly field: ArrowField;
  readonly length: number;
  /** Bytes gathered so far, roughly. */
  readonly size: number;
  /** Appends a value; undefined is null. */
  append(value: unknown): void;
  /** Appends values one after another. */
  appendAll(values: ArrayLike<unknown>): void;
  /** Appends values `start` to `end` - 1 of an array in the same layout. */
  appendRange(array: ArrayData, start: number, end: number): void;
  /** The array; the encoder is empty afterwards. */
  finish(): ArrayData;
}

/** An encoder of the field's values. */
export function encoderOf(field: ArrowField): ArrayEncoder {
  const { type } = field;
  switch (type.kind) {
    case "null":
      return new NullEncoder(field);
    case "bool":
      return new BoolEncoder(field);
    case "utf8":
    case "binary":
      if (type.form === "view") return new ViewEncoder(field);
      return isJsonField(field) ? new JsonEncoder(field) : new VariableEncoder(field);
    case "list":
      return new ListEncoder(field);
    case "fixedList":
      return new FixedListEncoder(field, type.size);
    case "struct":
      return new StructEncoder(field);
    default:
      return new FixedEncoder(field);
  }
}

/** Bytes that grow. */
class GrowingBytes {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `more` bytes behind those that are there. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  push(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what is there, no longer than that; the buffer is empty afterwards and keeps its room. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}

/** The bitmap of nulls, which exists from the first null on. */
class Validity {
  #bits: Uint8Array | undefined;
  #length = 0;
  nullCount = 0;

  get length(): number {
    return this.#length;
  }

  push(isValid: boolean): void {
    if (!isValid) {
      this.nullCount++;
      this.#bits ??= new Uint8Array(64).fill(0xff);
      this.#grow((this.#length >> 3) + 1);
      this.#bits[this.#length >> 3] &= ~(1 << (this.#length & 7));
    }
    this.#length++;
  }

  pushRange({ validity }: ArrayData, start: number, end: number): void {
    if (validity === undefined) this.pushValid(end - start);
    else for (let i = start; i < end; i++) this.push(isSet(validity, i));
  }

  pushValid(count: number): void {
    this.#length += count;
  }

  take(): { length: number; nullCount: number; validity: Uint8Array | undefined } {
    const bytes = (this.#length + 7) >> 3;
    this.#grow(bytes);
    const taken = { length: this.#length, nullCount: this.nullCount, validity: this.#bits?.slice(0, bytes) };
    this.#bits = undefined;
    this.#length = 0;
    this.nullCount = 0;
    return taken;
  }

  /** Room for `bytes` bytes; values without a null among them need none, so bits lag behind and are filled up here. */
  #grow(bytes: number): void {
    const bits = this.#bits;
    if (bits === undefined || bits.length >= bytes) return;
    const grown = new Uint8Array(Math.max(bytes, 2 * bits.length)).fill(0xff);
    grown.set(bits);
    this.#bits = grown;
  }
}

abstract class Encoder implements ArrayEncoder {
  readonly field: ArrowField;
  protected readonly validity = new Validity();

  constructor(field: ArrowField) {
    this.field = field;
  }

  get length(): number {
    return this.validity.length;
  }

  abstract get size(): number;

  append(value: unknown): void {
    const isValid = value !== null && value !== undefined;
    this.put(isValid ? value : undefined);
    this.validity.push(isValid);
  }

  appendAll(values: ArrayLike<unknown>): void {
    for (let i = 0; i < values.length; i++) this.append(values[i]);
  }

  appendRange(array: ArrayData, start: number, end: number): void {
    this.copy(array, start, end);
    this.validity.pushRange(array, start, end);
  }

  finish(): ArrayData {
    const parts = this.take();
    return {
      field: this.field,
      offsets: undefined,
      values: NO_BYTES,
      data: [],
      children: [],
      ...parts,
      ...this.validity.take(),
    };
  }

  /** Stores a value, or what stands in the place of null where it is undefined. */
  protected abstract put(value: unknown): void;
  protected abstract copy(array: ArrayData, start: number, end: number): void;
  protected abstract take(): Partial<ArrayData>;
}

class NullEncoder extends Encoder {
  readonly size = 0;
  protected put(): void {}
  protected copy(): void {}

  protected take(): Partial<ArrayData> {
    return {};
  }

  override finish(): ArrayData {
    const array = super.finish();
    return { ...array, nullCount: array.length, validity: undefined };
  }
}

class BoolEncoder extends Encoder {
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

class FixedEncoder extends Encoder {
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
      return (value, i) => storeDecimal(bytes, type.bits / 8, i, value as number, type.scale);
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

function storeDecimal(bytes: Uint8Array, width: number, i: number, value: number, scale: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let rest = decimalDigits(value, scale);
  for (let at = i * width; at < (i + 1) * width; at += 8) {
    view.setBigInt64(at, BigInt.asIntN(64, rest), true);
    rest >>= 64n;
  }
}

/** `value` times 10 to the power of `scale`, rounded, without passing through a product that is inexact. */
function decimalDigits(value: number, scale: number): bigint {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (whole === undefined) throw new RangeError(`${value} is not a decimal`);
  const digits = BigInt(whole + fraction);
  const shift = scale + Number(exponent) - fraction.length;
  const divisor = 10n ** BigInt(Math.max(0, -shift));
  const scaled = (digits * 10n ** BigInt(Math.max(0, shift)) * 2n + divisor) / (2n * divisor);
  return sign === "-" ? -scaled : scaled;
}

/** The 16 bits of the float16 that is nearest to a number, ties to even. */
export function toFloat16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  const step = 2 ** (exponent - 10);
  const steps = roundToEven(size / step); // 1024 to 2048, below 1024 for subnormal numbers
  return sign | ((exponent + 14) * 1024 + steps);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Where each value ends; the first begins at 0. */
class Offsets {
  #ends = new Int32Array(64);
  #count = 1;

  get size(): number {
    return 4 * this.#count;
  }

  push(end: number): void {
    if (end > 0x7fffffff) {
      throw new RangeError("one batch of rows holds more than 2 GiB in a column: write fewer rows a batch");
    }
    if (this.#count === this.#ends.length) {
      const grown = new Int32Array(2 * this.#count);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ends[this.#count++] = end;
  }

  take(): Int32Array {
    const taken = this.#ends.slice(0, this.#count);
    this.#count = 1;
    return taken;
  }
}

/** Copies offsets so that they go on from `from`. */
function pushOffsets(into: Offsets, offsets: Int32Array, start: number, end: number, from: number): void {
  const shift = from - offsets[start];
  for (let i = start + 1; i <= end; i++) into.push(offsets[i] + shift);
}

/** Bytes as they are. Throws DataError for what is neither text nor bytes. */
function checkedBytes({ name, type }: ArrowField, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const wanted = type.kind === "utf8" ? "text" : "bytes";
  throw new DataError(
    `"${name}" is given ${inspect(value, { depth: 0, breakLength: Infinity })}, where ${wanted} is needed`,
  );
}

export class VariableEncoder extends Encoder {
  readonly #offsets = new Offsets();
  readonly #bytes = new GrowingBytes(1024);
  #text = Buffer.from(this.#bytes.bytes.buffer);

  get size(): number {
    return this.#offsets.size + this.#bytes.length;
  }

  protected put(value: unknown): void {
    if (typeof value === "string") this.#putText(value);
    else if (value !== undefined) this.#bytes.push(checkedBytes(this.field, value));
    this.#offsets.push(this.#bytes.length);
  }

  /** Appends the value that stands in `bytes` from `start` to `end` - 1: text in UTF-8, where the field is of text. */
  appendSpan(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes.reserve(end - start);
    const into = this.#bytes.bytes;
    const to = this.#bytes.length;
    if (end - start > 64) into.set(bytes.subarray(start, end), to);
    else for (let i = start, at = to; i < end; i++, at++) into[at] = bytes[i]; // a view of a few bytes costs more
    this.#bytes.length = to + end - start;
    this.#offsets.push(this.#bytes.length);
    this.validity.push(true);
  }

  #putText(text: string): void {
    const most = 3 * text.length; // bytes of UTF-8 for a unit of UTF-16
    this.#bytes.reserve(most > 1 << 16 ? Buffer.byteLength(text) : most);
    if (this.#text.buffer !== this.#bytes.bytes.buffer) this.#text = Buffer.from(this.#bytes.bytes.buffer);
    this.#bytes.length += this.#text.write(text, this.#bytes.length, "utf8");
  }

  protected copy({ offsets, values }: ArrayData, start: number, end: number): void {
    if (offsets === undefined) return;
    pushOffsets(this.#offsets, offsets, start, end, this.#bytes.length);
    this.#bytes.push(values.subarray(offsets[start], offsets[end]));
  }

  protected take(): Partial<ArrayData> {
    return { offsets: this.#offsets.take(), values: this.#bytes.take() };
  }
}

/** JSON as text: values are written as such, bytes are text already. */
class JsonEncoder extends VariableEncoder {
  protected override put(value: unknown): void {
    super.put(value === undefined || value instanceof Uint8Array ? value : JSON.stringify(value));
  }
}

/** Views: values of up to 12 bytes stand in the view itself, others in one buffer of data. */
class ViewEncoder extends Encoder {
  readonly #views = new GrowingBytes(1024);
  readonly #data = new GrowingBytes(1024);

  get size(): number {
    return this.#views.length + this.#data.length;
  }

  protected put(value: unknown): void {
    if (value === undefined) this.#putBytes(NO_BYTES);
    else this.#putBytes(typeof value === "string" ? new TextEncoder().encode(value) : checkedBytes(this.field, value));
  }

  #putBytes(bytes: Uint8Array): void {
    const view = new Uint8Array(16);
    const words = new Int32Array(view.buffer);
    words[0] = bytes.length;
    view.set(bytes.subarray(0, bytes.length <= 12 ? 12 : 4), 4);
    if (bytes.length > 12) {
      words[3] = this.#data.length;
      this.#data.push(bytes);
    }
    this.#views.push(view);
  }

  protected copy({ values, data, validity }: ArrayData, start: number, end: number): void {
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    for (let i = start; i < end; i++) {
      const isValid = validity === undefined || isSet(validity, i);
      this.#putBytes((isValid ? bytesOfView(view, data, i) : undefined) ?? NO_BYTES);
    }
  }

  protected take(): Partial<ArrayData> {
    return { values: this.#views.take(), data: this.#data.length > 0 ? [this.#data.take()] : [] };
  }
}

class ListEncoder extends Encoder {
  readonly #offsets = new Offsets();
  readonly #child: ArrayEncoder;

  constructor(field: ArrowField) {
    super(field);
    this.#child = encoderOf(field.children[0]);
  }

  get size(): number {
    return this.#offsets.size + this.#child.size;
  }

  protected put(value: unknown): void {
    if (value !== undefined) this.#child.appendAll(value as ArrayLike<unknown>);
    this.#offsets.push(this.#child.length);
  }

  /** Typed arrays that stand in memory one behind the other, as the rows of a tokenizer's call do, are copied at once. */
  override appendAll(values: ArrayLike<unknown>): void {
    const child = this.#child;
    if (!(child instanceof FixedEncoder)) {
      super.appendAll(values);
      return;
    }
    for (let i = 0; i < values.length; ) {
      const first = values[i];
      if (!child.takesBytesOf(first)) {
        this.append(first);
        i++;
        continue;
      }
      const { buffer, byteOffset } = first;
      let bytes = 0;
      for (; i < values.length; i++) {
        const list = values[i];
        if (!child.takesBytesOf(list) || list.buffer !== buffer || list.byteOffset !== byteOffset + bytes) break;
        bytes += list.byteLength;
        this.#offsets.push(child.length + bytes / child.width);
        this.validity.push(true);
      }
      child.appendBytes(buffer, byteOffset, bytes);
    }
  }

  protected copy({ offsets, children }: ArrayData, start: number, end: number): void {
    if (offsets === undefined) return;
    pushOffsets(this.#offsets, offsets, start, end, this.#child.length);
    this.#child.appendRange(children[0], offsets[start], offsets[end]);
  }

  protected take(): Partial<ArrayData> {
    return { offsets: this.#offsets.take(), children: [this.#child.finish()] };
  }
}

class FixedListEncoder extends Encoder {
  readonly #size: number;
  readonly #child: ArrayEncoder;

  constructor(field: ArrowField, size: number) {
    super(field);
    this.#size = size;
    this.#child = encoderOf(field.children[0]);
  }

  get size(): number {
    return this.#child.size;
  }

  protected put(value: unknown): void {
    this.#child.appendAll((value as ArrayLike<unknown> | undefined) ?? new Array<undefined>(this.#size));
  }

  protected copy({ children }: ArrayData, start: number, end: number): void {
    this.#child.appendRange(children[0], start * this.#size, end * this.#size);
  }

  protected take(): Partial<ArrayData> {
    return { children: [this.#child.finish()] };
  }
}

class StructEncoder extends Encoder {
  readonly #fields: readonly (readonly [string, ArrayEncoder])[];

  constructor(field: ArrowField) {
    super(field);
    this.#fields = field.children.map((child) => [child.name, encoderOf(child)]);
  }

  get size(): number {
    return this.#fields.reduce((sum, [, encoder]) => sum + encoder.size, 0);
  }

  protected put(value: unknown): void {
    const struct = (value ?? {}) as Readonly<Record<string, unknown>>;
    for (const [name, encoder] of this.#fields) encoder.append(struct[name]);
  }

  protected copy({ children }: ArrayData, start: number, end: number): void {
    for (const [i, [, encoder]] of this.#fields.entries()) encoder.appendRange(children[i], start, end);
  }

  protected take(): Partial<ArrayData> {
    return { children: this.#fields.map(([, encoder]) => encoder.finish()) };
  }
}
