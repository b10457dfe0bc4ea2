// The graph: what backward computes, keeps, refuses and lets go of.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/kernels.js";
import { createReferenceBackend } from "../../src/backends/reference/index.js";
import {
  attention,
  cast,
  concat,
  crossEntropy,
  dropout,
  embedding,
  feedForward,
  gradEnabled,
  linear,
  noGrad,
  setBackend,
  type Tensor,
  tensor,
  where,
} from "../../src/tensor/index.js";

let backend: Backend;
beforeAll(() => {
  backend = createReferenceBackend({ precision: "float64" });
  setBackend(backend);
});
afterAll(() => {
  setBackend(undefined);
  backend.close();
});
afterEach(() => expect(gradEnabled()).toBe(true));

const leaf = (data: Parameters<typeof tensor>[0], shape?: number[]): Tensor =>
  tensor(data, { shape, requiresGrad: true });
const gradientOf = async (x: Tensor): Promise<number[] | undefined> => {
  const data = await x.grad?.data();
  return data && Array.from(data);
};

describe("backward", () => {
  it("sums a broadcast operand's gradient over what it was repeated along", async () => {
    const a = leaf([[1, 2, 3]]); // [1, 3]
    const b = leaf([10, 20], [2, 1]);
    const c = leaf(5, []);
    // sum over i, j of (a_j + b_i) * c
    a.add(b).mul(c).sum().backward();
    expect(await gradientOf(a)).toEqual([10, 10, 10]);
    expect(await gradientOf(b)).toEqual([15, 15]);
    expect(await gradientOf(c)).toEqual([2 * 6 + 3 * 30]);
    expect(a.grad?.shape).toEqual([1, 3]);
    expect(b.grad?.shape).toEqual([2, 1]);
    expect(c.grad?.shape).toEqual([]);
  });

  it("adds up over all uses of a tensor, in and between calls", async () => {
    const x = leaf([3]);
    const y = x.mul(x); // two uses in one op
    y.add(x).backward(); // 2x + 1
    expect(await gradientOf(x)).toEqual([7]);
    x.mul(2).backward();
    expect(await gradientOf(x)).toEqual([9]);
    x.zeroGrad();
    expect(x.grad).toBeUndefined();
    x.neg().backward();
    expect(await gradientOf(x)).toEqual([-1]);
  });

  it("visits a node once, after all of its consumers", async () => {
    // a diamond in a diamond: y = x^2, z = (y + y * 3) * (y + 1)
    const x = leaf([2]);
    const y = x.mul(x);
    y.add(y.mul(3)).mul(y.add(1)).backward(); // 4 y (y + 1) -> (8 y + 4) 2 x
    expect(await gradientOf(x)).toEqual([(8 * 4 + 4) * 4]);
  });

  it("leaves what two consumers share unchanged while it adds gradients up", async () => {
    // dy reaches both operands of add as the same memory; one of them then gets a second gradient added.
    const [a, b] = [leaf([1, 1]), leaf([1, 1])];
    const sum = a.add(b);
    sum
      .mul(tensor([2, 3]))
      .sum()
      .add(a.mul(10).sum())
      .backward();
    expect(await gradientOf(a)).toEqual([12, 13]);
    expect(await gradientOf(b)).toEqual([2, 3]);
  });

  it("adds in place where a rule offers to, with the same result", async () => {
    // linear, slice, gather and takeRows add onto what another consumer left
    const x = leaf([1, 2, 3, 4], [2, 2]);
    const w = leaf([1, 0, 0, 1], [2, 2]);
    const loss = linear(x, w)
      .sum()
      .add(linear(x, w).mul(2).sum())
      .add(x.slice(1, 0, 1).sum())
      .add(x.slice(0, 1).sum());
    loss.backward();
    expect(await gradientOf(x)).toEqual([4, 3, 5, 4]);
    expect(await gradientOf(w)).toEqual([3 * 4, 3 * 6, 3 * 4, 3 * 6]);
  });

  it("starts from a given gradient, for a tensor of any shape", async () => {
    const x = leaf([1, 2, 3]);
    const start = tensor([1, 10, 100]);
    x.mul(x).backward({ gradient: start });
    expect(await gradientOf(x)).toEqual([2, 40, 600]);
    expect(Array.from(await start.data())).toEqual([1, 10, 100]);
    expect(() => x.mul(x).backward({ gradient: tensor([1, 2]) })).toThrow(/\[2\].*\[3\]/);
  });

  it("needs a gradient for several elements, and something to differentiate", () => {
    const x = leaf([1, 2, 3]);
    expect(() => x.mul(2).backward()).toThrow(/\[3\] needs a gradient/);
    expect(() => tensor([1]).mul(2).backward()).toThrow(/nothing behind this tensor requires a gradient/);
    expect(() => x.detach().sum().backward()).toThrow(/detached/);
  });

  it("gives gradients of an embedding whose rows are used once, twice and never", async () => {
    const table = leaf([1, 2, 3, 4, 5, 6], [3, 2]);
    const ids = tensor([2, 0, 2], { dtype: "int32" });
    embedding(table, ids)
      .mul(
        tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      )
      .sum()
      .backward();
    expect(await gradientOf(table)).toEqual([3, 4, 0, 0, 6, 8]);
    // a second, with other rows, and a dense use (a tied decoder)
    embedding(table, tensor([1], { dtype: "int32" }))
      .sum()
      .backward();
    expect(await gradientOf(table)).toEqual([3, 4, 1, 1, 6, 8]);
    table.mul(10).sum().add(embedding(table, ids).sum()).backward();
    expect(await gradientOf(table)).toEqual([14, 15, 11, 11, 18, 20]);
  });

  it("lets go of the graph: a second backward is refused, of retainGraph not", async () => {
    const x = leaf([3]);
    const y = x.mul(x);
    const z = y.exp();
    y.backward({ retainGraph: true });
    y.backward();
    expect(await gradientOf(x)).toEqual([12]);
    expect(() => y.backward()).toThrow(/used up by an earlier backward.*retainGraph/);
    expect(() => z.backward()).toThrow(/used up/);
    expect(await gradientOf(x)).toEqual([12]);
  });

  it("keeps the handles readable", async () => {
    const x = leaf([1, 2]);
    const y = x.mul(x);
    const loss = y.sum();
    loss.backward();
    expect(await loss.item()).toBe(5);
    expect(Array.from(await y.data())).toEqual([1, 4]);
  });

  it("frees what the graph held, as it goes", () => {
    const x = leaf(new Float32Array(1000));
    const before = backend.statistics().bytesInUse;
    let y = x.exp();
    for (let i = 0; i < 20; i++) {
      const next = y.exp();
      y.dispose();
      y = next;
    }
    const loss = y.sum();
    y.dispose();
    const held = backend.statistics().bytesInUse - before;
    expect(held).toBeGreaterThanOrEqual(21 * 8000); // every exp keeps its output
    loss.backward();
    loss.dispose();
    x.zeroGrad();
    expect(backend.statistics().bytesInUse).toBe(before);
  });
});

describe("recording", () => {
  it("stops inside noGrad, nested too, and goes on after an exception", () => {
    const x = leaf([1]);
    const y = noGrad(() => {
      noGrad(() => x.mul(2));
      return x.mul(2);
    });
    expect(y.requiresGrad).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new Error("of the user");
      }),
    ).toThrow("of the user");
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  it("refuses an asynchronous function in noGrad", () => {
    let ran = false;
    expect(() =>
      noGrad(async () => {
        ran = true;
      }),
    ).toThrow(/asynchronous/);
    expect(ran).toBe(false);
    expect(() => noGrad(() => Promise.resolve(1))).toThrow(/asynchronous/);
  });

  it("ends at detach(), which shares the elements", async () => {
    const x = leaf([2]);
    const cut = x.mul(3).detach();
    expect(cut.requiresGrad).toBe(false);
    x.mul(cut).backward();
    expect(await gradientOf(x)).toEqual([6]);
    const other = tensor([1, 2]);
    other.detach().fill_(7);
    expect(Array.from(await other.data())).toEqual([7, 7]);
  });

  it("happens only where an input requires a gradient", () => {
    expect(tensor([1]).mul(tensor([2])).requiresGrad).toBe(false);
    expect(tensor([1]).mul(leaf([2])).requiresGrad).toBe(true);
    expect(leaf([1]).gt(0).requiresGrad).toBe(false);
    expect(leaf([1]).argmax().requiresGrad).toBe(false);
  });

  it("can be turned on for leaves of float32 alone", () => {
    expect(() => leaf([1]).mul(2).setRequiresGrad(false)).toThrow(/leaves/);
    expect(() => tensor([1], { dtype: "int32" }).setRequiresGrad(true)).toThrow(/int32/);
    expect(() => tensor([1], { dtype: "int32", requiresGrad: true })).toThrow(/int32/);
  });

  it("fails when the call is made, where the op has no gradient for an argument", () => {
    const x = leaf([[1, 2, 3]]);
    const labels = tensor([1], { dtype: "int32" });
    expect(() => cast(x, "bfloat16")).toThrow(/cast: has no gradient.*noGrad.*detach/);
    const weight = leaf([1, 2, 3]);
    expect(() => crossEntropy(x, labels, { weight })).toThrow(/crossEntropy: has no gradient for its argument/);
    expect(crossEntropy(x, labels, { weight: weight.detach() }).requiresGrad).toBe(true);
    expect(noGrad(() => crossEntropy(x, labels, { weight })).requiresGrad).toBe(false);
  });
});

describe("changes in place between forward and backward", () => {
  const changes: [string, (x: Tensor) => unknown][] = [
    ["fill_", (x) => x.fill_(1)],
    ["copy_", (x) => x.copy_(tensor(new Float32Array(x.size), { shape: x.shape }))],
    ["write_", (x) => x.write_(new Float32Array(x.size))],
    ["fill_ of an alias", (x) => x.detach().fill_(1)],
  ];
  it.each(changes)("%s of what the gradient needs is an error", (_, change) => {
    const [a, b] = [leaf([1, 2]), tensor([3, 4])];
    const y = a.mul(b).sum();
    change(b);
    expect(() => y.backward()).toThrow(/^mul: a tensor of shape \[2\] .*changed in place/);
    expect(a.grad).toBeUndefined();
  });

  it("is seen for outputs, int32 inputs and fused ops too", () => {
    const x = leaf([1, 2]);
    const y = x.exp();
    y.detach().fill_(0);
    expect(() => y.sum().backward()).toThrow(/^exp: .*changed in place/);
    const ids = tensor([0, 1], { dtype: "int32" });
    const table = leaf([1, 2, 3, 4], [2, 2]);
    const rows = embedding(table, ids);
    ids.fill_(1);
    expect(() => rows.sum().backward()).toThrow(/^embedding: .*changed in place/);
    const weights = [leaf([1, 0, 0, 1], [2, 2]), leaf([0, 0]), leaf([1, 0, 0, 1], [2, 2]), leaf([0, 0])];
    const out = feedForward(leaf([[1, 2]]), weights[0], weights[1], weights[2], weights[3]);
    weights[2].fill_(3);
    expect(() => out.sum().backward()).toThrow(/^feedForward: .*changed in place/);
  });

  it("of what the gradient does not need is none", async () => {
    const [a, b] = [leaf([1, 2]), tensor([3, 4])];
    const y = a.add(b).sum();
    b.fill_(9);
    y.backward();
    expect(await gradientOf(a)).toEqual([1, 1]);
  });
});

describe("random ops", () => {
  it("drop the same elements forward and backward, others at the next call", async () => {
    const x = leaf(new Float32Array(200).fill(1));
    const y = dropout(x, 0.5);
    y.sum().backward();
    const kept = Array.from(await y.data());
    expect(await gradientOf(x)).toEqual(kept);
    expect(new Set(kept)).toEqual(new Set([0, 2]));
    expect(Array.from(await dropout(x, 0.5).data())).not.toEqual(kept);
  });
});

describe("shapes that do not fit", () => {
  const x = () => leaf(new Float32Array(6), [2, 3]);
  const int = (values: number[], shape?: number[]) => tensor(values, { shape, dtype: "int32" });
  const calls: [string, () => unknown, RegExp][] = [
    ["add", () => x().add(tensor([1, 2])), /add.*\[2, 3\].*\[2\]/],
    ["add of dtypes", () => x().add(int([1])), /add.*float32 \[2, 3\].*int32 \[1\].*cast/],
    ["add of a fraction to integers", () => int([1]).add(0.5), /add: 0.5 is no int32/],
    ["div of integers", () => int([1]).div(int([2])), /div.*int32.*cast/],
    ["exp of integers", () => int([1]).exp(), /exp: int32.*cast/],
    ["clamp", () => x().clamp(2, 1), /clamp.*2.*1/],
    ["where", () => where(x(), 1, 2), /where: float32 condition/],
    ["matmul", () => x().matmul(x()), /matmul: \[2, 3\] and \[2, 3\]/],
    [
      "matmul of batches",
      () => leaf(new Float32Array(12), [2, 2, 3]).matmul(leaf(new Float32Array(9), [3, 3, 1])),
      /matmul.*\[2\].*\[3\]/,
    ],
    ["sum", () => x().sum(2), /sum: axis 2 .* 2 dimensions/],
    ["sum of an axis twice", () => x().sum([0, -2]), /sum: an axis occurs twice/],
    ["max of nothing", () => leaf(new Float32Array(0), [0, 2]).max(), /max: \[0, 2\] holds no element/],
    ["argmax of nothing", () => leaf(new Float32Array(0), [2, 0]).argmax(1), /argmax: \[2, 0\]/],
    ["reshape", () => x().reshape([4, -1]), /reshape: \[2, 3\].*\[4, -1\]/],
    ["permute", () => x().permute([0, 0]), /permute: \[0, 0\].*\[2, 3\]/],
    ["slice", () => x().slice(1, 1, 4), /slice: 1 to 4 of axis 1.*\[2, 3\]/],
    ["concat", () => concat([x(), leaf(new Float32Array(4), [2, 2])], 0), /concat.*\[2, 3\].*\[2, 2\].*axis 0/],
    ["concat of nothing", () => concat([]), /concat: there is nothing/],
    ["gather", () => x().gather(1, int([0, 1])), /gather: int32 index \[2\] for \[2, 3\]/],
    ["gather outside", () => x().gather(1, int([0, 3], [2, 1])), /gather: index 3 at element 1 .*axis 1 of \[2, 3\]/],
    ["scatterAdd", () => x().scatterAdd(1, int([0, 1], [2, 1]), x()), /scatterAdd.*\[2, 1\].*\[2, 3\]/],
    ["embedding", () => embedding(x(), int([0, 2])), /embedding: id 2 at position 1 .*2 rows/],
    ["crossEntropy", () => crossEntropy(x(), int([0, 3])), /crossEntropy: label 3 at row 1.*3 classes/],
    ["dropout", () => dropout(x(), 1), /dropout.*\[0, 1\).*1/],
    ["linear", () => linear(x(), x(), tensor([1])), /linear.*\[2, 3\].*\[1\]/],
    [
      "attention",
      () => attention([x()], { heads: 2, queryOffsets: int([0, 2]) }),
      /attention: inputs \[2, 3\] with 2 heads/,
    ],
    [
      "attention's offsets",
      () => attention([x()], { heads: 1, queryOffsets: int([0, 1]) }),
      /attention: queryOffsets \[0, 1\].*2 rows/,
    ],
    ["nine dimensions", () => leaf([1], [1, 1, 1, 1, 1, 1, 1, 1, 1]).add(1), /add.*more than 8 dimensions/],
  ];
  it.each(calls)("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  it("an error leaves no memory behind", () => {
    const [a, b] = [leaf([1, 2]), tensor([1, 2, 3])];
    const before = backend.statistics().bytesInUse;
    expect(() => a.add(b)).toThrow();
    expect(() => cast(a, "float16")).toThrow();
    expect(backend.statistics().bytesInUse).toBe(before);
  });
});
