// Modules: names and order of parameters, modes, and the ends of handles made inside forward.
import { describe, expect, it } from "vitest";
import {
  Dropout,
  LayerNorm,
  Linear,
  Module,
  Parameter,
  pack,
  packIntegers,
  stack,
  unpack,
} from "../../src/nn/index.js";
import { keep, type Tensor, tensor } from "../../src/tensor/index.js";

class Block extends Module {
  readonly dense = new Linear(3, 2);
  readonly norm = new LayerNorm(2);
  readonly layers = [new Linear(2, 2, { bias: false }), new Linear(2, 2)];
  readonly scale = new Parameter([1]);
  stolen: Tensor | undefined;

  override forward(x: Tensor): { y: Tensor } {
    this.stolen = this.dense.forward(x);
    return { y: this.norm.forward(this.stolen) };
  }
}

describe("Module", () => {
  it("names parameters by their path, its own first, then its submodules' in the order of the fields", () => {
    const names = Array.from(new Block().namedParameters(), ([name]) => name);
    expect(names).toEqual([
      "scale",
      "dense.weight",
      "dense.bias",
      "norm.weight",
      "norm.bias",
      "layers.0.weight",
      "layers.1.weight",
      "layers.1.bias",
    ]);
  });

  it("lists a tied parameter once", () => {
    const table = new Linear(2, 2);
    const tied = new (class extends Module {
      readonly first = table;
      readonly second = new Linear(2, 2, { weight: table.weight, bias: false });
      override forward(): void {}
    })();
    expect(tied.parameters()).toHaveLength(2);
  });

  it("ends what forward made and did not return, with an error that says so", async () => {
    const block = new Block();
    const { y } = block.forward(tensor([[1, 2, 3]]));
    expect((await y.data()).length).toBe(2);
    await expect(async () => block.stolen?.data()).rejects.toThrow(/\[1, 2\] was used after it was freed.*keep\(\)/);
  });

  it("leaves alone what was kept", async () => {
    const block = new (class extends Block {
      override forward(x: Tensor): { y: Tensor } {
        this.stolen = keep(this.dense.forward(x));
        return { y: this.norm.forward(this.stolen) };
      }
    })();
    block.forward(tensor([[1, 2, 3]]));
    expect((await block.stolen?.data())?.length).toBe(2);
  });

  it("switches dropout by mode", async () => {
    const layer = new Dropout(0.5);
    const x = tensor([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(Array.from(await layer.eval().forward(x).data())).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    const dropped = Array.from(await layer.train().forward(x).data());
    expect(dropped.every((value) => value === 0 || value === 2)).toBe(true);
  });

  it("names the parameters that exist when one is asked for that does not", () => {
    expect(() => new Block().parameter("dense.gamma")).toThrow(/no parameter "dense.gamma".*dense.weight/);
  });

  it("stacks layers in one memory without anyone noticing", async () => {
    const [a, b] = stack(2, 2, 1);
    a.weight.write_(Float32Array.of(1, 2));
    b.weight.write_(Float32Array.of(3, 4));
    expect(Array.from(await a.weight.data())).toEqual([1, 2]);
    expect(Array.from(await b.forward(tensor([[1, 1]])).data())).toEqual([7]);
    expect(a.weight.storage).toBe(b.weight.storage);
  });
});

describe("packing", () => {
  it("keeps real tokens in order and puts them back", async () => {
    const mask = tensor(
      [
        [1, 1, 0],
        [0, 1, 1],
        [1, 1, 1],
      ],
      { dtype: "int32" },
    );
    const packing = pack([3, 3], mask);
    expect(packing.offsets.host).toEqual(Int32Array.of(0, 2, 4, 7));
    expect(packing.first.host).toEqual(Int32Array.of(0, 2, 4));
    expect(packing.columns).toEqual(Int32Array.of(0, 1, 1, 2, 0, 1, 2));
    const ids = tensor(
      [
        [1, 2, 9],
        [9, 3, 4],
        [5, 6, 7],
      ],
      { dtype: "int32" },
    );
    expect(packIntegers(ids, packing).host).toEqual(Int32Array.of(1, 2, 3, 4, 5, 6, 7));
    const padded = unpack(tensor([[1], [2], [3], [4], [5], [6], [7]]), packing);
    expect(await padded.toArray()).toEqual([
      [[1], [2], [0]],
      [[0], [3], [4]],
      [[5], [6], [7]],
    ]);
  });

  it("refuses a row without a token and a mask of another shape", () => {
    expect(() => pack([1, 2], tensor([[0, 0]], { dtype: "int32" }))).toThrow(/row 0 has no real token/);
    expect(() => pack([1, 2], tensor([[1, 1, 1]], { dtype: "int32" }))).toThrow(
      /\[1, 3\] does not fit input_ids \[1, 2\]/,
    );
  });
});
