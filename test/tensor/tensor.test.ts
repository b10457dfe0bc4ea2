// Tensors as handles: made from host data, read, seen otherwise, freed; what the host knows of them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/kernels.js";
import { createReferenceBackend } from "../../src/backends/reference/index.js";
import {
  bceWithLogits,
  cast,
  concat,
  currentBackend,
  full,
  keep,
  ones,
  outsideScopes,
  setBackend,
  type Tensor,
  tensor,
  tidy,
  where,
  zeros,
} from "../../src/tensor/index.js";

let backend: Backend;
beforeAll(() => {
  backend = createReferenceBackend({ precision: "float32" });
  setBackend(backend);
});
afterAll(() => {
  setBackend(undefined);
  backend.close();
});

const ints = (values: number[], shape?: number[]): Tensor => tensor(values, { dtype: "int32", shape });

describe("making tensors", () => {
  it("takes the shape of nested arrays, of a number, of a typed array", async () => {
    expect(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]).shape,
    ).toEqual([2, 3]);
    expect(tensor(7).shape).toEqual([]);
    expect(tensor(Float32Array.of(1, 2)).shape).toEqual([2]);
    expect(tensor(Float32Array.of(1, 2), { shape: [2, 1] }).shape).toEqual([2, 1]);
    expect(tensor([]).shape).toEqual([0]);
    expect(
      await tensor([
        [[1], [2]],
        [[3], [4]],
      ]).toArray(),
    ).toEqual([
      [[1], [2]],
      [[3], [4]],
    ]);
    expect(await tensor(7).toArray()).toBe(7);
  });

  it("is float32 for numbers and int32 for Int32Array, unless told otherwise", async () => {
    expect(tensor([1, 2]).dtype).toBe("float32");
    expect(tensor(Int32Array.of(1)).dtype).toBe("int32");
    expect(tensor([1], { dtype: "int32" }).dtype).toBe("int32");
    expect(await tensor([16777217], { dtype: "int32" }).data()).toEqual(Int32Array.of(16777217));
    expect(await tensor([1 + 2 ** -9], { dtype: "bfloat16" }).data()).toEqual(Float32Array.of(1));
  });

  it("refuses what is no tensor", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(/ragged.*1 .*2/);
    expect(() => tensor([1, [2]] as number[][])).toThrow(/ragged|depth/);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(/3 elements.*\[2, 2\]/);
    expect(() => tensor([1.5], { dtype: "int32" })).toThrow(/1.5/);
    expect(() => tensor([2 ** 31], { dtype: "int32" })).toThrow(/2147483648/);
    expect(() => tensor([Number.NaN], { dtype: "int32" })).toThrow(/NaN/);
  });

  it("copies host data at the call", async () => {
    const host = Float32Array.of(1, 2);
    const made = tensor(host);
    host.fill(9);
    expect(await made.data()).toEqual(Float32Array.of(1, 2));
    const int = Int32Array.of(1, 2);
    const known = tensor(int);
    int.fill(9);
    expect(known.host).toEqual(Int32Array.of(1, 2));
  });

  it("fills", async () => {
    expect(await zeros([2]).data()).toEqual(Float32Array.of(0, 0));
    expect(await ones([2], "int32").data()).toEqual(Int32Array.of(1, 1));
    expect(await full([2], -3.5).data()).toEqual(Float32Array.of(-3.5, -3.5));
  });
});

describe("reading", () => {
  it("item() wants one element", async () => {
    expect(await tensor([[4]]).item()).toBe(4);
    await expect(tensor([1, 2]).item()).rejects.toThrow(/one element.*\[2\]/);
  });

  it("data() is a copy", async () => {
    const made = tensor([1, 2]);
    (await made.data()).fill(9);
    expect(await made.data()).toEqual(Float32Array.of(1, 2));
  });

  it("sees what was enqueued before it, not after", async () => {
    const made = tensor([1, 2]);
    const early = made.data();
    made.fill_(5);
    expect(await early).toEqual(Float32Array.of(1, 2));
    expect(await made.data()).toEqual(Float32Array.of(5, 5));
  });
});

describe("changing in place", () => {
  it("copy_, write_, fill_", async () => {
    const made = tensor([1, 2]);
    expect(await made.copy_(tensor([3, 4])).data()).toEqual(Float32Array.of(3, 4));
    expect(await made.write_([5, 6].map(Math.fround) as unknown as Float32Array).data()).toEqual(Float32Array.of(5, 6));
    expect(await made.fill_(7).data()).toEqual(Float32Array.of(7, 7));
    expect(() => made.copy_(tensor([1]))).toThrow(/\[1\].*\[2\]/);
    expect(() => made.copy_(ints([1, 2]))).toThrow(/int32.*float32/);
    expect(() => made.write_(Float32Array.of(1))).toThrow(/1 values.*\[2\]/);
  });
});

describe("what the host knows", () => {
  it("stays with views, movement, comparisons and integer arithmetic", async () => {
    const x = ints([3, 1, 2, 0, 5, 4], [2, 3]);
    const cases: [Tensor, number[]][] = [
      [x.detach(), [3, 1, 2, 0, 5, 4]],
      [x.reshape([3, 2]), [3, 1, 2, 0, 5, 4]],
      [x.slice(0, 1), [0, 5, 4]],
      [x.slice(1, 1, 2), [1, 5]],
      [x.transpose(0, 1), [3, 0, 1, 5, 2, 4]],
      [concat([x, x.slice(1, 0, 1)], 1), [3, 1, 2, 3, 0, 5, 4, 0]],
      [x.ne(1), [1, 0, 1, 1, 1, 1]],
      [x.lt(ints([3, 1], [2, 1])), [0, 1, 1, 1, 0, 0]],
      [x.add(10), [13, 11, 12, 10, 15, 14]],
      [x.mul(x), [9, 1, 4, 0, 25, 16]],
      [x.maximum(2), [3, 2, 2, 2, 5, 4]],
      [where(x.gt(2), x, -100), [3, -100, -100, -100, 5, 4]],
      [cast(x, "int32"), [3, 1, 2, 0, 5, 4]],
      [zeros([2], "int32"), [0, 0]],
    ];
    for (const [made, expected] of cases) {
      expect(Array.from(made.host ?? [])).toEqual(expected);
      expect(Array.from(await made.data())).toEqual(expected);
    }
  });

  it("is forgotten when the elements change, for every handle", () => {
    const x = ints([1, 2]);
    const view = x.reshape([2, 1]);
    x.fill_(3);
    expect(x.host).toBeUndefined();
    expect(view.host).toBeUndefined();
  });

  it("is nothing for results of the device", () => {
    expect(tensor([1, 2]).gt(1).host).toBeUndefined();
    expect(tensor([1, 2]).argmax().host).toBeUndefined();
    expect(tensor([1, 2]).host).toBeUndefined();
  });
});

describe("lifetimes", () => {
  it("using a freed tensor is an error that names its shape", async () => {
    const x = tensor([1, 2]);
    x.dispose();
    expect(() => x.add(1)).toThrow(/shape \[2\] was used after it was freed/);
    await expect(x.data()).rejects.toThrow(/freed/);
    expect(() => x.detach()).toThrow(/freed/);
    expect(String(x)).toContain("[2]");
    x.dispose(); // a second time is none
  });

  it("`using` frees at the end of the block", () => {
    const before = backend.statistics().bytesInUse;
    {
      using x = tensor(new Float32Array(1000));
      expect(x.size).toBe(1000);
      expect(backend.statistics().bytesInUse).toBeGreaterThan(before);
    }
    expect(backend.statistics().bytesInUse).toBe(before);
  });

  it("memory lives while one handle does", async () => {
    const before = backend.statistics().bytesInUse;
    const x = tensor([1, 2]);
    const view = x.reshape([2, 1]);
    x.dispose();
    expect(await view.data()).toEqual(Float32Array.of(1, 2));
    view.dispose();
    expect(backend.statistics().bytesInUse).toBe(before);
  });

  it("tidy frees all but what is returned, in arrays, maps and objects", async () => {
    const before = backend.statistics().bytesInUse;
    let inner: Tensor | undefined;
    const { kept, list, map } = tidy(() => {
      inner = tensor([1, 2]);
      return { kept: inner.add(1), list: [inner.mul(2)], map: new Map([["a", inner.neg()]]) };
    });
    expect(inner?.disposed).toBe(true);
    expect(await kept.data()).toEqual(Float32Array.of(2, 3));
    expect(await list[0].data()).toEqual(Float32Array.of(2, 4));
    expect(await map.get("a")?.data()).toEqual(Float32Array.of(-1, -2));
    for (const made of [kept, list[0], map.get("a")]) made?.dispose();
    expect(backend.statistics().bytesInUse).toBe(before);
  });

  it("tidy frees on an exception, nests, and refuses an asynchronous function", () => {
    const before = backend.statistics().bytesInUse;
    expect(() =>
      tidy(() => {
        tensor([1]);
        throw new Error("of the user");
      }),
    ).toThrow("of the user");
    tidy(() => {
      const outer = tidy(() => tensor([1]));
      expect(outer.disposed).toBe(false);
    });
    expect(() => tidy(() => Promise.resolve(tensor([1])))).toThrow(/asynchronous/);
    expect(backend.statistics().bytesInUse).toBe(before);
  });

  it("keep and outsideScopes take a tensor out of the scope", () => {
    let kept: Tensor | undefined;
    let outside: Tensor | undefined;
    tidy(() => {
      kept = keep(tensor([1]));
      outside = outsideScopes(() => tensor([2]));
    });
    expect(kept?.disposed).toBe(false);
    expect(outside?.disposed).toBe(false);
    kept?.dispose();
    outside?.dispose();
  });

  it("an op leaves nothing but its result", () => {
    const x = tensor(new Float32Array(600), { shape: [2, 3, 100], requiresGrad: true });
    const [vector, condition] = [tensor(new Float32Array(100)), ints([1, 0, 2], [3, 1])];
    const before = backend.statistics().bytesInUse;
    const calls: (() => Tensor)[] = [
      () => x.add(1),
      () => x.pow(2.5),
      () => x.softmax(1),
      () => x.max([0, 2]),
      () => x.mean(1),
      () => x.matmul(vector),
      () => where(condition, x, 0),
      () => x.slice(2, 0, 3),
      () => concat([x, x], 1),
      () => bceWithLogits(x, x.detach()),
    ];
    for (const call of calls) {
      tidy(() => call().sum().backward());
      x.zeroGrad();
      expect(backend.statistics().bytesInUse).toBe(before);
    }
  });
});

describe("backends", () => {
  it("do not mix in one call", () => {
    const here = tensor([1]);
    const other = createReferenceBackend({ precision: "float64" });
    setBackend(other);
    const there = tensor([1]);
    setBackend(backend);
    expect(() => here.add(there)).toThrow(/add: its tensors are on different backends/);
    expect(there.add(1).backend).toBe(other);
    expect(currentBackend()).toBe(backend);
  });
});
