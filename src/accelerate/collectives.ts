// Tensors of all processes: put together, summed, taken from one. Values may be tensors, or arrays and plain objects with
// tensors in them.
import { exchangeValuesNow, type ProcessGroup } from "../processes/index.js";
import { ConfigError } from "../support/errors.js";
import { concat, empty, formatShape, full, mul, noGrad, Tensor, tidy } from "../tensor/index.js";

/** A copy of arrays and plain objects with their tensors replaced; everything else is taken as it is. */
export function mapTensors<T>(value: T, replace: (tensor: Tensor) => Tensor): T {
  if (value instanceof Tensor) return replace(value) as T;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => mapTensors(item, replace)) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTensors(item, replace)])) as T;
}

function tensorsOf(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}

/** Says the call with its shapes; the others have to say the same. */
function agree(group: ProcessGroup, what: string, tensors: readonly Tensor[]): void {
  group.exchangeNow(`${what} ${tensors.map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`).join(", ")}`);
}

/** [rows, ...] of each process -> [all rows, ...], in the order of ranks; scalars become [processes]. */
export function gather<T>(group: ProcessGroup, value: T): T {
  if (group.size === 1) return value;
  agree(group, "gather", tensorsOf(value));
  return mapTensors(value, (tensor) => {
    const [rows = 1, ...rest] = tensor.shape;
    return gatherRows(group, "gather", tensor, [rows * group.size, ...rest], Array(group.size).fill(tensor.size));
  });
}

/**
 * As gather, where the processes have unequal numbers of rows: `rows` of each. What has another number of rows than this
 * process's batch (`batchRows`) is gathered whole.
 */
export function gatherBatch<T>(group: ProcessGroup, value: T, rows: readonly number[], batchRows: number): T {
  if (group.size === 1) return value;
  const isOfBatch = (tensor: Tensor) => tensor.rank > 0 && tensor.shape[0] === batchRows;
  const described = tensorsOf(value).map((tensor) => {
    const { dtype, shape } = tensor;
    return isOfBatch(tensor)
      ? `${dtype} [rows${shape
          .slice(1)
          .map((size) => `, ${size}`)
          .join("")}]`
      : `${dtype} ${formatShape(shape)}`;
  });
  group.exchangeNow(`gatherForMetrics ${described.join(", ")}`);
  const total = rows.reduce((sum, count) => sum + count, 0);
  return mapTensors(value, (tensor) => {
    if (!isOfBatch(tensor)) {
      const [own = 1, ...rest] = tensor.shape;
      return gatherRows(
        group,
        "gatherForMetrics",
        tensor,
        [own * group.size, ...rest],
        Array(group.size).fill(tensor.size),
      );
    }
    const rest = tensor.shape.slice(1);
    const width = rest.reduce((product, size) => product * size, 1);
    const counts = rows.map((count) => count * width);
    return tidy(() => {
      const own = tensor.alias([rows[group.rank], ...rest]);
      return gatherRows(group, "gatherForMetrics", own, [total, ...rest], counts);
    });
  });
}

function gatherRows(
  group: ProcessGroup,
  what: string,
  own: Tensor,
  shape: readonly number[],
  counts: readonly number[],
): Tensor {
  const out = empty([...shape], own.dtype, own.backend);
  group.allGather(what, own, out, counts).wait();
  out.markChanged();
  return out;
}

export type Reduction = "sum" | "mean";

/** The sum or mean over all processes, element by element. */
export function reduce<T>(group: ProcessGroup, value: T, reduction: Reduction): T {
  if (group.size === 1) return value;
  const what = `reduce (${reduction})`;
  const tensors = tensorsOf(value);
  for (const { dtype } of tensors) {
    if (dtype === "float32" || (dtype === "int32" && reduction === "sum")) continue;
    throw new ConfigError(`reduce: the ${reduction} of ${dtype} tensors is not taken; cast() to float32 first`);
  }
  agree(group, what, tensors);
  return mapTensors(value, (tensor) =>
    noGrad(() =>
      tidy(() => {
        const sum = copyOf(tensor);
        group.allReduce(what, [sum]).wait();
        sum.markChanged();
        return reduction === "sum" ? sum : mul(sum, 1 / group.size);
      }),
    ),
  );
}

/** What process `root` has. */
export function broadcast<T>(group: ProcessGroup, value: T, root: number): T {
  if (group.size === 1) return value;
  if (!Number.isInteger(root) || root < 0 || root >= group.size) {
    throw new ConfigError(`broadcast: there is no process ${root}; there are ${group.size}, from 0`);
  }
  const what = `broadcast from ${root}:`;
  agree(group, what, tensorsOf(value));
  return mapTensors(value, (tensor) => {
    const copy = copyOf(tensor);
    group.broadcast(what, [copy], root).wait();
    copy.markChanged();
    return copy;
  });
}

export interface PadOptions {
  /** The axis along which sizes may differ. Default 0. */
  readonly dim?: number;
  /** What is filled in. Default 0. */
  readonly padIndex?: number;
  /** Fill in before the elements instead of behind them. Default false. */
  readonly padFirst?: boolean;
}

/** Tensors that differ along one axis, filled up to the largest of all processes. */
export function padAcrossProcesses<T>(group: ProcessGroup, value: T, options: PadOptions): T {
  const { dim = 0, padIndex = 0, padFirst = false } = options;
  const axisOf = (tensor: Tensor) => (dim < 0 ? tensor.rank + dim : dim);
  const sizes = tensorsOf(value).map((tensor) => tensor.shape[axisOf(tensor)] ?? 0);
  const all = exchangeValuesNow(group, `padAcrossProcesses of ${sizes.length} tensors`, sizes);
  let i = 0;
  return mapTensors(value, (tensor) => {
    const number = i++;
    const axis = axisOf(tensor);
    if (axis < 0 || axis >= tensor.rank) return tensor; // it has no such axis, and so nothing to fill up
    const missing = Math.max(...all.map((sizes) => sizes[number])) - tensor.shape[axis];
    if (missing === 0) return tensor;
    return noGrad(() =>
      tidy(() => {
        const fill = full(tensor.shape.with(axis, missing), padIndex, tensor.dtype, tensor.backend);
        return concat(padFirst ? [fill, tensor] : [tensor, fill], axis);
      }),
    );
  });
}

function copyOf(tensor: Tensor): Tensor {
  return empty(tensor.shape, tensor.dtype, tensor.backend).copy_(tensor);
}
