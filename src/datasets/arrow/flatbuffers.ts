// The part of FlatBuffers that Arrow's messages are written in: tables, vectors, strings, structs. Reading checks every
// bound (a damaged file is an error, never a wild read); writing builds back to front, as the format's own libraries do.
// Layout: https://flatbuffers.dev/internals

/** A table inside a message's bytes: fields by their position in the schema, absent ones with the default given. */
export class TableReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableLength: number;

  /** Throws RangeError where `at`, or what stands there, points outside of `bytes`. */
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#vtable = at - this.#view.getInt32(at, true);
    this.#vtableLength = this.#view.getUint16(this.#vtable, true);
  }

  /** The table that a message's bytes begin with a pointer to. */
  static root(bytes: Uint8Array): TableReader {
    return new TableReader(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true));
  }

  bool(field: number, absent = false): boolean {
    const at = this.#find(field);
    return at === 0 ? absent : this.#view.getUint8(at) !== 0;
  }

  uint8(field: number, absent = 0): number {
    const at = this.#find(field);
    return at === 0 ? absent : this.#view.getUint8(at);
  }

  int16(field: number, absent = 0): number {
    const at = this.#find(field);
    return at === 0 ? absent : this.#view.getInt16(at, true);
  }

  int32(field: number, absent = 0): number {
    const at = this.#find(field);
    return at === 0 ? absent : this.#view.getInt32(at, true);
  }

  /** A 64-bit length or offset. Throws RangeError where it is negative or beyond what a number holds exactly. */
  size(field: number): number {
    const at = this.#find(field);
    return at === 0 ? 0 : readSize(this.#view, at);
  }

  string(field: number): string | undefined {
    const at = this.#pointer(field);
    if (at === 0) return undefined;
    const start = at + 4;
    return new TextDecoder().decode(this.#slice(start, this.#view.getUint32(at, true)));
  }

  table(field: number): TableReader | undefined {
    const at = this.#pointer(field);
    return at === 0 ? undefined : new TableReader(this.#bytes, at);
  }

  tables(field: number): TableReader[] {
    const { start, length } = this.#vector(field, 4);
    return Array.from({ length }, (_, i) => {
      const at = start + 4 * i;
      return new TableReader(this.#bytes, at + this.#view.getUint32(at, true));
    });
  }

  /** A vector of structs, or numbers, that are made of 64-bit sizes: `width` of them each, one after another. */
  sizes(field: number, width = 1): Float64Array {
    const { start, length } = this.#vector(field, 8 * width);
    return Float64Array.from({ length: length * width }, (_, i) => readSize(this.#view, start + 8 * i));
  }

  /** A vector of structs of `bytes` bytes each, for structs that are not all of sizes. */
  structs(field: number, bytes: number): DataView[] {
    const { start, length } = this.#vector(field, bytes);
    return Array.from({ length }, (_, i) => {
      return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start + bytes * i, bytes);
    });
  }

  /** Where the field's value stands; 0 where it is absent. */
  #find(field: number): number {
    const slot = 4 + 2 * field;
    if (slot >= this.#vtableLength) return 0;
    const offset = this.#view.getUint16(this.#vtable + slot, true);
    return offset === 0 ? 0 : this.#at + offset;
  }

  /** What the field points to; 0 where it is absent. Pointers lead forward only, so following them ends. */
  #pointer(field: number): number {
    const at = this.#find(field);
    if (at === 0) return 0;
    const offset = this.#view.getUint32(at, true);
    if (offset === 0) throw new RangeError("a pointer leads to itself");
    return at + offset;
  }

  #vector(field: number, bytes: number): { start: number; length: number } {
    const at = this.#pointer(field);
    if (at === 0) return { start: 0, length: 0 };
    const start = at + 4;
    const length = this.#view.getUint32(at, true);
    this.#slice(start, length * bytes);
    return { start, length };
  }

  #slice(start: number, length: number): Uint8Array {
    if (start + length > this.#bytes.length) throw new RangeError("a vector leads outside of its message");
    return this.#bytes.subarray(start, start + length);
  }
}

/** A 64-bit signed integer that is a length or an offset. */
export function readSize(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  const size = high * 2 ** 32 + view.getUint32(at, true);
  if (high < 0 || !Number.isSafeInteger(size)) throw new RangeError(`${size} is not a length`);
  return size;
}

/** Where something written stands, counted from the end of the buffer. */
export type Written = number & { readonly written?: never };

/** Writes one message. Children are written before the tables that point to them. */
export class TableBuilder {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes used, at the end of the buffer. */
  #used = 0;
  #fields: number[] = []; // by field: where its value stands, 0 for none
  #tableStart = 0;

  string(text: string): Written {
    const encoded = new TextEncoder().encode(text);
    this.#align(4, encoded.length + 1);
    this.#reserve(encoded.length + 1); // the byte 0 behind it is there already
    this.#bytes.set(encoded, this.#bytes.length - this.#used);
    return this.#length(encoded.length);
  }

  /** A vector of pointers. */
  vector(items: readonly Written[]): Written {
    this.#align(4, 4 * items.length);
    for (const item of items.toReversed()) this.#pointer(item);
    return this.#length(items.length);
  }

  /** A vector of structs, or numbers, of 64-bit sizes: `width` of them each. */
  sizes(values: ArrayLike<number>, width = 1): Written {
    this.#align(8, 8 * values.length);
    for (let i = values.length - 1; i >= 0; i--) this.#size(values[i]);
    return this.#length(values.length / width);
  }

  /** A vector of Arrow's Block structs: offset, length of the metadata, length of the body. */
  blocks(blocks: readonly (readonly [offset: number, metadata: number, body: number])[]): Written {
    this.#align(8, 24 * blocks.length);
    for (const [offset, metadata, body] of blocks.toReversed()) {
      this.#size(body);
      this.#reserve(8);
      this.#view.setInt32(this.#bytes.length - this.#used, metadata, true);
      this.#size(offset);
    }
    return this.#length(blocks.length);
  }

  /** Begins a table; its fields follow, then `end`. */
  start(): this {
    this.#fields = [];
    this.#tableStart = this.#used;
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.uint8(field, value ? 1 : 0);
  }

  uint8(field: number, value: number): this {
    this.#reserve(1);
    this.#view.setUint8(this.#bytes.length - this.#used, value);
    return this.#set(field);
  }

  int16(field: number, value: number): this {
    this.#align(2, 2);
    this.#reserve(2);
    this.#view.setInt16(this.#bytes.length - this.#used, value, true);
    return this.#set(field);
  }

  int32(field: number, value: number): this {
    this.#align(4, 4);
    this.#reserve(4);
    this.#view.setInt32(this.#bytes.length - this.#used, value, true);
    return this.#set(field);
  }

  size(field: number, value: number): this {
    this.#align(8, 8);
    this.#size(value);
    return this.#set(field);
  }

  pointer(field: number, to: Written | undefined): this {
    if (to === undefined) return this;
    this.#align(4, 4);
    this.#pointer(to);
    return this.#set(field);
  }

  /** Ends the table: writes its list of fields in front of it. */
  end(): Written {
    this.#align(4, 4);
    this.#reserve(4);
    const table = this.#used;
    const slots = this.#fields.length;
    this.#reserve(4 + 2 * slots);
    const at = this.#bytes.length - this.#used;
    this.#view.setUint16(at, 4 + 2 * slots, true);
    this.#view.setUint16(at + 2, table - this.#tableStart, true);
    for (let i = 0; i < slots; i++) {
      const field = this.#fields[i] ?? 0;
      this.#view.setUint16(at + 4 + 2 * i, field === 0 ? 0 : table - field, true);
    }
    this.#view.setInt32(this.#bytes.length - table, this.#used - table, true);
    return table;
  }

  /** The whole message, which begins with a pointer to `root`. */
  finish(root: Written): Uint8Array {
    this.#align(8, 4);
    this.#pointer(root);
    return this.#bytes.slice(this.#bytes.length - this.#used);
  }

  #set(field: number): this {
    this.#fields[field] = this.#used;
    return this;
  }

  #length(length: number): Written {
    this.#reserve(4);
    this.#view.setUint32(this.#bytes.length - this.#used, length, true);
    return this.#used;
  }

  #pointer(to: Written): void {
    this.#reserve(4);
    this.#view.setUint32(this.#bytes.length - this.#used, this.#used - to, true);
  }

  #size(value: number): void {
    this.#reserve(8);
    const at = this.#bytes.length - this.#used;
    this.#view.setUint32(at, value % 2 ** 32, true);
    this.#view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  /** Pads so that what stands at the end of the next `bytes` bytes, written to the front, is aligned. */
  #align(to: number, bytes: number): void {
    this.#reserve((to - ((this.#used + bytes) % to)) % to);
  }

  #reserve(bytes: number): void {
    this.#used += bytes;
    if (this.#used <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#used));
    grown.set(this.#bytes, grown.length - this.#bytes.length);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
