// Models by their own class, and the first values of new ones.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AutoModel,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertModel,
  DistilBertModel,
  RobertaForMaskedLM,
  XLMRobertaModel,
} from "../../src/models/index.js";
import { tensor } from "../../src/tensor/index.js";

const tiny = {
  vocab_size: 30,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 12,
};
const input_ids = tensor([[5, 6, 7]], { dtype: "int32" });

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "attune-classes-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("a model's own class", () => {
  it("makes and loads models, of its own type", async () => {
    const model = BertForSequenceClassification.fromConfig(tiny, { seed: 1, numLabels: 3 });
    expect(model.classifier.weight.shape).toEqual([3, 16]);
    await model.savePretrained(root);
    const again = await BertForSequenceClassification.fromPretrained(root);
    expect(again.training).toBe(false);
    expect(await again.forward({ input_ids }).logits.data()).toEqual(await model.forward({ input_ids }).logits.data());
    const encoder = await BertModel.fromPretrained(root);
    expect(await encoder.embeddings.word_embeddings.weight.data()).toEqual(
      await model.bert.embeddings.word_embeddings.weight.data(),
    );
    expect(
      BertForQuestionAnswering.fromConfig({ ...tiny, id2label: { 0: "a", 1: "b", 2: "c" } }).qa_outputs.weight.shape,
    ).toEqual([2, 16]);
  });

  it("refuses another family's checkpoint", async () => {
    await AutoModel.fromConfig({ model_type: "roberta", ...tiny }).savePretrained(root);
    await expect(BertModel.fromPretrained(root)).rejects.toThrow(
      /has model_type "roberta", and BertModel is for "bert"; the Auto classes/,
    );
    await expect(XLMRobertaModel.fromPretrained(root)).rejects.toThrow(/XLMRobertaModel is for "xlm-roberta"/);
  });
});

describe("first values", () => {
  it("leave the rows of padding at zero, as Python's do", async () => {
    const { roberta } = RobertaForMaskedLM.fromConfig({ ...tiny, pad_token_id: 1 }, { seed: 1 });
    for (const table of [roberta.embeddings.word_embeddings, roberta.embeddings.position_embeddings]) {
      const values = await table.weight.data();
      expect(Array.from(values.subarray(16, 32))).toEqual(Array(16).fill(0));
      expect(values.filter((value) => value === 0)).toHaveLength(16);
    }
  });

  it("are sines where DistilBERT's config asks for them", async () => {
    const config = { vocab_size: 30, dim: 4, n_layers: 1, n_heads: 2, hidden_dim: 8, max_position_embeddings: 3 };
    const model = DistilBertModel.fromConfig(config, { sinusoidal_pos_embds: true });
    // transformers' create_sinusoidal_embeddings(3, 4)
    const expected = [
      [0, 1, 0, 1],
      [0.8414709568023682, 0.5403022766113281, 0.009999833069741726, 0.9999499917030334],
      [0.9092974066734314, -0.416146844625473, 0.019998665899038315, 0.9998000264167786],
    ].flat();
    const values = await model.embeddings.position_embeddings.weight.data();
    expect(Array.from(values, (value, i) => Math.abs(value - expected[i]))).toEqual(
      Array(12).fill(expect.closeTo(0, 6)),
    );
  });
});
