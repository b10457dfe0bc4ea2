// AdamW: one fused pass over all tensors, with clipping folded in.
import type { AdamWTensor } from "../backends/kernels.js";
import { ConfigError } from "../support/errors.js";
import {
  empty,
  type GradientSlot,
  mostlyZeros,
  outsideScopes,
  RowsGradient,
  type Tensor,
  zeros,
} from "../tensor/index.js";
import { enterNextStep } from "./step.js";

export interface AdamWOptions {
  /** Learning rate. Default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of gradient and squared gradient. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  readonly eps?: number;
  /** Decoupled weight decay. Default 0.01. */
  readonly weightDecay?: number;
}

export interface ParameterGroup extends AdamWOptions {
  readonly params: Iterable<Tensor>;
}

/** A group as the optimizer holds it: its numbers may be changed between steps (schedules change `lr`). */
export interface ActiveGroup {
  readonly params: readonly Tensor[];
  lr: number;
  /** The learning rate at the start, which schedules scale. */
  initialLr?: number;
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
}

/** The running state of one parameter. */
export interface AdamWState {
  step: number;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /**
   * Of a parameter whose gradients are rows, int32 [rows]: not 0 where the moments are not zero. Most words of a
   * vocabulary never occur, and what has no moments does not move.
   */
  moving?: Tensor;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019), computed as torch.optim.AdamW does:
 * p -= lr * wd * p; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; p -= lr * m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps).
 */
export class AdamW {
  readonly paramGroups: ActiveGroup[];
  readonly state = new Map<Tensor, AdamWState>();

  /**
   * @param parameters Tensors, or groups of them with options of their own.
   * @throws ConfigError for numbers out of range, no parameters, or one that stands in two groups.
   */
  constructor(parameters: Iterable<Tensor> | Iterable<ParameterGroup>, options: AdamWOptions = {}) {
    const items = [...parameters];
    const groups: readonly ParameterGroup[] = isGroups(items) ? items : [{ params: items as Tensor[] }];
    this.paramGroups = groups.map((group) => {
      const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 } = { ...options, ...group };
      check("lr", lr, lr >= 0);
      check("betas", betas[0], betas[0] >= 0 && betas[0] < 1);
      check("betas", betas[1], betas[1] >= 0 && betas[1] < 1);
      check("eps", eps, eps >= 0);
      check("weightDecay", weightDecay, weightDecay >= 0);
      return { params: [...group.params], lr, betas: [betas[0], betas[1]], eps, weightDecay };
    });
    const all = this.paramGroups.flatMap((group) => group.params);
    if (all.length === 0) throw new ConfigError("AdamW: there are no parameters to optimize");
    if (new Set(all).size !== all.length) throw new ConfigError("AdamW: a parameter stands in two places");
    for (const [i, tensor] of all.entries()) {
      if (!tensor.isLeaf)
        throw new ConfigError(`AdamW: tensor ${i} (${tensor.toString()}) was computed; only leaves are trained`);
    }
    if (!all.some((tensor) => tensor.requiresGrad)) {
      throw new ConfigError(`AdamW: none of the ${all.length} tensors requires a gradient; is everything frozen?`);
    }
  }

  /** Updates every parameter that has a gradient. Returns at once; the device does it in order. */
  step(): void {
    const factor = this.#commonFactor();
    const updates: AdamWTensor[] = [];
    const updated: Tensor[] = [];
    for (const group of this.paramGroups) {
      for (const parameter of group.params) {
        const gradient = parameter.gradientSlot?.value;
        if (!gradient) continue;
        updates.push(this.#update(parameter, gradient, group));
        updated.push(parameter);
      }
    }
    const [{ backend }] = this.paramGroups[0].params;
    if (updates.length > 0) backend.kernels.adamw(updates, factor);
    for (const parameter of updated) parameter.markChanged();
    enterNextStep(backend);
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    for (const group of this.paramGroups) for (const parameter of group.params) parameter.zeroGrad();
  }

  /** Gives a parameter the running state of a saved optimizer: `first` and `second` have its elements, row-major. */
  setState(parameter: Tensor, saved: { step: number; first: Float32Array; second: Float32Array }): void {
    const state = this.#stateOf(parameter, false);
    state.step = saved.step;
    state.firstMoment.write_(saved.first);
    state.secondMoment.write_(saved.second);
    state.moving =
      parameter.shape.length === 2 ? rowFlags(parameter, rowsWithMoments(parameter.shape[0], saved)) : undefined;
  }

  /** `sparse`: where it is new, its gradients are rows, of which most have none. */
  #stateOf(parameter: Tensor, sparse: boolean): AdamWState {
    let state = this.state.get(parameter);
    if (!state) {
      const { shape, backend } = parameter;
      const moment = (): Tensor =>
        outsideScopes(() => (sparse ? mostlyZeros(shape, backend) : zeros(shape, "float32", backend)));
      state = { step: 0, firstMoment: moment(), secondMoment: moment() };
      this.state.set(parameter, state);
    }
    return state;
  }

  #update(parameter: Tensor, gradient: Tensor | RowsGradient, group: ActiveGroup): AdamWTensor {
    const sparse = gradient instanceof RowsGradient;
    const state = this.#stateOf(parameter, sparse);
    const [beta1, beta2] = group.betas;
    state.moving = sparse
      ? (state.moving ?? rowFlags(parameter, new Int32Array(parameter.shape[0]).fill(state.step > 0 ? 1 : 0)))
      : undefined;
    state.step++;
    return {
      parameter,
      gradient: sparse ? gradient.values : gradient,
      touched:
        sparse && state.moving
          ? { index: gradient.index, rows: gradient.index.size, width: gradient.width, moving: state.moving }
          : undefined,
      firstMoment: state.firstMoment,
      secondMoment: state.secondMoment,
      length: parameter.size,
      learningRate: group.lr,
      beta1,
      beta2,
      epsilon: group.eps,
      weightDecay: group.weightDecay,
      biasCorrection1: 1 - beta1 ** state.step,
      biasCorrection2: 1 - beta2 ** state.step,
    };
  }

  /** The clipping factor that all gradients still have to be multiplied by; where they differ, they are multiplied now. */
  #commonFactor(): Tensor | undefined {
    const slots: GradientSlot[] = [];
    for (const { params } of this.paramGroups) {
      for (const { gradientSlot } of params) if (gradientSlot?.value) slots.push(gradientSlot);
    }
    const factor = slots.at(0)?.scale;
    if (slots.every(({ scale }) => scale?.storage === factor?.storage && scale?.offset === factor?.offset))
      return factor;
    for (const slot of slots) slot.settle();
    return undefined;
  }
}

function rowFlags(parameter: Tensor, values: Int32Array): Tensor {
  return outsideScopes(() => empty([values.length], "int32", parameter.backend)).write_(values);
}

/** 1 for each of `rows` rows of which a moment is not zero. */
function rowsWithMoments(rows: number, moments: { first: Float32Array; second: Float32Array }): Int32Array {
  const width = moments.first.length / rows;
  const isZero = (row: number) => {
    for (let i = row * width; i < (row + 1) * width; i++)
      if (moments.first[i] !== 0 || moments.second[i] !== 0) return false;
    return true;
  };
  return Int32Array.from({ length: rows }, (_, row) => (isZero(row) ? 0 : 1));
}

function isGroups(items: readonly (Tensor | ParameterGroup)[]): items is readonly ParameterGroup[] {
  return items.length > 0 && "params" in items[0];
}

function check(name: string, value: number, fits: boolean): void {
  if (!fits) throw new ConfigError(`AdamW: ${name} is out of range: ${value}`);
}
