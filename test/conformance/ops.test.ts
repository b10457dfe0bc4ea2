// Derived from the table of ops: every op, every sample, on every backend of this machine against the float64 reference;
// the reference's gradients against finite differences; every fused op against its composition.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, HostArray } from "../../src/backends/kernels.js";
import { createReferenceBackend } from "../../src/backends/reference/index.js";
import { ops, setBackend, type Tensor } from "../../src/tensor/index.js";
import { backendsHere } from "../backendsHere.js";
import { type AnyOp, call, cotangent, expectNear, type Outcome, prepare, run } from "./run.js";
import { SeededSampler } from "./sampler.js";

const reference = createReferenceBackend({ precision: "float64" });
const table = Object.entries(ops) as unknown as [string, AnyOp][];

afterAll(() => {
  setBackend(undefined);
  reference.close();
});

/** Numbers of an op's samples; their `terms` and `composed` are read where the sample is run. */
function sampleIndices(op: AnyOp): number[] {
  const before = setBackend(reference);
  const count = op.definition.samples(new SeededSampler(1)).length;
  setBackend(before);
  return Array.from({ length: count }, (_, i) => i);
}

function sampleOf(op: AnyOp, index: number) {
  const before = setBackend(reference);
  const { sample, hasIntegers } = prepare({ backend: reference, op, index });
  setBackend(before);
  return { terms: sample.terms ?? 1, composed: sample.composed ?? true, hasIntegers };
}

function compare(actual: Outcome, expected: Outcome, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  if (expected.dtype === "int32") expect(Array.from(actual.values)).toEqual(Array.from(expected.values));
  else expectNear("value", actual.values, expected.values, tolerance);
  expect(actual.gradients.map((gradient) => gradient?.length)).toEqual(expected.gradients.map((g) => g?.length));
  expected.gradients.forEach((gradient, i) => {
    if (gradient) expectNear(`gradient of input ${i}`, actual.gradients[i] as HostArray, gradient, tolerance);
  });
}

describe("kernels", () => {
  for (const { label, create } of backendsHere()) {
    it(`${label} has every kernel`, () => {
      const backend = create();
      const missing = Object.keys(reference.kernels).filter(
        (name) => typeof backend.kernels[name as keyof Backend["kernels"]] !== "function",
      );
      backend.close();
      expect(missing, `kernels that ${label} lacks`).toEqual([]);
    });
  }
});

for (const { label, create } of backendsHere()) {
  describe(`${label} against the float64 reference`, () => {
    let backend: Backend;
    beforeAll(() => {
      backend = create();
    });
    afterAll(() => backend.close());

    for (const [name, op] of table) {
      for (const index of sampleIndices(op)) {
        it(`${name}, sample ${index}`, async () => {
          const { terms, hasIntegers } = sampleOf(op, index);
          // One float32 operation rounds by 2^-24; exp, erf and their like are right to a few of these, and a chain of
          // operations adds up (8 allowed). The roundings of a sum of n terms add up as a random walk does, to sqrt(n).
          const tolerance = 2 ** -24 * (8 + 2 * Math.sqrt(terms));
          for (const hostKnows of hasIntegers ? [true, false] : [true]) {
            const expected = await run({ backend: reference, op, index, hostKnows });
            compare(await run({ backend, op, index, hostKnows }), expected, tolerance);
          }
        });
      }
    }
  });
}

// Ops whose products may be of bfloat16. A second product rounds what the first one computed: where that lies between
// two bfloat16, the last bit of a float32 decides, and a term of the sum is off by 2^-8 of it.
const withProducts = { linear: 0, stackedLinear: 0, matmul: 0, feedForward: 2 ** -8, lowRank: 2 ** -8 };

for (const { label, create } of backendsHere()) {
  describe(`${label} against the float64 reference, products of bfloat16`, () => {
    const backend = create();
    afterAll(() => backend.close());

    for (const [name, ofTerm] of Object.entries(withProducts)) {
      const op = table.find(([other]) => other === name)?.[1] as AnyOp;
      for (const index of sampleIndices(op)) {
        it(`${name}, sample ${index}`, async () => {
          const tolerance = ofTerm + 2 ** -24 * (8 + 2 * Math.sqrt(sampleOf(op, index).terms));
          const expected = await run({ backend: reference, op, index, precision: "bfloat16" });
          compare(await run({ backend, op, index, precision: "bfloat16" }), expected, tolerance);
          const exact = await run({ backend: reference, op, index });
          expect(() => compare(expected, exact, 2 ** -20), "they are rounded").toThrow();
        });
      }
    }
  });
}

describe("the reference's gradients against central differences", () => {
  // At step h a central difference is off by the third derivative times h^2 / 6 and by 2^-52 / h of rounding.
  const step = 2 ** -16;
  const tolerance = 1e-7;

  for (const [name, op] of table) {
    for (const index of sampleIndices(op)) {
      it(`${name}, sample ${index}`, async () => {
        const before = setBackend(reference);
        try {
          const { gradients } = await run({ backend: reference, op, index });
          const { sample, leaves } = prepare({ backend: reference, op, index });
          const loss = async (): Promise<number> => {
            const values = await call({ backend: reference, op, index }, sample.args).data();
            const weights = cotangent(values.length);
            return weights.reduce((sum, weight, i) => sum + weight * values[i], 0);
          };
          for (const [i, leaf] of leaves.entries()) {
            const gradient = gradients[i];
            if (gradient) await checkLeaf(leaf, gradient, loss, `gradient of input ${i}`);
          }
        } finally {
          setBackend(before);
        }
      });
    }
  }

  async function checkLeaf(leaf: Tensor, gradient: HostArray, loss: () => Promise<number>, what: string) {
    const start = Float64Array.from(await leaf.data());
    const slope = async (direction: (i: number) => number): Promise<number> => {
      leaf.write_(start.map((value, i) => value + step * direction(i)));
      const above = await loss();
      leaf.write_(start.map((value, i) => value - step * direction(i)));
      const below = await loss();
      leaf.write_(start);
      return (above - below) / (2 * step);
    };
    // Up to ten elements one by one, and all of them at once in a direction without pattern.
    const picked = Array.from({ length: Math.min(10, start.length) }, (_, i) => Math.floor((i * start.length) / 10));
    const directions = [
      ...[...new Set(picked)].map((at) => (i: number) => (i === at ? 1 : 0)),
      (i: number) => Math.sin(i * i + 1),
    ];
    const measured = new Float64Array(directions.length);
    const expected = new Float64Array(directions.length);
    for (const [d, direction] of directions.entries()) {
      measured[d] = await slope(direction);
      for (const [i, value] of gradient.entries()) expected[d] += value * direction(i);
    }
    expectNear(what, measured, expected, tolerance);
  }
});

describe("fused ops against their compositions", () => {
  const fused = table.filter(([, { definition }]) => "composition" in definition && definition.composition);

  it("there are some", () => {
    expect(fused.map(([name]) => name)).toEqual(
      expect.arrayContaining(["linear", "stackedLinear", "feedForward", "layerNorm", "attention", "crossEntropy"]),
    );
  });

  for (const [name, op] of fused) {
    const comparable = sampleIndices(op).filter((index) => sampleOf(op, index).composed);
    it(`${name} has a sample that its composition can run`, () => {
      expect(comparable.length).toBeGreaterThan(0);
    });
    for (const index of comparable) {
      it(`${name}, sample ${index}`, async () => {
        const { terms } = sampleOf(op, index);
        const expected = await run({ backend: reference, op, index, composed: true });
        compare(await run({ backend: reference, op, index }), expected, 2 ** -52 * (16 + 4 * terms));
      });
    }
  }
});
