// Activation checkpointing of models: the same bits, less memory.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNativeBackend } from "../../src/backends/native/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { setBackend, tensor } from "../../src/tensor/index.js";

const sizes = { vocab_size: 40, hidden_size: 32, num_hidden_layers: 6, num_attention_heads: 2, intermediate_size: 64 };
const bertLike = { ...sizes, max_position_embeddings: 40 };
const configs = [
  { model_type: "bert", ...bertLike },
  { model_type: "albert", ...bertLike, embedding_size: 16, hidden_dropout_prob: 0.1 },
  {
    model_type: "distilbert",
    vocab_size: 40,
    dim: 32,
    n_layers: 6,
    n_heads: 2,
    hidden_dim: 64,
    max_position_embeddings: 40,
  },
  { model_type: "mpnet", ...bertLike },
  {
    model_type: "deberta-v2",
    ...bertLike,
    ...{ relative_attention: true, position_buckets: 8, pos_att_type: ["p2c", "c2p"], share_att_key: true },
  },
  { model_type: "modernbert", ...sizes, local_attention: 6, attention_dropout: 0.1, mlp_dropout: 0.1 },
];

const lengths = [17, 5, 12, 20];
const shape = [lengths.length, 20];
const batch = () => ({
  input_ids: tensor(
    lengths.flatMap((length, row) => Array.from({ length: 20 }, (_, i) => (i < length ? 2 + ((row * 7 + i) % 38) : 0))),
    { shape, dtype: "int32" },
  ),
  attention_mask: tensor(
    lengths.flatMap((length) => Array.from({ length: 20 }, (_, i) => Number(i < length))),
    { shape, dtype: "int32" },
  ),
  labels: tensor([0, 1, 1, 0], { dtype: "int32" }),
});

describe("activation checkpointing", () => {
  let before: ReturnType<typeof setBackend>;
  beforeAll(() => {
    before = setBackend(createNativeBackend());
  });
  afterAll(() => {
    setBackend(before)?.close();
  });

  async function run(config: Readonly<Record<string, unknown>>, everyNLayers: number | undefined) {
    const model = AutoModelForSequenceClassification.fromConfig(config, { seed: 4 }).train();
    if (everyNLayers !== undefined) model.activationCheckpointingEnable({ everyNLayers });
    const { backend } = model.parameters()[0];
    const start = backend.statistics().bytesInUse;
    const { loss } = model.forward(batch());
    const kept = backend.statistics().bytesInUse - start;
    loss.backward();
    const bits: Record<string, string> = { loss: String(await loss.item()) };
    for (const [name, parameter] of model.namedParameters()) {
      const gradient = await parameter.grad?.data();
      bits[name] = gradient ? Buffer.from(Float32Array.from(gradient).buffer).toString("base64") : "none";
    }
    return { bits, kept, model };
  }

  it.each(configs.map((config) => [config.model_type, config] as const))(
    "changes no bit of %s's loss and gradients, dropout included, and keeps less",
    async (_, config) => {
      const plain = await run(config, undefined);
      expect(Object.values(plain.bits)).not.toContain("none");
      const checkpointed = await run(config, 1);
      expect(checkpointed.bits).toEqual(plain.bits);
      expect(checkpointed.kept).toBeLessThan(plain.kept / 3);
      const every = await run(config, 2);
      expect(every.bits).toEqual(plain.bits);
      // ALBERT's layers are one
      expect(every.kept).toBeGreaterThanOrEqual(checkpointed.kept + (config.model_type === "albert" ? 0 : 1));
      expect(every.kept).toBeLessThan(plain.kept);
    },
  );

  it("can be switched off again, and says whether it is on", () => {
    const model = AutoModelForSequenceClassification.fromConfig(configs[0], { seed: 4 });
    expect(model.isActivationCheckpointing).toBe(false);
    model.activationCheckpointingEnable();
    expect(model.isActivationCheckpointing).toBe(true);
    model.activationCheckpointingDisable();
    expect(model.isActivationCheckpointing).toBe(false);
    expect(() => model.activationCheckpointingEnable({ everyNLayers: 0 })).toThrow("everyNLayers");
  });
});
