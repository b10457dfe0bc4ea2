// Linear layers.
import {
  currentBackend,
  type LowRankUpdate,
  linear,
  lowRank,
  outsideScopes,
  stackedLinear,
  type Tensor,
} from "../tensor/index.js";
import { Storage } from "../tensor/storage.js";
import { initializeLinear } from "./initialize.js";
import { Module, Parameter } from "./module.js";

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Parameters made elsewhere: tied or stacked ones. */
  readonly weight?: Parameter;
  readonly biasParameter?: Parameter;
}

/** What adds onto a linear layer's output; adapters do. Its parameters are listed beneath the layer's own. */
export abstract class LinearAdapter extends Module {
  /** The updates for the layer's input x; none where it is switched off or merged into the weight. */
  abstract updates(x: Tensor): readonly LowRankUpdate[];

  /** As a module of its own it computes nothing. */
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** y = x W^T + b: [..., inputs] -> [..., outputs]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  /** Whoever computes with `weight` asks it: forward, linearTogether and feedForwardOf do. */
  adapter: LinearAdapter | undefined;

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super();
    this.weight = options.weight ?? new Parameter([outputs, inputs]);
    this.bias = options.biasParameter ?? (options.bias === false ? undefined : new Parameter([outputs]));
    if (!options.weight) initializeLinear(this.weight, inputs);
  }

  override forward(x: Tensor): Tensor {
    const y = linear(x, this.weight, this.bias);
    const updates = this.adapter?.updates(x) ?? [];
    return updates.length > 0 ? lowRank(y, updates) : y;
  }
}

/** Layers of one input, their outputs side by side: one product where they were made by `stack`. */
export function linearTogether(x: Tensor, layers: readonly Linear[]): Tensor {
  const y = stackedLinear(
    x,
    layers.map((layer) => layer.weight),
    layers.flatMap((layer) => layer.bias ?? []),
  );
  let column = 0;
  const updates = layers.flatMap(({ weight, adapter }) => {
    const first = column;
    column += weight.shape[0];
    return (adapter?.updates(x) ?? []).map((update) => ({ ...update, column: first }));
  });
  return updates.length > 0 ? lowRank(y, updates) : y;
}

/**
 * Linear layers of the same inputs whose weights lie one after another in memory, and their biases likewise, so that
 * stackedLinear computes them as one product. To users and checkpoints they are layers like any other.
 */
export function stack(count: number, inputs: number, outputs: number): Linear[] {
  const backend = currentBackend();
  const [weights, biases] = outsideScopes(() => [
    new Storage(backend, "float32", count * outputs * inputs),
    new Storage(backend, "float32", count * outputs),
  ]);
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) {
      weights.retain();
      biases.retain();
    }
    const weight = new Parameter([outputs, inputs], weights, i * outputs * inputs);
    const biasParameter = new Parameter([outputs], biases, i * outputs);
    biasParameter.fill_(0);
    initializeLinear(weight, inputs);
    return new Linear(inputs, outputs, { weight, biasParameter });
  });
}
