// optimizer.pt and scheduler.pt: what torch's AdamW and LambdaLR give as their state_dict, so that Python's Trainer goes
// on from ours, and ours from Python's. Parameters are numbered through the groups in order, as torch does it.
import {
  openTorchFile,
  PythonFloat,
  PythonTuple,
  TorchTensor,
  type TorchValue,
  type TorchWritable,
  writeTorchFile,
} from "../checkpoint/index.js";
import { AdamW, type ScheduleState } from "../optim/index.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { formatShape, sameShape, type Tensor } from "../tensor/index.js";
import type { OptimizerLike } from "./prepare.js";

/** An optimizer of one's own that knows how to be saved: what it gives is written, and handed back when a run goes on. */
interface SavableOptimizer extends OptimizerLike {
  stateDict(): TorchWritable | Promise<TorchWritable>;
  loadStateDict(state: TorchValue): void | Promise<void>;
}

function isSavable(optimizer: OptimizerLike): optimizer is SavableOptimizer {
  const { stateDict, loadStateDict } = optimizer as Partial<SavableOptimizer>;
  return typeof stateDict === "function" && typeof loadStateDict === "function";
}

/** @throws ConfigError for an optimizer that is neither AdamW nor has stateDict() and loadStateDict() */
export async function writeOptimizer(path: string, optimizer: OptimizerLike): Promise<void> {
  if (optimizer instanceof AdamW) return writeTorchFile(path, adamwState(optimizer));
  if (isSavable(optimizer)) return writeTorchFile(path, await optimizer.stateDict());
  throw new ConfigError(
    `checkpoints hold the optimizer's state, and ${optimizer.constructor.name} does not give it: add stateDict() and ` +
      "loadStateDict(), or set saveOnlyModel",
  );
}

export async function writeSchedule(path: string, schedule: { stateDict(): ScheduleState }): Promise<void> {
  const state = schedule.stateDict();
  await writeTorchFile(path, {
    base_lrs: state.base_lrs.map(float),
    last_epoch: state.last_epoch,
    _step_count: state._step_count,
    _is_initial: false,
    _get_lr_called_within_step: false,
    _last_lr: state._last_lr.map(float),
    lr_lambdas: state.base_lrs.map(() => ({})),
  });
}

function adamwState(optimizer: AdamW): TorchWritable {
  const states = new Map<number, TorchWritable>();
  let next = 0;
  const groups = optimizer.paramGroups.map((group) => {
    const ids = group.params.map((parameter) => {
      const id = next++;
      const state = optimizer.state.get(parameter);
      if (state) {
        states.set(id, {
          step: new TorchTensor("F32", [], () => Float32Array.of(state.step)),
          exp_avg: moment(state.firstMoment),
          exp_avg_sq: moment(state.secondMoment),
        });
      }
      return id;
    });
    return {
      weight_decay: float(group.weightDecay),
      lr: float(group.lr),
      betas: new PythonTuple(group.betas.map(float)),
      eps: float(group.eps),
      amsgrad: false,
      maximize: false,
      foreach: null,
      capturable: false,
      differentiable: false,
      fused: true,
      decoupled_weight_decay: true,
      initial_lr: float(group.initialLr ?? group.lr),
      params: ids,
    };
  });
  return { state: states, param_groups: groups };
}

function moment(tensor: Tensor): TorchTensor {
  return new TorchTensor("F32", tensor.shape, async () => Float32Array.from(await tensor.data()));
}

function float(value: number): PythonFloat {
  return new PythonFloat(value);
}

/**
 * Reads and checks optimizer.pt.
 * @returns What brings `optimizer` to that state.
 * @throws ConfigError where groups or shapes are another optimizer's; FileFormatError where the file is damaged
 */
export async function readOptimizer(path: string, optimizer: OptimizerLike): Promise<() => void> {
  await using file = await openTorchFile(path);
  if (!(optimizer instanceof AdamW)) {
    if (!isSavable(optimizer)) {
      throw new ConfigError(
        `${optimizer.constructor.name} has no loadStateDict(), so that ${path} cannot be given to it: add it, or go on with ` +
          "freshOptimizer",
      );
    }
    await optimizer.loadStateDict(file.value); // while the file is open, since tensors are read when asked for
    return () => undefined;
  }
  return await readAdamW(path, file.value, optimizer); // the file stays open until then
}

async function readAdamW(path: string, value: TorchValue, optimizer: AdamW): Promise<() => void> {
  const state = new Entry(path, value, "the file");
  const groups = state.list("param_groups").map((group, i) => new Entry(path, group, `param_groups[${i}]`));
  const counts = groups.map((group) => group.list("params").length);
  const ours = optimizer.paramGroups.map(({ params }) => params.length);
  if (counts.join() !== ours.join()) {
    throw new ConfigError(
      `${path} is of groups of ${counts.join(" and ")} parameters, and the optimizer has ${ours.join(" and ")}: it is of ` +
        "another model, or of other groups",
    );
  }
  const saved = state.entry("state");
  const moments: { parameter: Tensor; step: number; first: Float32Array; second: Float32Array }[] = [];
  for (const [i, group] of optimizer.paramGroups.entries()) {
    const ids = groups[i].list("params");
    for (const [j, parameter] of group.params.entries()) {
      const id = ids[j];
      if (!saved.has(id)) continue; // it never had a gradient
      const entry = saved.entry(id);
      const first = await entry.tensor("exp_avg", parameter.shape);
      const second = await entry.tensor("exp_avg_sq", parameter.shape);
      moments.push({ parameter, first, second, step: await entry.scalar("step") });
    }
  }
  const settings = groups.map((group) => ({
    lr: group.number("lr"),
    initialLr: group.number("initial_lr", group.number("lr")),
    betas: group.list("betas").map(Number) as [number, number],
    eps: group.number("eps"),
    weightDecay: group.number("weight_decay"),
  }));
  return () => {
    for (const [i, group] of optimizer.paramGroups.entries()) Object.assign(group, settings[i]);
    for (const { parameter, step, first, second } of moments) optimizer.setState(parameter, { step, first, second });
  };
}

/** @throws FileFormatError where the file is damaged, or of no schedule */
export async function readSchedule(path: string): Promise<ScheduleState> {
  await using file = await openTorchFile(path);
  const entry = new Entry(path, file.value, "the file");
  const rates = (key: string) => entry.list(key).map(Number);
  return {
    base_lrs: rates("base_lrs"),
    last_epoch: entry.number("last_epoch"),
    _step_count: entry.number("_step_count"),
    _last_lr: rates("_last_lr"),
  };
}

/** A dict of a torch file, read by keys that have to be there. */
class Entry {
  readonly #path: string;
  readonly #where: string;
  readonly #map: ReadonlyMap<TorchValue, TorchValue>;

  constructor(path: string, value: TorchValue | undefined, where: string) {
    if (!(value instanceof Map)) throw new FileFormatError(`${path}: ${where} is not a dict`);
    this.#path = path;
    this.#where = where;
    this.#map = value;
  }

  has(key: TorchValue): boolean {
    return this.#map.has(key);
  }

  entry(key: TorchValue): Entry {
    return new Entry(this.#path, this.#map.get(key), `${this.#where}.${String(key)}`);
  }

  list(key: string): readonly TorchValue[] {
    const value = this.#map.get(key);
    return Array.isArray(value) ? value : this.#fail(key, "a list");
  }

  number(key: string, otherwise?: number): number {
    const value = this.#map.get(key) ?? otherwise;
    return typeof value === "number" ? value : this.#fail(key, "a number");
  }

  /** The one element of a tensor, or a number (older versions of torch). */
  async scalar(key: string): Promise<number> {
    const value = this.#map.get(key);
    if (typeof value === "number") return value;
    const [step] = isTensor(value) ? await value.readFloat32() : [];
    return step ?? this.#fail(key, "a number");
  }

  async tensor(key: string, shape: readonly number[]): Promise<Float32Array> {
    const value = this.#map.get(key);
    if (!isTensor(value)) return this.#fail(key, "a tensor");
    if (sameShape(value.shape, shape)) return value.readFloat32();
    throw new ConfigError(
      `${this.#path}: ${this.#where}.${key} has shape ${formatShape(value.shape)}, and its parameter ${formatShape(shape)}`,
    );
  }

  #fail(key: string, wanted: string): never {
    throw new FileFormatError(`${this.#path}: ${this.#where} has no ${key} that is ${wanted}`);
  }
}

interface ReadableTensor {
  readonly shape: readonly number[];
  readFloat32(): Promise<Float32Array>;
}

function isTensor(value: unknown): value is ReadableTensor {
  return typeof (value as Partial<ReadableTensor> | null | undefined)?.readFloat32 === "function";
}
