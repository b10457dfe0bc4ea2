// Mixed precision against PyTorch's autocast to bfloat16 (fixtures/bfloat16.py), on each backend that runs here.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Accelerator } from "../../src/accelerate/index.js";
import { AutoModelForMaskedLM, AutoModelForSequenceClassification } from "../../src/models/index.js";
import { autocast, type HostArray, ops, setBackend, type Tensor, tensor } from "../../src/tensor/index.js";
import { backendsHere } from "../backendsHere.js";
import { expectNear } from "../conformance/run.js";
import { describeShared } from "../shared.js";
import { batchOf, readReference } from "./fixtures.js";

interface Product {
  readonly inputs: readonly { readonly shape: number[]; readonly values: number[] }[];
  readonly weights: number[];
  readonly output: number[];
  readonly gradients: readonly number[][];
}

interface Errors {
  readonly loss: number;
  readonly gradients: Readonly<Record<string, number>>;
}

const expected = JSON.parse(readFileSync(new URL("fixtures/bfloat16.json", import.meta.url), "utf8")) as {
  readonly products: Readonly<Record<"linear" | "matmul", Product>>;
  readonly models: Readonly<Record<string, Errors>>;
};

// PyTorch's output, the gradient that comes in and those that go out are bfloat16, each rounded by 2^-9; ours are float32.
// The roundings of what a sum adds up are smaller than that of its result or of the same size.
const tolerance = 2 ** -7;

interface Gradients {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, HostArray>;
}

for (const { label, create } of backendsHere()) {
  describe(label, () => {
    const backend = create();
    beforeAll(() => void setBackend(backend));
    afterAll(() => {
      setBackend(undefined);
      backend.close();
    });

    it.each(["linear", "matmul"] as const)("%s has PyTorch's values and gradients", async (name) => {
      const { inputs, weights, output, gradients } = expected.products[name];
      const leaves = inputs.map(({ shape, values }) => tensor(values, { shape, requiresGrad: true }));
      const [a, b, c] = leaves;
      const y = autocast("bfloat16", () => (name === "linear" ? ops.linear(a, b, c) : ops.matmul(a, b)));
      y.backward({ gradient: tensor(weights, { shape: y.shape }) }); // outside of autocast, as in Python
      expectNear("output", await y.data(), Float32Array.from(output), tolerance);
      for (const [i, leaf] of leaves.entries()) {
        const gradient = (await leaf.grad?.data()) as HostArray;
        expectNear(`gradient ${i}`, gradient, Float32Array.from(gradients[i]), tolerance);
      }
    });

    describeShared("models", () => {
      /** Loss and gradients of the checkpoint's own batch. */
      async function compute(name: string, mixedPrecision: "no" | "bf16"): Promise<Gradients> {
        const { reference, folder } = readReference(name);
        const Model = name.endsWith("masked-lm") ? AutoModelForMaskedLM : AutoModelForSequenceClassification;
        const model = await Model.fromPretrained(folder);
        new Accelerator({ mixedPrecision }).prepare(model);
        const loss: Tensor = model.train().forward(batchOf(reference, false)).loss;
        loss.backward();
        const gradients = new Map<string, HostArray>();
        for (const [path, parameter] of model.namedParameters()) {
          if (parameter.grad) gradients.set(path, await parameter.grad.data());
        }
        return { loss: await loss.item(), gradients };
      }

      it.each(Object.keys(expected.models))("%s is as near to float32 as PyTorch's autocast", async (name) => {
        const exact = await compute(name, "no");
        const rounded = await compute(name, "bf16");
        const errors = expected.models[name];
        expect([...rounded.gradients.keys()]).toEqual(Object.keys(errors.gradients));
        let ours = 0;
        let theirs = 0;
        for (const [path, gradient] of rounded.gradients) {
          const reference = exact.gradients.get(path) as HostArray;
          for (const [i, value] of gradient.entries()) ours += (value - reference[i]) ** 2;
          theirs += errors.gradients[path] ** 2;
        }
        expect(ours).toBeLessThanOrEqual(2 * theirs); // squares of errors of one kind, and of chance
        expect(ours).toBeGreaterThan(1e-3 * theirs); // products are rounded at all
        // a single number may be right by chance in either
        expect(Math.abs(rounded.loss - exact.loss)).toBeLessThanOrEqual(Math.max(errors.loss, 2 ** -9 * exact.loss));
      });
    });
  });
}
