// AdamW and clipping against PyTorch's numbers and by definition.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Parameter } from "../../src/nn/index.js";
import { AdamW, clipGradNorm } from "../../src/optim/index.js";
import { embedding, linear, setBackend, type Tensor, tensor } from "../../src/tensor/index.js";
import { backendsHere } from "../backendsHere.js";
import { expectClose } from "../parity/fixtures.js";
import { describeShared, sharedJson } from "../shared.js";

type Steps = Record<string, { initial: number[][]; gradients: number[][][]; parameters: number[][][] }>;

/** Gives `parameter` this gradient through the graph: the gradient of sum(parameter * gradient). */
function collect(parameter: Tensor, gradient: number[][]): void {
  parameter.mul(tensor(gradient)).sum().backward();
}

for (const { label, create } of backendsHere()) {
  describe(`optimizers on ${label}`, () => {
    let before: ReturnType<typeof setBackend>;
    beforeAll(() => {
      before = setBackend(create());
    });
    afterAll(() => {
      setBackend(before)?.close();
    });

    describeShared("AdamW", () => {
      for (const decay of ["0.0", "0.01"]) {
        it(`takes PyTorch's steps with weight decay ${decay}`, async () => {
          const { initial, gradients, parameters } = sharedJson<Steps>("fixtures/adamw.json")[decay];
          const parameter = new Parameter([7, 5]);
          parameter.copy_(tensor(initial));
          const optimizer = new AdamW([parameter], { lr: 1e-3, weightDecay: Number(decay) });
          for (const [i, gradient] of gradients.entries()) {
            collect(parameter, gradient);
            optimizer.step();
            optimizer.zeroGrad();
            // half a unit in the last place of numbers up to 4 (2.4e-7), once more with each step
            expectClose(
              await parameter.data(),
              parameters[i].flat(),
              2.4e-7 * (i + 1),
              `parameters after step ${i + 1}`,
            );
          }
        });
      }
    });

    it("moves rows of a table that a step did not touch, as dense AdamW does, and decays those that none ever did", async () => {
      const values = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(i), i / 10]);
      const sparse = new Parameter([12, 3]).copy_(tensor(values));
      const dense = new Parameter([12, 3]).copy_(tensor(values));
      const make = (parameter: Tensor) => new AdamW([parameter], { lr: 0.1, weightDecay: 0.5 });
      const optimizers = [make(sparse), make(dense)];
      const weights = tensor([[1], [2], [-1]]).reshape([1, 3]);
      const all = Array.from({ length: 12 }, (_, row) => row);
      // "whole": a gradient that is not known by its rows, after which all of them move
      for (const ids of [[1, 5, 5], [2], "resumed", [5, 11], "whole", [3], "resumed", [0, 3]] as const) {
        if (ids === "resumed") {
          const { step, firstMoment, secondMoment } = optimizers[0].state.get(sparse) ?? expect.fail("no state");
          const [first, second] = (await Promise.all([firstMoment.data(), secondMoment.data()])) as Float32Array[];
          optimizers[0] = make(sparse);
          optimizers[0].setState(sparse, { step, first, second });
          continue;
        }
        const rows: readonly number[] = ids === "whole" ? all : ids;
        const gradient = all.map((row) => [1, 2, -1].map((w) => w * rows.filter((id) => id === row).length));
        if (ids === "whole") collect(sparse, gradient);
        else
          linear(embedding(sparse, tensor(Int32Array.from(ids))), weights)
            .sum()
            .backward();
        collect(dense, gradient);
        for (const optimizer of optimizers) {
          optimizer.step();
          optimizer.zeroGrad();
        }
        // the same arithmetic on the same numbers
        expectClose(await sparse.data(), await dense.data(), 1e-7, `table after ${ids}`);
      }
    });

    it("clips by the norm over all gradients, sparse ones included, and folds the factor into the step", async () => {
      const table = new Parameter([4, 2]);
      const bias = new Parameter([3]);
      embedding(table, tensor(Int32Array.from([1, 1, 2])))
        .sum()
        .backward(); // rows 1: [2, 2], 2: [1, 1]
      bias
        .mul(tensor([2, -1, 1]))
        .sum()
        .backward();
      const norm = clipGradNorm([table, bias], 2);
      const expected = Math.sqrt(4 + 4 + 1 + 1 + 4 + 1 + 1);
      expectClose([await norm.item()], [expected], 1e-6, "norm"); // float32
      const factor = 2 / (expected + 1e-6);
      expectClose((await bias.grad?.data()) ?? [], [2 * factor, -factor, factor], 1e-6, "clipped gradient");
      expectClose(
        (await table.grad?.data()) ?? [],
        [0, 0, 2 * factor, 2 * factor, factor, factor, 0, 0],
        1e-6,
        "clipped rows",
      );
    });

    it("leaves gradients below the norm as they are", async () => {
      const bias = new Parameter([2]);
      bias
        .mul(tensor([0.3, -0.4]))
        .sum()
        .backward();
      clipGradNorm([bias], 1);
      // min(1, 1 / 0.5) is exactly 1
      expect(Array.from((await bias.grad?.data()) ?? [])).toEqual(
        [Math.fround(0.3), Math.fround(-0.4)].map((x) => expect.closeTo(x, 7)),
      );
    });

    it("makes a gradient that is not finite an error that names it", async () => {
      const bias = new Parameter([2]);
      bias
        .mul(tensor([Number.NaN, 1]))
        .sum()
        .backward();
      const norm = clipGradNorm([bias], 1);
      await expect(norm.item()).rejects.toThrow(/norm of the gradients/);
    });
  });
}

describe("AdamW's arguments", () => {
  it("refuses what cannot be optimized", () => {
    const parameter = new Parameter([2]);
    expect(() => new AdamW([])).toThrow(/no parameters/);
    expect(() => new AdamW([parameter, parameter])).toThrow(/two places/);
    expect(() => new AdamW([parameter], { lr: -1 })).toThrow(/lr is out of range: -1/);
    expect(() => new AdamW([tensor([1])])).toThrow(/none of the 1 tensors requires a gradient/);
  });
});
