// Operations against PyTorch's float64: what each means, apart from how a backend computes it. See pytorch.py.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../src/backends/reference/index.js";
import * as ops from "../../src/tensor/index.js";
import { setBackend, type Tensor, tensor } from "../../src/tensor/index.js";
import { expectClose } from "../backends/every.js";

interface Packed {
  readonly shape: number[];
  readonly data: number[];
}

interface Case {
  readonly inputs: readonly (Packed & { readonly dtype: "float32" | "int32" })[];
  readonly output: Packed;
  readonly weight?: Packed;
  readonly gradients?: readonly (Packed | null)[];
}

const cases = JSON.parse(readFileSync(new URL("./pytorch.json", import.meta.url), "utf8")) as Record<string, Case>;

const offsets = (...starts: number[]): Tensor => tensor(starts, { dtype: "int32" });

/** The expressions of pytorch.py, in ours. */
const expressions: Record<string, (...inputs: Tensor[]) => Tensor> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  pow: (a, b) => a.pow(b),
  "pow number": (a) => a.pow(3),
  "pow zero base": (a, b) => a.pow(b),
  maximum: (a, b) => a.maximum(b),
  minimum: (a, b) => a.minimum(b),
  neg: (x) => x.neg(),
  exp: (x) => x.exp(),
  log: (x) => x.log(),
  sqrt: (x) => x.sqrt(),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  relu: (x) => x.relu(),
  gelu: (x) => x.gelu(),
  "gelu tanh": (x) => x.gelu("tanh"),
  silu: (x) => x.silu(),
  clamp: (x) => x.clamp(-0.5, 1),
  where: (c, a, b) => ops.where(c, a, b),
  matmul: (a, b) => a.matmul(b),
  "matmul batched": (a, b) => a.matmul(b),
  "matmul shared": (a, b) => a.matmul(b),
  "matmul vector": (a, b) => a.matmul(b),
  sum: (x) => x.sum(),
  "sum axes": (x) => x.sum([0, 2]),
  "mean keepdim": (x) => x.mean([1, 2], { keepdim: true }),
  max: (x) => x.max(1),
  argmax: (x) => x.argmax(1),
  "argmax all": (x) => x.argmax(),
  softmax: (x) => x.softmax(-1),
  "softmax axis": (x) => x.softmax(0),
  logSoftmax: (x) => x.logSoftmax(1),
  reshape: (x) => x.reshape([3, -1]),
  permute: (x) => x.permute([2, 0, 1]),
  transpose: (x) => x.transpose(0, -1),
  slice: (x) => x.slice(1, 1, -1),
  concat: (a, b) => ops.concat([a, b, a], 1),
  gather: (x, index) => x.gather(1, index),
  scatterAdd: (x, index, source) => x.scatterAdd(1, index, source),
  embedding: (table, ids) => ops.embedding(table, ids),
  linear: (x, weight, bias) => ops.linear(x, weight, bias),
  layerNorm: (x, gamma, beta) => ops.layerNorm(x, gamma, beta, { epsilon: 1e-12 }),
  "layerNorm residual": (x, residual, gamma, beta) => ops.layerNorm(x, gamma, beta, { residual }),
  feedForward: (x, w1, b1, w2, b2) => ops.feedForward(x, w1, b1, w2, b2, "gelu"),
  attention: (x) => ops.attention([x], { heads: 2, queryOffsets: offsets(0, 3, 4, 9) }),
  "attention causal": (x, bias) => ops.attention([x], { heads: 2, queryOffsets: offsets(0, 3, 7), bias, causal: true }),
  "attention window": (x) => ops.attention([x], { heads: 1, queryOffsets: offsets(0, 6), window: 2 }),
  crossEntropy: (x, labels) => ops.crossEntropy(x, labels),
  "crossEntropy everything": (x, labels, weight) =>
    ops.crossEntropy(x, labels, { weight: weight.detach(), ignoreIndex: 2, labelSmoothing: 0.3 }),
  mse: (a, b) => ops.mse(a, b),
  bceWithLogits: (x, y) => ops.bceWithLogits(x, y),
  "bceWithLogits zero": (x, y) => ops.bceWithLogits(x, y),
  "bceWithLogits large": (x, y) => ops.bceWithLogits(x, y),
  "bceWithLogits posWeight": (x, y, posWeight) => ops.bceWithLogits(x, y, { posWeight: posWeight.detach() }),
};

describe("operations as in PyTorch", () => {
  const backend = createReferenceBackend({ precision: "float64" });
  beforeAll(() => {
    setBackend(backend);
  });
  afterAll(() => {
    setBackend(undefined);
    backend.close();
  });

  it("every case of the file has an expression here", () => {
    expect(Object.keys(expressions)).toEqual(Object.keys(cases));
  });

  it.each(Object.keys(cases))("%s", async (name) => {
    const { inputs, output, weight, gradients } = cases[name];
    const leaves = inputs.map(({ data, shape, dtype }) =>
      tensor(Float64Array.from(data), { shape, dtype, requiresGrad: dtype === "float32" }),
    );
    const result = expressions[name](...leaves);
    expect(result.shape).toEqual(output.shape);
    expectClose(await result.data(), output.data, 1e-13);
    if (!weight || !gradients) return;
    result.backward({ gradient: tensor(Float64Array.from(weight.data), { shape: weight.shape }) });
    for (const [i, gradient] of gradients.entries()) {
      if (!gradient) {
        expect(leaves[i].grad).toBeUndefined();
        continue;
      }
      expect(leaves[i].grad?.shape).toEqual(gradient.shape);
      expectClose((await leaves[i].grad?.data()) ?? [], gradient.data, 1e-13);
    }
  });
});
