// Gradients of several processes become their sum, everywhere the same bits. Dense ones are sent in buckets while backward
// still runs, in place; of tables' gradients only the touched rows travel, behind them.
//
// Processes have to send the same in the same order, whatever happens in one of them. So buckets are sent in their order,
// each when all of its gradients are complete, and at the end of backward the processes tell each other of every parameter
// what kind of gradient it has (none, dense, rows; and which rows). What one lacks and another has, it adds as zeros.
import type { Pending, ProcessGroup } from "../processes/index.js";
import { formatShape, full, GradientSlot, outsideScopes, RowsGradient, Tensor, tidy, zeros } from "../tensor/index.js";
import { Storage } from "../tensor/storage.js";
import { type Buckets, cutBuckets } from "./buckets.js";

const ABSENT = 0;
const DENSE = 1;
const ROWS = 2;

/** What a process says of its gradients: the kind of each, and rows by parameter. */
interface Told {
  readonly kinds: Int32Array;
  readonly rows: ReadonlyMap<number, Int32Array>;
}

export class GradientSum {
  readonly #group: ProcessGroup;
  readonly #bucketBytes: number;
  #parameters: readonly Tensor[] = [];
  #numbers = new Map<Tensor, number>();
  /** Known after the first backward. */
  #buckets: Buckets | undefined;
  #bucketOf: readonly (number | undefined)[] = [];
  /** Of this backward: parameters in the order of completion, how many each bucket still waits for, buckets sent. */
  #order: number[] = [];
  #missing: number[] = [];
  #sent: Pending[] = [];
  #inFlight = new Map<Storage, number>();
  /** Gradients that are sums over all processes already, while nobody has cleared them. */
  readonly #summed = new Map<Tensor, Tensor | RowsGradient>();

  /** @param bucketBytes How much is sent at a time, at least. */
  constructor(group: ProcessGroup, bucketBytes: number) {
    this.#group = group;
    this.#bucketBytes = bucketBytes;
  }

  /** Sums the gradients of these, too. Their order is the same in all processes. */
  add(parameters: readonly Tensor[]): void {
    this.#parameters = [...new Set([...this.#parameters, ...parameters])];
    this.#numbers = new Map(this.#parameters.map((parameter, i) => [parameter, i]));
    this.#buckets = undefined;
  }

  /**
   * Runs `backward`. Where gradients are complete with it (`sync`) they are the sums over all processes from then on, for
   * what is enqueued behind.
   */
  run(backward: (onLeafDone?: (leaf: Tensor) => void) => void, sync: boolean): void {
    this.#shareEarlierSums();
    if (!sync) {
      backward();
      return;
    }
    this.#order = [];
    this.#sent = [];
    this.#missing = this.#buckets?.map((bucket) => bucket.length) ?? [];
    backward((leaf) => this.#complete(leaf));
    tidy(() => this.#finish());
    this.#inFlight.clear();
  }

  /** What was summed before, and is added to now, counts once again: each process keeps its part of it. */
  #shareEarlierSums(): void {
    for (const [parameter, sum] of this.#summed) {
      const slot = parameter.gradientSlot;
      if (slot?.value !== sum) continue;
      tidy(() => slot.scaleBy(full([], 1 / this.#group.size, "float32", parameter.backend)));
      slot.settle();
    }
    this.#summed.clear();
  }

  #complete(leaf: Tensor): void {
    const number = this.#numbers.get(leaf);
    if (number === undefined) return;
    this.#order.push(number);
    const bucket = this.#bucketOf[number];
    if (this.#buckets === undefined || bucket === undefined) return;
    if (!(leaf.gradientSlot?.value instanceof Tensor)) return; // not as it was: settled at the end
    this.#missing[bucket]--;
    while (this.#sent.length < this.#buckets.length && this.#missing[this.#sent.length] === 0) this.#send();
  }

  /** Sends the next bucket. */
  #send(): void {
    const number = this.#sent.length;
    const bucket = this.#buckets?.[number] ?? [];
    this.#sent.push(this.#sum(`gradients, bucket ${number}`, bucket));
  }

  /** Begins to sum dense gradients of these parameters. */
  #sum(what: string, numbers: readonly number[]): Pending {
    const gradients = numbers.map((number) => this.#dense(this.#parameters[number]));
    return this.#group.allReduce(what, gradients);
  }

  /** The gradient as dense memory that is nobody else's; zeros where there is none. */
  #dense(parameter: Tensor): Tensor {
    const slot = slotOf(parameter);
    slot.settle();
    const held = slot.value;
    if (held instanceof Tensor && this.#isOwn(held)) return this.#mark(held);
    const own = outsideScopes(() => {
      if (held instanceof RowsGradient) return held.toDense();
      return held ? copyOf(held) : zeros(parameter.shape, "float32", parameter.backend);
    });
    slot.clear();
    slot.add(own);
    own.dispose();
    return this.#mark(slot.value as Tensor);
  }

  #mark(gradient: Tensor): Tensor {
    const { storage } = gradient;
    this.#inFlight.set(storage, (this.#inFlight.get(storage) ?? 0) + 1);
    return gradient;
  }

  /** Whether no one but gradients of parameters, apart from each other, stands in this memory. */
  #isOwn(gradient: Tensor): boolean {
    const { storage } = gradient;
    const references = storage.references - (this.#inFlight.get(storage) ?? 0);
    if (references === 1) return true;
    const runs: [number, number][] = [];
    for (const parameter of this.#parameters) {
      const value = parameter.gradientSlot?.value;
      if (value instanceof Tensor && value.storage === storage) runs.push([value.offset, value.offset + value.size]);
    }
    runs.sort(([a], [b]) => a - b);
    return references === runs.length && runs.every(([start], i) => i === 0 || runs[i - 1][1] <= start);
  }

  /** The end of backward: what was not sent yet, and what only now is known. */
  #finish(): void {
    const told = this.#group
      .exchangeNow(`the end of backward, of ${this.#parameters.length} parameters`, encode(this.#tell()))
      .map((bytes) => decode(bytes, this.#parameters.length));
    const anywhere = (number: number, kind: number) => told.some(({ kinds }) => kinds[number] === kind);
    const numbers = this.#parameters.map((_, number) => number);
    const sparse = numbers.filter(
      (number) => !anywhere(number, DENSE) && anywhere(number, ROWS) && this.#pays(number, told),
    );
    const dense = numbers.filter(
      (number) => !sparse.includes(number) && (anywhere(number, DENSE) || anywhere(number, ROWS)),
    );

    this.#plan(dense.filter((number) => anywhere(number, DENSE)));
    while (this.#sent.length < (this.#buckets?.length ?? 0)) this.#send();
    const left = dense.filter((number) => this.#bucketOf[number] === undefined);
    if (left.length > 0) this.#sent.push(this.#sum("gradients outside of buckets", left));
    const tables = sparse.map((number) => this.#sendRows(number, told));
    for (const pending of this.#sent) pending.wait();
    for (const place of tables) place();
    for (const number of this.#buckets?.flat() ?? []) {
      if (!dense.includes(number)) slotOf(this.#parameters[number]).clear(); // no process has one
    }
    for (const number of [...dense, ...sparse]) {
      const value = this.#parameters[number].gradientSlot?.value;
      if (value) this.#summed.set(this.#parameters[number], value);
    }
    for (const { gradientSlot } of this.#parameters) {
      if (gradientSlot?.value instanceof Tensor) gradientSlot.value.markChanged();
    }
  }

  #tell(): Told {
    const rows = new Map<number, Int32Array>();
    const kinds = Int32Array.from(this.#parameters, ({ gradientSlot }, number) => {
      const value = gradientSlot?.value;
      if (!(value instanceof RowsGradient)) return value ? DENSE : ABSENT;
      const { host } = value.index;
      if (!host) return DENSE; // nobody knows the rows
      rows.set(number, host);
      return ROWS;
    });
    return { kinds, rows };
  }

  /** The buckets, once, from what the first backward has shown; process 0 says in which order. */
  #plan(dense: readonly number[]): void {
    if (this.#buckets) return;
    const seen = new Set(this.#order);
    const order = [...this.#order, ...dense.filter((number) => !seen.has(number)).reverse()];
    const [first] = this.#group.exchangeNow("the order of gradients", bytesOf(Int32Array.from(order)));
    const wanted = new Set(dense);
    const agreed = Array.from(intsOf(first)).filter((number) => wanted.has(number));
    this.#buckets = cutBuckets(
      agreed,
      this.#parameters.map(({ size }) => size),
      this.#bucketBytes,
    );
    const bucketOf: (number | undefined)[] = this.#parameters.map(() => undefined);
    this.#buckets.forEach((bucket, i) => {
      for (const number of bucket) bucketOf[number] = i;
    });
    this.#bucketOf = bucketOf;
  }

  /** Whether it is less to send the rows of a table than to sum all of it. */
  #pays(number: number, told: readonly Told[]): boolean {
    if (this.#bucketOf[number] !== undefined) return false;
    const rows = told.reduce((sum, { rows }) => sum + (rows.get(number)?.length ?? 0), 0);
    return rows < 2 * this.#parameters[number].shape[0];
  }

  /** Sends the touched rows of a table; the result puts all rows together, in the order of ranks. */
  #sendRows(number: number, told: readonly Told[]): () => void {
    const parameter = this.#parameters[number];
    const [tableRows, width] = parameter.shape;
    const { backend } = parameter;
    const slot = slotOf(parameter);
    slot.settle();
    const indices = told.map(({ rows }) => rows.get(number) ?? new Int32Array(0));
    const counts = indices.map(({ length }) => length * width);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const mine = slot.value;
    const own = mine instanceof RowsGradient ? mine.values : zeros([0, width], "float32", backend);
    const all = new Tensor(new Storage(backend, "float32", total), [total / width, width]);
    const pending = this.#group.allGather(`rows of a table ${formatShape(parameter.shape)}`, own, all, counts);
    return () => {
      pending.wait();
      const union = Int32Array.from(new Set(indices.flatMap((index) => [...index]))).sort();
      const place = new Map(Array.from(union, (row, i) => [row, i]));
      const values = zeros([union.length, width], "float32", backend);
      let offset = 0;
      for (const index of indices) {
        if (index.length === 0) continue;
        const at = upload(
          backend,
          index.map((row) => place.get(row) ?? 0),
        );
        const rows = all.alias([index.length, width], offset);
        backend.kernels.scatterAddRows(rows, at, values, union.length, index.length, width);
        offset += index.length * width;
      }
      slot.clear();
      slot.add(new RowsGradient(upload(backend, union), values, tableRows));
    };
  }
}

function slotOf(parameter: Tensor): GradientSlot {
  parameter.gradientSlot ??= new GradientSlot();
  return parameter.gradientSlot;
}

function copyOf(tensor: Tensor): Tensor {
  return new Tensor(new Storage(tensor.backend, "float32", tensor.size), tensor.shape).copy_(tensor);
}

function upload(backend: Tensor["backend"], values: Int32Array): Tensor {
  const index = new Tensor(new Storage(backend, "int32", values.length), [values.length], { host: values });
  backend.write(index, values);
  return index;
}

/** Kinds; then for each parameter with rows their number, and the rows. */
function encode({ kinds, rows }: Told): Uint8Array {
  const numbers = [...kinds];
  for (const index of rows.values()) numbers.push(index.length, ...index);
  return bytesOf(Int32Array.from(numbers));
}

function decode(bytes: Uint8Array, parameters: number): Told {
  const numbers = intsOf(bytes);
  const kinds = numbers.slice(0, parameters);
  const rows = new Map<number, Int32Array>();
  let at = parameters;
  kinds.forEach((kind, number) => {
    if (kind !== ROWS) return;
    const count = numbers[at];
    rows.set(number, numbers.slice(at + 1, at + 1 + count));
    at += 1 + count;
  });
  return { kinds, rows };
}

function bytesOf(numbers: Int32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function intsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.slice().buffer);
}
