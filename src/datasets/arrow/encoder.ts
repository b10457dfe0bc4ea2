// From JavaScript's values to Arrow's layout: an encoder per field gathers values, and copies ranges of arrays that are in
// the same layout already without a detour over JavaScript. Values are those that the field's feature holds (infer.ts).
// Here is which encoder a field has, and those that have others within them.
import type { ArrayData } from "./array.js";
import { type ArrayEncoder, Encoder } from "./encoder-base.js";
import { BoolEncoder, FixedEncoder } from "./fixed-encoder.js";
import { Offsets, pushOffsets } from "./growing.js";
import { type ArrowField, isJsonField } from "./types.js";
import { JsonEncoder, VariableEncoder, ViewEncoder } from "./variable-encoder.js";

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
