// The Accelerator in one process: what it hands back, when gradients are complete, what reaches the disk.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Accelerator } from "../../src/accelerate/index.js";
import { openCheckpoint } from "../../src/checkpoint/index.js";
import { Linear } from "../../src/nn/index.js";
import { AdamW, getScheduler } from "../../src/optim/index.js";
import { manualSeed, mse, type Tensor, tensor } from "../../src/tensor/index.js";

const folder = await mkdtemp(join(tmpdir(), "attune-accelerate-"));
afterAll(() => rm(folder, { recursive: true }));

/** Rows of 3 numbers and their targets, of which no two are alike. */
const inputs = Array.from({ length: 8 }, (_, i) => [Math.sin(i), Math.cos(3 * i), 0.1 * i]);
const targets = Array.from({ length: 8 }, (_, i) => [Math.sin(2 * i + 1)]);

class Loader {
  readonly batchSize: number;

  constructor(batchSize: number) {
    this.batchSize = batchSize;
  }

  get length(): number {
    return Math.ceil(inputs.length / this.batchSize);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<{ x: Tensor; y: Tensor }> {
    for (let start = 0; start < inputs.length; start += this.batchSize) {
      const end = start + this.batchSize;
      yield { x: tensor(inputs.slice(start, end)), y: tensor(targets.slice(start, end)) };
    }
  }
}

function modelOf(): Linear {
  manualSeed(7);
  return new Linear(3, 1);
}

describe("prepare", () => {
  it("gives back the same objects in the same order, whatever the order", () => {
    const model = modelOf();
    const adamw = new AdamW(model.parameters());
    const loader = new Loader(2);
    const schedule = getScheduler("constant", adamw);
    const accelerator = new Accelerator();
    const [s, l, o, m] = accelerator.prepare(schedule, loader, adamw, model);
    expect([s, l, o, m]).toEqual([schedule, loader, adamw, model]);
    expect(o).toBe(adamw);
    o satisfies AdamW;
    l satisfies Loader;
    expect(accelerator.prepare(model, adamw)[1]).toBe(adamw); // once more is no harm
    expect(accelerator.unwrapModel(m)).toBe(model);
  });

  it("refuses what it does not know, and what another accelerator has", () => {
    const adamw = new AdamW(modelOf().parameters());
    expect(() => new Accelerator().prepare({ steps: 3 } as never)).toThrow(/argument 1 \(Object\) is neither/);
    new Accelerator().prepare(adamw);
    expect(() => new Accelerator().prepare(adamw)).toThrow(/another Accelerator/);
    expect(() => new Accelerator({ gradientAccumulationSteps: 0 })).toThrow(/positive integer, not 0/);
  });
});

describe("mixed precision", () => {
  // 1 + 2^-10 and 1 are the same bfloat16
  const x = () => tensor([[1 + 2 ** -10, 0, 0]]);
  const first = async (model: Linear) => (await model.forward(x()).data())[0];
  const one = (): Linear => {
    const model = modelOf();
    model.weight.write_(new Float32Array([1, 0, 0]));
    model.bias?.write_(new Float32Array(1));
    return model;
  };

  it("rounds the factors of a prepared model's products, and nothing else", async () => {
    const model = one();
    const accelerator = new Accelerator({ mixedPrecision: "bf16" });
    expect(accelerator.mixedPrecision).toBe("bf16");
    expect(await first(model)).toBe(1 + 2 ** -10);
    accelerator.prepare(model);
    expect(await first(model)).toBe(1);
    model.bias?.write_(new Float32Array([2 ** -10]));
    expect(await first(model)).toBe(1 + 2 ** -10); // the sum is float32
    const loss = mse(model.forward(x()), tensor([[0]]));
    loss.backward();
    expect(Array.from((await model.weight.grad?.data()) ?? [])).toEqual([2, 0, 0]); // 2 (1 + 2^-10) and x, rounded
    expect(Array.from((await model.bias?.grad?.data()) ?? [])).toEqual([2 * (1 + 2 ** -10)]);
    expect(model.weight.dtype).toBe("float32");
  });

  it("is the last accelerator's that prepared the model, and autocast's for what stands outside", async () => {
    const model = one();
    const accelerator = new Accelerator({ mixedPrecision: "bf16" });
    expect(await accelerator.autocast(() => model.forward(x())).data()).toEqual(new Float32Array([1]));
    expect(() => accelerator.autocast(async () => {})).toThrow(/asynchronous/);
    accelerator.prepare(model);
    accelerator.prepare(model);
    new Accelerator().prepare(model);
    expect(await first(model)).toBe(1 + 2 ** -10);
  });

  it("refuses what there is none of", () => {
    expect(() => new Accelerator({ mixedPrecision: "fp16" as never })).toThrow(/"no", "bf16".*"fp16".*float16/);
    expect(() => new Accelerator({ mixedPrecision: "fp8" as never })).toThrow(/not "fp8"/);
  });
});

/** Trains with the calls of a user's loop and gives the weights after each optimizer step. */
async function train(batchSize: number, gradientAccumulationSteps: number): Promise<number[][]> {
  const accelerator = new Accelerator({ gradientAccumulationSteps });
  const model = modelOf();
  const adamw = new AdamW(model.parameters(), { lr: 0.1, weightDecay: 0 });
  const updates = vi.spyOn(adamw, "step");
  const schedule = getScheduler("linear", adamw, { numWarmupSteps: 0, numTrainingSteps: 10 });
  const [m, o, loader, s] = accelerator.prepare(model, adamw, new Loader(batchSize), schedule);
  const weights: number[][] = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    for await (const { x, y } of loader) {
      accelerator.accumulate(m, () => {
        accelerator.backward(mse(m.forward(x), y));
        const norm = accelerator.clipGradNorm(m.parameters(), 0.5);
        expect(norm === undefined).toBe(!accelerator.syncGradients);
        o.step();
        s.step();
        o.zeroGrad();
      });
      if (accelerator.syncGradients) weights.push([...(await m.weight.data()), s.getLastLr()[0]]);
    }
  }
  expect(updates).toHaveBeenCalledTimes(weights.length);
  return weights;
}

describe("gradient accumulation", () => {
  it("gives the steps of the larger batch: 2 x 4 as 8, 4 x 2 as 8", async () => {
    const whole = await train(8, 1);
    expect(whole.length).toBe(3);
    for (const [batchSize, steps] of [
      [4, 2],
      [2, 4],
    ]) {
      const parts = await train(batchSize, steps);
      expect(parts.length).toBe(whole.length);
      for (const [i, row] of whole.entries()) {
        for (const [j, value] of row.entries()) expect(Math.abs(parts[i][j] - value)).toBeLessThanOrEqual(1e-6);
      }
    }
  });

  it("completes a step at the end of a prepared loader, and starts the next epoch anew", async () => {
    const accelerator = new Accelerator({ gradientAccumulationSteps: 3 });
    const model = modelOf();
    const [loader] = accelerator.prepare(new Loader(2)); // four batches: three and one
    const synced: boolean[] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      for await (const _ of loader) accelerator.accumulate(model, () => synced.push(accelerator.syncGradients));
    }
    expect(synced).toEqual([false, false, true, true, false, false, true, true]);
  });

  it("is not confused by another loader inside of the loop, or one that was left early", async () => {
    const accelerator = new Accelerator({ gradientAccumulationSteps: 2 });
    const model = modelOf();
    const [loader, other] = accelerator.prepare(new Loader(2), new Loader(8));
    for await (const _ of other) break;
    const synced: boolean[] = [];
    for await (const _ of loader) {
      for await (const _inner of other);
      accelerator.accumulate(model, () => synced.push(accelerator.syncGradients));
    }
    expect(synced).toEqual([false, true, false, true]);
  });

  it("weights a loss where it is told to, and holds steps back in noSync", async () => {
    const accelerator = new Accelerator();
    const model = modelOf();
    const [adamw] = accelerator.prepare(new AdamW(model.parameters()));
    const loss = () => mse(model.forward(tensor(inputs)), tensor(targets));
    accelerator.backward(loss());
    const full = await model.weight.grad?.data();
    model.zeroGrad();
    accelerator.noSync(model, () => {
      accelerator.backward(loss(), { weight: 0.25 });
      adamw.step();
      adamw.zeroGrad();
      expect(accelerator.syncGradients).toBe(false);
    });
    expect(accelerator.syncGradients).toBe(true);
    const quarter = await model.weight.grad?.data();
    expect(adamw.state.size).toBe(0);
    full?.forEach((value, i) => {
      expect(Math.abs((quarter?.[i] ?? Number.NaN) - value / 4)).toBeLessThanOrEqual(1e-7);
    });
  });
});

describe("the rest of one process", () => {
  it("is the main process, gathers nothing, waits for nobody, prints", async () => {
    const accelerator = new Accelerator();
    expect([accelerator.processIndex, accelerator.numProcesses, accelerator.isMainProcess]).toEqual([0, 1, true]);
    const batch = { predictions: tensor([1]) };
    expect(accelerator.gather(batch)).toBe(batch);
    expect(accelerator.gatherForMetrics(batch)).toBe(batch);
    await accelerator.waitForEveryone();
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    accelerator.print("loss", 0.5);
    expect(log).toHaveBeenCalledWith("loss", 0.5);
    log.mockRestore();
  });

  it("saves tensors that can be read back, and models by their own method", async () => {
    const accelerator = new Accelerator();
    const path = join(folder, "model.safetensors");
    await accelerator.save(
      [
        ["a", tensor([[1, 2.5]])],
        ["ids", tensor([3, -1], { dtype: "int32" })],
      ],
      path,
    );
    const checkpoint = await openCheckpoint(folder);
    try {
      expect([...checkpoint.names].sort()).toEqual(["a", "ids"]);
      expect(checkpoint.info("a").shape).toEqual([1, 2]);
      expect(Array.from(await checkpoint.readFloat32("a"))).toEqual([1, 2.5]);
      expect(checkpoint.info("ids").dtype).toBe("I32");
    } finally {
      await checkpoint.close();
    }
    const savePretrained = vi.fn(async () => undefined);
    await accelerator.saveModel(Object.assign(modelOf(), { savePretrained }), "somewhere");
    expect(savePretrained).toHaveBeenCalledWith("somewhere");
  });
});
