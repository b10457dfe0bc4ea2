// Training gives the same bits on one, two and three threads, dropout included.
import { describe, expect, it } from "vitest";
import { createNativeBackend, nativeAvailability } from "../../src/backends/native/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { AdamW, clipGradNorm } from "../../src/optim/index.js";
import { setBackend, tensor } from "../../src/tensor/index.js";

const config = {
  model_type: "bert",
  vocab_size: 500,
  hidden_size: 72,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  intermediate_size: 136,
  max_position_embeddings: 64,
};
const lengths = [50, 7, 23, 41, 64, 1, 12, 33];

/** Bits of all parameters, and the losses, after three steps with dropout, clipping and AdamW. */
async function train(isa: string, threads: number): Promise<{ losses: number[]; parameters: Float32Array[] }> {
  const backend = createNativeBackend({ isa, threads });
  const before = setBackend(backend);
  try {
    const model = AutoModelForSequenceClassification.fromConfig(config, { seed: 11 }).train();
    const optimizer = new AdamW(model.parameters(), { lr: 1e-3 });
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      const columns = Math.max(...lengths);
      const ids = lengths.flatMap((length, row) =>
        Array.from({ length: columns }, (_, i) => (i < length ? (row * 37 + i * 11 + step * 5) % 500 : 0)),
      );
      const mask = lengths.flatMap((length) => Array.from({ length: columns }, (_, i) => Number(i < length)));
      const shape = [lengths.length, columns];
      const { loss } = model.forward({
        input_ids: tensor(Int32Array.from(ids), { shape }),
        attention_mask: tensor(Int32Array.from(mask), { shape }),
        labels: tensor(Int32Array.from(lengths, (length) => length % 2)),
      });
      loss.backward();
      clipGradNorm(model.parameters(), 1);
      optimizer.step();
      optimizer.zeroGrad();
      losses.push(await loss.item());
    }
    const parameters = await Promise.all(model.parameters().map(async (p) => Float32Array.from(await p.data())));
    return { losses, parameters };
  } finally {
    setBackend(before);
    backend.close();
  }
}

describe("the thread count", () => {
  for (const isa of nativeAvailability().isas) {
    it(`changes no bit on ${isa}`, async () => {
      const one = await train(isa, 1);
      expect(one.losses.every(Number.isFinite)).toBe(true);
      for (const threads of [2, 3]) expect(await train(isa, threads), `${threads} threads`).toEqual(one);
    });
  }
});
