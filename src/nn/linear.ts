// Linear layers.
import { currentBackend, linear, outsideScopes, type Tensor } from "../tensor/index.js";
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

/** y = x W^T + b: [..., inputs] -> [..., outputs]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super();
    this.weight = options.weight ?? new Parameter([outputs, inputs]);
    this.bias = options.biasParameter ?? (options.bias === false ? undefined : new Parameter([outputs]));
    if (!options.weight) initializeLinear(this.weight, inputs);
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
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
