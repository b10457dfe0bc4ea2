// Gradients: dense tensors, or, for tables of which a step touches few rows, those rows. And the slot that collects the
// gradient of a leaf, with a factor (clipping) that is applied when somebody looks or by the optimizer's own pass.
import { ShapeError } from "../support/errors.js";
import { zeros } from "./create.js";
import { tidy } from "./scope.js";
import { formatShape, sizeOf } from "./shape.js";
import { Storage } from "./storage.js";
import { Tensor } from "./tensor.js";

/** A gradient of a [tableRows, width] table: row index[i] holds values[i], all others are zero. */
export class RowsGradient {
  /** Ascending, without repeats; int32 [rows], known to the host. */
  readonly index: Tensor;
  /** [rows, width] */
  readonly values: Tensor;
  readonly tableRows: number;

  constructor(index: Tensor, values: Tensor, tableRows: number) {
    this.index = index;
    this.values = values;
    this.tableRows = tableRows;
  }

  get width(): number {
    return this.values.shape[1];
  }

  toDense(): Tensor {
    const dense = zeros([this.tableRows, this.width], "float32", this.values.backend);
    this.addTo(dense);
    return dense;
  }

  /** Adds the rows to a dense gradient in place. */
  addTo(dense: Tensor): void {
    dense.backend.kernels.scatterAddRows(this.values, this.index, dense, this.tableRows, this.index.size, this.width);
    dense.markChanged();
  }

  /** The sum of two: the union of their rows. */
  plus(other: RowsGradient): RowsGradient {
    return tidy(() => {
      const mine = rowsOf(this);
      const theirs = rowsOf(other);
      const union = Int32Array.from(new Set([...mine, ...theirs])).sort();
      const place = new Map<number, number>();
      union.forEach((row, i) => {
        place.set(row, i);
      });
      const backend = this.values.backend;
      const values = zeros([union.length, this.width], "float32", backend);
      for (const [gradient, rows] of [
        [this, mine],
        [other, theirs],
      ] as const) {
        const at = upload(
          backend,
          rows.map((row) => place.get(row) ?? 0),
        );
        backend.kernels.scatterAddRows(gradient.values, at, values, union.length, rows.length, this.width);
      }
      return new RowsGradient(upload(backend, union), values, this.tableRows);
    });
  }

  /** Handles of its own on the same memory, ended by whoever asked. */
  hold(): RowsGradient {
    return new RowsGradient(this.index.hold(), this.values.hold(), this.tableRows);
  }

  dispose(): void {
    this.index.dispose();
    this.values.dispose();
  }
}

function rowsOf(gradient: RowsGradient): Int32Array {
  const host = gradient.index.host;
  if (!host) throw new ShapeError("the rows of a sparse gradient must be known to the host");
  return host;
}

function upload(backend: Tensor["backend"], values: Int32Array): Tensor {
  const index = new Tensor(new Storage(backend, "int32", values.length), [values.length], { host: values });
  backend.write(index, values);
  return index;
}

export type Gradient = Tensor | RowsGradient;

/** Memory of `gradient` that nobody else holds, so that it may be added to in place. */
function isOwn(gradient: Tensor): boolean {
  return gradient.storage.references === 1;
}

/** held + extra, in place where that harms nobody. Takes over `held` and gives back a held gradient. */
export function accumulate(held: Gradient, extra: Gradient): Gradient {
  if (held === extra) return held;
  return tidy(() => {
    let sum: Gradient;
    if (held instanceof RowsGradient && extra instanceof RowsGradient) {
      sum = held.plus(extra).hold();
    } else if (held instanceof RowsGradient) {
      // extra is dense: somebody else may read it later, so add onto a copy
      const dense = copyOf(extra as Tensor);
      held.addTo(dense);
      sum = dense.hold();
    } else if (extra instanceof RowsGradient) {
      const dense = isOwn(held) ? held : copyOf(held).hold();
      extra.addTo(dense);
      if (dense === held) return held;
      sum = dense;
    } else if (isOwn(held)) {
      addInto(held, extra, held);
      return held;
    } else {
      const out = new Tensor(new Storage(held.backend, "float32", held.size), held.shape);
      addInto(held, extra, out);
      sum = out.hold();
    }
    held.dispose();
    return sum;
  });
}

function addInto(a: Tensor, b: Tensor, out: Tensor): void {
  if (a.size !== b.size) {
    throw new ShapeError(`gradients of shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} cannot be added`);
  }
  a.backend.kernels.binary("add", a, [1], b, [1], out, [a.size]);
}

function copyOf(tensor: Tensor): Tensor {
  const copy = new Tensor(new Storage(tensor.backend, "float32", sizeOf(tensor.shape)), tensor.shape);
  tensor.backend.kernels.copy(tensor, [1], copy, [1], [tensor.size]);
  return copy;
}

/** What a slot holds, apart from it so that it can be let go of when the slot is gone. */
interface Held {
  value: Gradient | undefined;
  /** A factor [1] on the device that the value still has to be multiplied by. */
  scale: Tensor | undefined;
  /** The value where somebody asked for it, who may need it longer than the leaf is there. */
  lent: Tensor | undefined;
}

const finalizer = new FinalizationRegistry<Held>(({ value, scale, lent }) => {
  scale?.dispose();
  if (value !== lent) value?.dispose();
});

/** Collects the gradient of one leaf. */
export class GradientSlot {
  readonly #held: Held = { value: undefined, scale: undefined, lent: undefined };

  constructor() {
    finalizer.register(this, this.#held);
  }

  /** What the optimizer sees: the value as it is; `scale` is the factor that it has to apply. */
  get value(): Gradient | undefined {
    return this.#held.value;
  }

  get scale(): Tensor | undefined {
    return this.#held.scale;
  }

  /** The value where a kernel may add to it in place as it is. */
  get accumulator(): Tensor | undefined {
    const { value, scale } = this.#held;
    return scale || value instanceof RowsGradient ? undefined : value;
  }

  add(gradient: Gradient): void {
    const held = this.#held;
    if (gradient === held.value) return; // was added to in place
    this.settle();
    held.value = held.value ? accumulate(held.value, gradient) : gradient.hold();
  }

  /** Multiplies the value by a device scalar, later: when somebody reads it, or in the optimizer's own pass. */
  scaleBy(factor: Tensor): void {
    this.settle();
    if (this.#held.value) this.#held.scale = factor.hold();
  }

  /** The value as a dense tensor that the caller shares; undefined if there is none. */
  read(): Tensor | undefined {
    this.settle();
    const held = this.#held;
    if (held.value instanceof RowsGradient) {
      const rows = held.value;
      held.value = tidy(() => rows.toDense().hold());
      rows.dispose();
    }
    held.value?.registerFinalizer();
    held.lent = held.value;
    return held.value;
  }

  clear(): void {
    const held = this.#held;
    held.value?.dispose();
    held.scale?.dispose();
    held.value = held.scale = held.lent = undefined;
  }

  /** Applies the factor now. */
  settle(): void {
    const { value, scale } = this.#held;
    if (!value || !scale) return;
    const tensor = value instanceof RowsGradient ? value.values : value;
    tensor.backend.kernels.scale([{ view: tensor, length: tensor.size }], scale);
    tensor.markChanged();
    scale.dispose();
    this.#held.scale = undefined;
  }
}
