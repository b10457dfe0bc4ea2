// Encoders of text and bytes of any length: behind offsets, or as views.
import { inspect } from "node:util";
import { DataError } from "../../support/errors.js";
import { type ArrayData, bytesOfView, isSet, NO_BYTES } from "./array.js";
import { Encoder } from "./encoder-base.js";
import { GrowingBytes, Offsets, pushOffsets } from "./growing.js";
import type { ArrowField } from "./types.js";

/** Bytes as they are. Throws DataError for what is neither text nor bytes. */
function checkedBytes({ name, type }: ArrowField, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const wanted = type.kind === "utf8" ? "text" : "bytes";
  throw new DataError(
    `"${name}" is given ${inspect(value, { depth: 0, breakLength: Infinity })}, where ${wanted} is needed`,
  );
}

/** Text or bytes one behind the other. */
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
export class JsonEncoder extends VariableEncoder {
  protected override put(value: unknown): void {
    super.put(value === undefined || value instanceof Uint8Array ? value : JSON.stringify(value));
  }
}

/** Views: values of up to 12 bytes stand in the view itself, others in one buffer of data. */
export class ViewEncoder extends Encoder {
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
