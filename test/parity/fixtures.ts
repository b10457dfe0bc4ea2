// PyTorch's reference numbers for small random checkpoints (see ../shared/fixtures/make/models.py, and fixtures/make.py
// beside this file, which writes those of more families in the same way).
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { PreTrainedModel } from "../../src/models/index.js";
import { type Tensor, tensor } from "../../src/tensor/index.js";
import { sharedPath } from "../shared.js";

/** Distance from 1 to the next float32. */
const FLOAT32_STEP = 2 ** -23;

export type Nested = number | Nested[];

export interface Reference {
  readonly inputs: Readonly<Record<string, Nested[]>>;
  readonly labels: Readonly<Record<string, Nested[]>>;
  readonly outputs: {
    readonly loss: number;
    readonly logits?: Nested[];
    readonly start_logits?: Nested[];
    readonly end_logits?: Nested[];
  };
  /** l2 norm, first element, sum, dot product with sin(1 + i), by parameter; "columns" names them. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** The reference of a checkpoint, and its folder: one of ../shared, or of fixtures/ beside this file. */
export function readReference(name: string): { readonly reference: Reference; readonly folder: string } {
  const own = fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
  const folder = existsSync(own) ? own : sharedPath(`fixtures/models/${name}`);
  return { reference: JSON.parse(readFileSync(`${folder}/reference.json`, "utf8")) as Reference, folder };
}

/** The reference of padding tokens that no mask covers, for a checkpoint of ../shared. */
export function readUnmaskedReference(name: string): { readonly reference: Reference; readonly folder: string } {
  const path = new URL(`fixtures/unmasked/${name}.json`, import.meta.url);
  const folder = sharedPath(`fixtures/models/${name}`);
  return { reference: JSON.parse(readFileSync(path, "utf8")) as Reference, folder };
}

export function flat(nested: Nested[]): number[] {
  return nested.flatMap((item) => (typeof item === "number" ? [item] : flat(item)));
}

/** The reference's inputs and labels as tensors; numbers with a fraction make float32. */
export function batchOf({ inputs, labels }: Reference, float: boolean): Record<string, Tensor> {
  const batch: Record<string, Tensor> = {};
  for (const [name, values] of Object.entries(inputs)) batch[name] = tensor(values, { dtype: "int32" });
  for (const [name, values] of Object.entries(labels))
    batch[name] = tensor(values, { dtype: float ? "float32" : "int32" });
  return batch;
}

/** The four figures of a gradient. */
export function figuresOf(values: ArrayLike<number>): number[] {
  let squares = 0;
  let sum = 0;
  let dot = 0;
  for (let i = 0; i < values.length; i++) {
    squares += values[i] * values[i];
    sum += values[i];
    dot += values[i] * Math.sin(1 + i);
  }
  return [Math.sqrt(squares), values[0], sum, dot];
}

/** Fails with the worst place unless every |actual - expected| <= tolerance; NaN fails. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let worst = -1;
  let worstDifference = tolerance;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (!(difference <= worstDifference)) {
      worst = i;
      worstDifference = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    }
  }
  if (worst >= 0) {
    throw new Error(`${what}: at ${worst} ${actual[worst]} differs from ${expected[worst]} by more than ${tolerance}`);
  }
}

/**
 * Compares the four figures of every parameter's gradient. A figure sums up to `size` rounding errors of relative size
 * `epsilon` on elements whose own size is the gradient's norm, or, where a gradient is zero but for rounding (a key's
 * bias), that of the largest gradients of the model; and one of the loss's own gradient, which is of size one (the bias of
 * a multiple choice: its gradient sums to zero, or to PyTorch's last bit).
 * Those `frozen` must have none.
 */
export async function expectGradients(
  model: Pick<PreTrainedModel, "namedParameters">,
  reference: Reference,
  epsilon: number,
  frozen: readonly string[] = [],
): Promise<void> {
  const { columns: _, ...expected } = reference.gradients;
  const norms = Object.values(expected).map(([norm]) => norm);
  const largest = norms.reduce((a, b) => Math.max(a, b), 0);
  const names = Array.from(model.namedParameters(), ([name]) => name);
  expect(names, "parameters, in PyTorch's order").toEqual(Object.keys(expected));
  for (const [name, parameter] of model.namedParameters()) {
    const gradient = await parameter.grad?.data();
    if (frozen.includes(name)) {
      expect(gradient, name).toBeUndefined();
      continue;
    }
    if (!gradient) throw new Error(`${name} has no gradient`);
    const scale = Math.max(expected[name][0], 1e-2 * largest);
    expectClose(figuresOf(gradient), expected[name], epsilon * scale * Math.sqrt(gradient.length) + FLOAT32_STEP, name);
  }
}
