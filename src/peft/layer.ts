// A linear layer's adapters: for each a pair of matrices whose product is added to the weight, in effect or in place.
import { Dropout, initializeNormal, type Linear, LinearAdapter, Module, Parameter } from "../nn/index.js";
import { type LowRankUpdate, matmul, mul, noGrad, type Tensor, tidy } from "../tensor/index.js";
import type { LoraConfig } from "./config.js";
import { scaleOf } from "./targets.js";

/** One adapter of one layer: weight + scale * lora_B lora_A. */
export class LoraWeights extends Module {
  /** [rank, inputs] */
  readonly lora_A: Parameter;
  /** [outputs, rank] */
  readonly lora_B: Parameter;
  readonly dropout: Dropout;
  readonly scale: number;

  constructor(layer: Linear, path: string, config: LoraConfig) {
    super();
    const [outputs, inputs] = layer.weight.shape;
    const { rank, scale } = scaleOf(config, path);
    this.lora_A = new Parameter([rank, inputs]);
    this.lora_B = new Parameter([outputs, rank]);
    this.dropout = new Dropout(config.loraDropout);
    this.scale = scale;
    const { initLoraWeights: start } = config;
    // peft draws A from the uniform distribution of a linear layer; here by its deviation, normal, as nn/initialize.ts does
    initializeNormal(this.lora_A, start === "gaussian" ? 1 / rank : 1 / Math.sqrt(3 * inputs));
    if (start === false) initializeNormal(this.lora_B, 1 / Math.sqrt(3 * rank));
  }

  override forward(x: Tensor): LowRankUpdate {
    return { x: this.dropout.forward(x), down: this.lora_A, up: this.lora_B, scale: this.scale };
  }
}

export class LoraLayer extends LinearAdapter {
  readonly path: string;
  readonly #layer: Linear;
  readonly #weights = new Map<string, LoraWeights>();
  #active: readonly string[] = [];
  #merged: readonly string[] = [];

  constructor(layer: Linear, path: string) {
    super();
    this.#layer = layer;
    this.path = path;
  }

  /** The adapters under their names. */
  override *children(): Generator<[string, Module]> {
    yield* this.#weights;
  }

  override updates(x: Tensor): readonly LowRankUpdate[] {
    if (this.#merged.length > 0) return [];
    return this.#active.flatMap((name) => this.#weights.get(name)?.forward(x) ?? []);
  }

  get names(): readonly string[] {
    return [...this.#weights.keys()];
  }

  get(name: string): LoraWeights | undefined {
    return this.#weights.get(name);
  }

  add(name: string, config: LoraConfig): void {
    const weights = new LoraWeights(this.#layer, this.path, config);
    weights.train(this.#layer.training);
    this.#weights.set(name, weights);
  }

  remove(name: string): void {
    this.#weights.delete(name);
    this.#active = this.#active.filter((one) => one !== name);
  }

  /** Which adapters take part, and which of them train. */
  activate(names: readonly string[], training: ReadonlySet<string>): void {
    this.#active = names.filter((name) => this.#weights.has(name));
    for (const [name, weights] of this.#weights) {
      const trains = training.has(name);
      for (const parameter of [weights.lora_A, weights.lora_B]) {
        if (!trains) parameter.zeroGrad();
        parameter.setRequiresGrad(trains);
      }
    }
  }

  /** Adds the active adapters to the weight. */
  merge(): void {
    if (this.#merged.length > 0) return;
    this.#addToWeight(this.#active, 1);
    this.#merged = this.#active;
  }

  /** Takes them out again. */
  unmerge(): void {
    this.#addToWeight(this.#merged, -1);
    this.#merged = [];
  }

  #addToWeight(names: readonly string[], sign: 1 | -1): void {
    const { weight } = this.#layer;
    for (const name of names) {
      const weights = this.#weights.get(name);
      if (!weights) continue;
      tidy(() =>
        noGrad(() => {
          const product = mul(matmul(weights.lora_B, weights.lora_A), sign * weights.scale);
          weight.copy_(weight.add(product));
        }),
      );
    }
  }
}
