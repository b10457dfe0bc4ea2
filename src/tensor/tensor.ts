// A tensor: a handle on row-major, contiguous elements of a storage. Its operations come from ops/, one file each.
import type { Backend, DeviceBuffer, DType, HostArray } from "../backends/kernels.js";
import { LifetimeError, ShapeError } from "../support/errors.js";
import { collectDropped } from "./collect.js";
import type { GradientSlot } from "./gradient.js";
import { type BackwardOptions, backward, type GraphNode, type Kept } from "./graph.js";
import { nextKeys } from "./random.js";
import { adopt } from "./scope.js";
import { formatShape, type Shape, sameShape, sizeOf } from "./shape.js";
import type { Storage } from "./storage.js";

/** What a handle that the garbage collector ended held. */
interface Remains {
  readonly storage: Storage;
  kept: Kept | undefined;
}

const finalizer = new FinalizationRegistry<Remains>(({ storage, kept }) => {
  storage.release();
  kept?.drop();
});

export interface TensorOptions {
  /** Element of the storage where the tensor begins. */
  readonly offset?: number;
  /** For int32 tensors made from host data: their values, so that checks and plans need no read. */
  readonly host?: Int32Array;
  /** Whoever makes it disposes it: no scope ends it, and the garbage collector does not either. Default false. */
  readonly held?: boolean;
}

export class Tensor {
  readonly shape: Shape;
  readonly offset: number;
  /** The values of an int32 tensor made from host data, while nobody changed it in place. Not to be written to. */
  #host: Int32Array | undefined;
  #hostVersion = 0;
  readonly #storage: Storage;
  #disposed = false;
  /** Known to the garbage collector's finalizer. */
  #remains: Remains | undefined;
  /** Set on leaves: gradients are collected for it. */
  #leaf = false;
  #node: GraphNode | undefined;
  /** Collected gradient of a leaf. */
  gradientSlot: GradientSlot | undefined;
  readonly isTensorHandle = true;

  /** Takes over one reference to `storage`. Users make tensors with `tensor()`, `zeros()` and operations. */
  constructor(storage: Storage, shape: Shape, options: TensorOptions = {}) {
    this.#storage = storage;
    this.shape = shape;
    this.offset = options.offset ?? 0;
    if (options.host) {
      this.#host = options.host;
      this.#hostVersion = storage.version;
    }
    if (!options.held) adopt(this);
  }

  get storage(): Storage {
    if (this.#disposed) {
      throw new LifetimeError(
        `a tensor of shape ${formatShape(this.shape)} was used after it was freed; tensors made inside Module.forward end ` +
          "with it unless they are returned (or taken out with keep())",
      );
    }
    return this.#storage;
  }

  get buffer(): DeviceBuffer {
    return this.storage.buffer;
  }

  get backend(): Backend {
    return this.#storage.backend;
  }

  get dtype(): DType {
    return this.#storage.buffer.dtype;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  get host(): Int32Array | undefined {
    return this.#hostVersion === this.storage.version ? this.#host : undefined;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** What computed it, while that is recorded. */
  get node(): GraphNode | undefined {
    return this.#node;
  }

  set node(node: GraphNode | undefined) {
    node?.kept.hold();
    this.#node?.kept.drop();
    this.#node = node;
    if (this.#remains) this.#remains.kept = node?.kept;
  }

  /** True for leaves that collect gradients and for everything computed from them. */
  get requiresGrad(): boolean {
    return this.#leaf || this.#node !== undefined;
  }

  get isLeaf(): boolean {
    return this.#node === undefined;
  }

  /**
   * Turns the collecting of gradients on or off, for a leaf.
   * @throws ShapeError for a dtype without gradients or a tensor that an operation computed.
   */
  setRequiresGrad(value: boolean): this {
    if (this.#node) throw new ShapeError("requiresGrad can only be set on leaves; use detach() for a computed tensor");
    if (value && this.dtype !== "float32")
      throw new ShapeError(`only float32 tensors have gradients, not ${this.dtype}`);
    this.#leaf = value;
    return this;
  }

  /** The gradient that backward() collected, of the same shape; undefined before backward and after zeroGrad. */
  get grad(): Tensor | undefined {
    return this.gradientSlot?.read();
  }

  /** Forgets the collected gradient. */
  zeroGrad(): void {
    this.gradientSlot?.clear();
  }

  /**
   * Computes the gradients of this tensor for every leaf behind it and adds them to their `grad`.
   * @throws ShapeError if this tensor has several elements and no gradient is given, or nothing behind it requires one.
   * @throws LifetimeError if the graph was used up, or a tensor it needs was changed in place.
   */
  backward(options: BackwardOptions = {}): void {
    backward(this, options);
  }

  /**
   * The elements, row-major: a copy, float32 as Float32Array and int32 as Int32Array. Waits for the device.
   * @throws DeviceError if a kernel before it failed or found a number that is not finite.
   */
  async data(): Promise<HostArray> {
    const values = await this.backend.read(this, this.size);
    await collectDropped(this.backend);
    return values;
  }

  /** The one element of a tensor of size 1. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item() needs one element; this tensor has shape ${formatShape(this.shape)}`);
    return (await this.data())[0];
  }

  /** The elements as nested arrays. */
  async toArray(): Promise<NestedNumbers> {
    return nest(await this.data(), this.shape, 0, 0);
  }

  /**
   * Overwrites the elements in place, outside of the graph. Gradients of what was computed from the old values can no
   * longer be had: backward throws.
   * @throws ShapeError if shapes or dtypes differ.
   */
  copy_(source: Tensor): this {
    if (!sameShape(this.shape, source.shape) || this.dtype !== source.dtype) {
      throw new ShapeError(
        `copy_: cannot copy ${source.dtype} ${formatShape(source.shape)} into ${this.dtype} ${formatShape(this.shape)}`,
      );
    }
    this.backend.kernels.copy(source, [1], this, [1], [this.size]);
    this.markChanged();
    return this;
  }

  /** Overwrites the elements in place with host values, outside of the graph. */
  write_(values: HostArray): this {
    if (values.length !== this.size) {
      throw new ShapeError(`write_: ${values.length} values for a tensor of shape ${formatShape(this.shape)}`);
    }
    this.backend.write(this, values);
    this.markChanged();
    return this;
  }

  /** Sets every element, in place, outside of the graph. */
  fill_(value: number): this {
    this.backend.kernels.fill(this, this.size, value);
    this.markChanged();
    return this;
  }

  /**
   * Draws every element from a normal distribution, in place, outside of the graph: the next random op of the run (see
   * manualSeed). Throws ShapeError unless the tensor is float32 and the deviation is a number that is not negative.
   */
  normal_(mean = 0, deviation = 1): this {
    if (this.dtype !== "float32") throw new ShapeError(`normal_: a float32 tensor is needed, not ${this.dtype}`);
    if (!(deviation >= 0)) throw new ShapeError(`normal_: the deviation must not be negative, but is ${deviation}`);
    this.backend.kernels.drawNormal(this, this.size, { mean, deviation, ...nextKeys() });
    this.markChanged();
    return this;
  }

  /** Tells the graph that the elements changed in place. */
  markChanged(): void {
    this.storage.version++;
  }

  /** The same elements without their history. */
  detach(): Tensor {
    return this.alias(this.shape);
  }

  /** Another handle on the same elements, seen as `shape`, without history. */
  alias(shape: Shape, offset = 0): Tensor {
    const host = this.host?.subarray(offset, offset + sizeOf(shape));
    return new Tensor(this.storage.retain(), shape, { offset: this.offset + offset, host });
  }

  /** A second handle, without history, that whoever makes it disposes: neither a scope nor the garbage collector ends it. */
  hold(): Tensor {
    return new Tensor(this.storage.retain(), this.shape, { offset: this.offset, host: this.host, held: true });
  }

  /** Ends this handle. Its memory goes back when neither another handle nor the graph needs it. */
  dispose(): void {
    if (this.#disposed) return;
    this.node = undefined;
    this.#disposed = true;
    if (this.#remains) finalizer.unregister(this);
    this.#remains = undefined;
    this.#storage.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  registerFinalizer(): void {
    if (this.#remains || this.#disposed) return;
    this.#remains = { storage: this.#storage, kept: this.#node?.kept };
    finalizer.register(this, this.#remains, this);
  }

  toString(): string {
    return `Tensor(${formatShape(this.shape)}, ${this.dtype}${this.requiresGrad ? ", requiresGrad" : ""})`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.#disposed ? `${this.toString()} (freed)` : this.toString();
  }
}

export type NestedNumbers = number | NestedNumbers[];

function nest(data: HostArray, shape: Shape, axis: number, offset: number): NestedNumbers {
  if (axis === shape.length) return data[offset];
  const stride = sizeOf(shape.slice(axis + 1));
  return Array.from({ length: shape[axis] }, (_, i) => nest(data, shape, axis + 1, offset + i * stride));
}
