// Activation checkpointing: the gradients that there would be without it, and less memory on the way.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  attention,
  autocast,
  checkpoint,
  concat,
  dropout,
  layerNorm,
  linear,
  manualSeed,
  noGrad,
  type ProductPrecision,
  randomState,
  setBackend,
  type Tensor,
  tensor,
  tidy,
} from "../../src/tensor/index.js";
import { backendsHere } from "../backendsHere.js";

const values = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + step * i));
const leaf = (shape: number[], step: number): Tensor =>
  tensor(
    values(
      shape.reduce((a, b) => a * b, 1),
      step,
    ),
    { shape, requiresGrad: true },
  );

for (const { label, create } of backendsHere()) {
  describe(label, () => {
    let before: ReturnType<typeof setBackend>;
    beforeAll(() => {
      before = setBackend(create());
    });
    afterAll(() => {
      setBackend(before)?.close();
    });

    /** Two blocks with dropout, a residual and a shared input; the gradients of everything, as bytes. */
    async function run(checkpointed: boolean, precision: ProductPrecision = "float32"): Promise<string[]> {
      manualSeed(3);
      const [x, shared, gamma] = [leaf([10, 8], 0.3), leaf([8, 8], 0.7), leaf([8], 0.1)];
      const weights = [leaf([24, 8], 0.5), leaf([24, 8], 0.9)];
      const offsets = tensor([0, 4, 10], { dtype: "int32" });
      const block = (state: Tensor, parts: { readonly table: Tensor; readonly offsets: Tensor }, i: number): Tensor =>
        tidy(() => {
          const mixed = attention([linear(state, weights[i])], { heads: 2, queryOffsets: parts.offsets, dropout: 0.2 });
          return layerNorm(linear(mixed, parts.table), gamma, undefined, { residual: state, dropout: 0.3 });
        });
      let state = dropout(x.mul(2), 0.1);
      const table = shared.mul(0.5);
      for (let i = 0; i < 2; i++) {
        const parts = { table, offsets };
        state = autocast(precision, () => (checkpointed ? checkpoint(block, state, parts, i) : block(state, parts, i)));
      }
      const loss = dropout(state, 0.1).sum();
      loss.backward();
      const tensors = [loss, ...[x, shared, gamma, ...weights].map((one) => one.grad as Tensor)];
      const bytes = await Promise.all(
        tensors.map(async (one) => Buffer.from(Float32Array.from(await one.data()).buffer).toString("hex")),
      );
      return [...bytes, JSON.stringify(randomState())];
    }

    it("gives the same loss, gradients and random numbers, to the bit", async () => {
      expect(await run(true)).toEqual(await run(false));
    });

    it("multiplies again in the precision of the first time", async () => {
      const rounded = await run(true, "bfloat16");
      expect(rounded).toEqual(await run(false, "bfloat16"));
      expect(rounded).not.toEqual(await run(false));
    });

    it("keeps only its inputs until backward", () => {
      const [x, weight] = [leaf([64, 64], 0.3), leaf([64, 64], 0.7)];
      const backend = x.backend;
      const deep = (state: Tensor): Tensor =>
        tidy(() => {
          let deeper = state;
          for (let i = 0; i < 10; i++) deeper = linear(deeper, weight).tanh();
          return deeper;
        });
      const kept = (fn: () => Tensor): number => {
        const start = backend.statistics().bytesInUse;
        const out = fn();
        const bytes = backend.statistics().bytesInUse - start;
        out.sum().backward();
        return bytes;
      };
      const [plain, checkpointed] = [kept(() => deep(x)), kept(() => checkpoint(deep, x))];
      expect(checkpointed).toBeLessThan(plain / 5);
    });

    it("gives memory back, whether or not backward runs", () => {
      const [x, weight] = [leaf([32, 32], 0.3), leaf([32, 32], 0.7)];
      const once = (backward: boolean): void => {
        tidy(() => {
          const y = checkpoint((state: Tensor) => linear(state, weight).tanh(), x.mul(1)).sum();
          if (backward) y.backward();
          else y.backward({ retainGraph: true }); // twice from one graph
          if (!backward) y.backward();
        });
        x.zeroGrad();
        weight.zeroGrad();
      };
      once(true);
      const start = x.backend.statistics().bytesInUse;
      for (let i = 0; i < 5; i++) once(i % 2 === 0);
      expect(x.backend.statistics().bytesInUse).toBe(start);
    });
  });
}

it("hands on what it was given where nothing is recorded", async () => {
  const x = leaf([3], 0.4);
  const y = noGrad(() => checkpoint((state: Tensor) => state.mul(2), x));
  expect(y.requiresGrad).toBe(false);
  expect(Array.from(await y.data())).toEqual(Array.from(await x.data(), (value) => Math.fround(2 * value)));
});

it("returns an input as another handle", async () => {
  const x = leaf([3], 0.4);
  const doubled = x.mul(2);
  const same = checkpoint((state: Tensor) => state, doubled);
  expect(same).not.toBe(doubled);
  same.sum().backward();
  expect(Array.from((await x.grad?.data()) ?? [])).toEqual([2, 2, 2]);
});

it("says so where a computed tensor comes in by another way than an argument", () => {
  const x = leaf([3], 0.4);
  const outside = x.mul(2);
  const y = checkpoint((state: Tensor) => concat([state, outside], 0), x.mul(3));
  expect(() => y.sum().backward()).toThrow("what mul computed outside was used inside without being an argument");
});

it("refuses inputs that changed between forward and backward", () => {
  const [x, state] = [leaf([3], 0.4), tensor([1, 2, 3])];
  const y = checkpoint((a: Tensor, b: Tensor) => a.mul(b), x, state);
  state.fill_(0);
  expect(() => y.sum().backward()).toThrow("changed in place");
});
