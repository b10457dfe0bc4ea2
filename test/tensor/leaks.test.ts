// Memory: a thousand steps of many different lengths must not make the process grow.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/kernels.js";
import { createNativeBackend } from "../../src/backends/native/index.js";
import {
  attention,
  crossEntropy,
  embedding,
  feedForward,
  layerNorm,
  linear,
  noGrad,
  setBackend,
  stackedLinear,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../../src/tensor/index.js";

const width = 128;
const allowed = 16 * 2 ** 20;

let backend: Backend;
let parameters: Record<"table" | "qw" | "qb" | "gamma" | "beta" | "w1" | "b1" | "w2" | "b2" | "head", Tensor>;
beforeAll(() => {
  backend = createNativeBackend({ threads: 2 });
  setBackend(backend);
  const parameter = (...shape: number[]): Tensor => zeros(shape).normal_(0, 0.05).setRequiresGrad(true);
  parameters = {
    table: parameter(1000, width),
    qw: parameter(3 * width, width),
    qb: parameter(3 * width),
    gamma: parameter(width),
    beta: parameter(width),
    w1: parameter(4 * width, width),
    b1: parameter(4 * width),
    w2: parameter(width, 4 * width),
    b2: parameter(width),
    head: parameter(2, width),
  };
});
afterAll(() => {
  setBackend(undefined);
  backend.close();
});

/** A small transformer's loss on sequences of the step's own lengths: 153 different totals, as MRPC's batches have. */
function loss(step: number): Tensor {
  const p = parameters;
  const total = 100 + ((step * 71) % 153);
  const offsets = tensor([0, 40, total], { dtype: "int32" });
  const ids = Int32Array.from({ length: total }, (_, i) => (i * 31 + step * 7) % 1000);
  const x = embedding(p.table, tensor(ids));
  const mixed = attention([stackedLinear(x, [p.qw], [p.qb])], { heads: 4, queryOffsets: offsets, dropout: 0.1 });
  const normal = layerNorm(mixed, p.gamma, p.beta, { residual: x, dropout: 0.1 });
  const out = feedForward(normal, p.w1, p.b1, p.w2, p.b2);
  return crossEntropy(linear(out, p.head), tensor(ids.map((id) => id % 2)));
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Resident bytes once JavaScript's garbage, whose heap grows and shrinks as it likes, is gone. */
async function resident(): Promise<number> {
  collectGarbage();
  await new Promise((resolve) => setImmediate(resolve)); // finalizers
  collectGarbage();
  return process.memoryUsage.rss();
}

const rounds = 3;

/**
 * Growth of the process's resident memory over `steps` steps, after as many as reach the plateau. A leak shows in every
 * round of steps, the heap's own coming and going does not: the first round within bounds decides, else the smallest.
 */
async function growth(warmup: number, steps: number, run: (step: number) => Promise<void>): Promise<number> {
  let step = 0;
  while (step < warmup) await run(step++);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && !(least < allowed); round++) {
    const start = await resident();
    for (const end = step + steps; step < end; ) await run(step++);
    least = Math.min(least, (await resident()) - start);
  }
  return least;
}

describe("resident memory does not grow", { timeout: 300_000 }, () => {
  it("over a thousand steps of training, and nothing is left of a step", async () => {
    const step = async (i: number): Promise<void> => {
      const value = tidy(() => loss(i));
      value.backward();
      tidy(() => {
        for (const parameter of Object.values(parameters)) {
          const { grad } = parameter;
          if (grad) noGrad(() => parameter.copy_(parameter.sub(grad.mul(0.01))));
          parameter.zeroGrad();
        }
      });
      expect(await value.item()).toBeLessThan(10);
      value.dispose();
    };
    await step(0);
    const { bytesInUse } = backend.statistics();
    const used = await growth(400, 1000, step);
    expect(used).toBeLessThan(allowed);
    expect(backend.statistics().bytesInUse).toBe(bytesInUse);
  });

  it("over a thousand forwards without backward, whose results are read and dropped", async () => {
    const used = await growth(600, 1000, async (i) => {
      expect(await tidy(() => loss(i)).item()).toBeLessThan(10);
    });
    expect(used).toBeLessThan(allowed);
  });

  it("over a thousand forwards outside of every scope, where each handle is dropped", async () => {
    const used = await growth(600, 1000, async (i) => {
      expect(await noGrad(() => loss(i)).item()).toBeLessThan(10);
    });
    expect(used).toBeLessThan(allowed);
  });
});

/** Waits until the garbage collector has ended what nobody reaches. */
async function collected(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("memory goes back", () => {
  const inUse = (): number => backend.statistics().bytesInUse;

  it("at once, of a graph whose result is disposed without backward", () => {
    const before = inUse();
    const value = tidy(() => loss(1));
    expect(inUse()).toBeGreaterThan(before);
    value.dispose();
    expect(inUse()).toBe(before);
  });

  it("of a graph only when nobody can go back over any part of it", () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const before = inUse();
    const [square, total] = tidy(() => {
      const square = x.mul(x);
      return [square, square.exp().sum()];
    });
    square.dispose();
    total.backward();
    total.dispose();
    x.zeroGrad();
    expect(inUse()).toBe(before);
    x.dispose();
  });

  it("of a graph and of leaves' gradients that were dropped without a word", async () => {
    await collected();
    const before = inUse();
    (() => {
      const x = tensor([1, 2, 3], { requiresGrad: true });
      x.mul(x).sum().backward();
      x.exp().sum();
    })();
    expect(inUse()).toBeGreaterThan(before);
    await collected();
    expect(inUse()).toBeLessThanOrEqual(before);
  });

  it("but not of a gradient that somebody still holds when its leaf is gone", async () => {
    const gradient = (() => {
      const x = tensor([1, 2, 3], { requiresGrad: true });
      x.mul(x).sum().backward();
      return x.grad;
    })();
    await collected();
    expect(Array.from((await gradient?.data()) ?? [])).toEqual([2, 4, 6]);
  });
});
