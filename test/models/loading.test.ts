// Loading and saving of models: what fits, what is said where something does not.
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint, writeSafetensors } from "../../src/checkpoint/index.js";
import {
  AutoConfig,
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForSequenceClassification,
} from "../../src/models/index.js";
import { noGrad, type Tensor, tensor } from "../../src/tensor/index.js";

const tiny = {
  model_type: "bert",
  vocab_size: 30,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 12,
};

const ids = (rows: number[][]): Tensor => tensor(rows, { dtype: "int32" });

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "attune-models-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function saved(name: string, seed = 1): Promise<string> {
  const folder = join(root, name);
  await AutoModelForSequenceClassification.fromConfig(tiny, { seed, numLabels: 3 }).savePretrained(folder);
  return folder;
}

describe("saving and loading", () => {
  it("gives the same logits, bit for bit, and the same config", async () => {
    const model = AutoModelForSequenceClassification.fromConfig(tiny, { seed: 5, id2label: ["no", "yes", "maybe"] });
    const folder = join(root, "round-trip");
    await model.savePretrained(folder);
    const again = await AutoModelForSequenceClassification.fromPretrained(folder);
    const batch = {
      input_ids: ids([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    };
    expect(await again.forward(batch).logits.data()).toEqual(await model.forward(batch).logits.data());
    expect(again.config.label2id).toEqual({ no: 0, yes: 1, maybe: 2 });
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
    expect(config.architectures).toEqual(["BertForSequenceClassification"]);
    expect(config.id2label).toEqual({ 0: "no", 1: "yes", 2: "maybe" });
  });

  it("draws heads from the seed: normal with initializer_range, biases zero, gains one", async () => {
    const folder = await saved("head");
    const load = (seed: number) =>
      AutoModelForSequenceClassification.fromPretrained(folder, { seed, numLabels: 2, ignoreMismatchedSizes: true });
    const [a, b, c] = [await load(7), await load(7), await load(8)];
    expect(await a.parameter("classifier.weight").data()).toEqual(await b.parameter("classifier.weight").data());
    expect(await a.parameter("classifier.weight").data()).not.toEqual(await c.parameter("classifier.weight").data());
    const model = AutoModelForMaskedLM.fromConfig({ ...tiny, vocab_size: 2000 }, { seed: 3 });
    const table = Float32Array.from(await model.parameter("bert.embeddings.word_embeddings.weight").data());
    const mean = table.reduce((sum, x) => sum + x, 0) / table.length;
    const deviation = Math.sqrt(table.reduce((sum, x) => sum + (x - mean) ** 2, 0) / table.length);
    // five standard errors of 32,000 draws
    expect(Math.abs(mean)).toBeLessThan((5 * 0.02) / Math.sqrt(table.length));
    expect(Math.abs(deviation - 0.02)).toBeLessThan((5 * 0.02) / Math.sqrt(2 * table.length));
    expect(Array.from(await model.parameter("cls.predictions.transform.LayerNorm.weight").data())).toEqual(
      Array(16).fill(1),
    );
    expect(Array.from(await model.parameter("cls.predictions.bias").data())).toEqual(Array(2000).fill(0));
  });

  it("loads an encoder with or without the family's prefix, and older names of LayerNorm's parameters", async () => {
    const folder = await saved("spelling");
    const expected = await (await AutoModel.fromPretrained(folder))
      .forward({ input_ids: ids([[1, 2]]) })
      .last_hidden_state.data();
    const bare = join(root, "bare");
    await cp(folder, bare, { recursive: true });
    const source = await openCheckpoint(folder);
    const old = source.names
      .filter((name) => name.startsWith("bert."))
      .map((name) => ({
        name: name.slice(5).replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
        dtype: source.info(name).dtype,
        shape: source.info(name).shape,
        data: () => source.read(name),
      }));
    await writeSafetensors(join(bare, "model.safetensors"), [
      ...old,
      { name: "embeddings.position_ids", dtype: "I64", shape: [1, 12], data: () => new BigInt64Array(12) },
    ]);
    await source.close();
    await AutoModelForSequenceClassification.fromPretrained(bare);
    const again = await AutoModel.fromPretrained(bare);
    expect(await again.forward({ input_ids: ids([[1, 2]]) }).last_hidden_state.data()).toEqual(expected);
  });
});

describe("what does not fit", () => {
  it("names a folder that is not there, and says what to do", async () => {
    await expect(
      AutoModel.fromPretrained("bert-base-uncased", { localFilesOnly: true, cacheDir: root }),
    ).rejects.toThrow(
      /there is no folder "bert-base-uncased" here, and the model "bert-base-uncased" at "main" is not in the cache/,
    );
    await expect(AutoModel.fromPretrained("./nothing/here")).rejects.toThrow(/there is no folder ".\/nothing\/here"/);
    await expect(AutoModel.fromPretrained(root)).rejects.toThrow(/config.json cannot be read/);
  });

  it("names an architecture that is not known, and those that are", async () => {
    const folder = await saved("architecture");
    await writeFile(join(folder, "config.json"), JSON.stringify({ ...tiny, model_type: "bart" }));
    await expect(AutoModel.fromPretrained(folder)).rejects.toThrow(
      /model_type "bart".*did you mean "bert".*known: bert/,
    );
    await expect(AutoConfig.fromPretrained(folder)).rejects.toThrow(/model_type "bart"/);
    await writeFile(join(folder, "config.json"), "{");
    await expect(AutoModel.fromPretrained(folder)).rejects.toThrow(/config.json is not JSON/);
  });

  it("names shapes that differ and the way on", async () => {
    const folder = await saved("shapes");
    await expect(AutoModelForSequenceClassification.fromPretrained(folder, { numLabels: 2 })).rejects.toThrow(
      /classifier.weight: \[3, 16\] in the checkpoint, \[2, 16\] in the model.*ignoreMismatchedSizes/,
    );
    await expect(AutoModel.fromPretrained(folder, { hidden_size: 15 })).rejects.toThrow(
      /hidden_size 15 is not a multiple of num_attention_heads 2/,
    );
  });

  it("names encoder weights that are missing", async () => {
    const folder = await saved("missing");
    await expect(AutoModel.fromPretrained(folder, { num_hidden_layers: 3 })).rejects.toThrow(
      /lacks weights of BertModel: encoder.layer.2.attention.self.query.weight/,
    );
  });

  it("names a truncated file", async () => {
    const folder = await saved("truncated");
    await truncate(join(folder, "model.safetensors"), 5000);
    await expect(AutoModel.fromPretrained(folder)).rejects.toThrow(/model.safetensors/);
  });

  it("refuses what its BERT does not do", async () => {
    expect(() => AutoModel.fromConfig({ ...tiny, position_embedding_type: "relative_key" })).toThrow(
      /position_embedding_type/,
    );
    expect(() => AutoModel.fromConfig({ ...tiny, hidden_act: "gellu" })).toThrow(
      /hidden_act "gellu".*did you mean "gelu"/,
    );
    expect(() => AutoModel.fromConfig({ ...tiny, vocab_size: "30" })).toThrow(/vocab_size must be a number/);
  });
});

describe("bad batches", () => {
  const model = AutoModelForSequenceClassification.fromConfig(tiny, { seed: 1, numLabels: 3 });

  it("says which label, id or position is out of range", () => {
    const input_ids = ids([
      [1, 2],
      [3, 4],
    ]);
    expect(() => model.forward({ input_ids, labels: tensor(Int32Array.of(0, 3)) })).toThrow(
      /label 3 at row 1 is outside the 3 classes 0 ... 2/,
    );
    expect(() =>
      model.forward({
        input_ids: ids([
          [1, 2],
          [3, 30],
        ]),
      }),
    ).toThrow(/id 30 at row 1, position 1 is outside the vocabulary of 30/);
    expect(() => model.forward({ input_ids: tensor(new Int32Array(13), { shape: [1, 13] }) })).toThrow(
      /13 tokens long, the model has 12 positions.*truncation: true/,
    );
  });

  it("names a column that the model does not take, and a missing one", () => {
    expect(() => model.forward({ input_ids: ids([[1]]), label: ids([[1]]) })).toThrow(/also has "label" \(labels\?\)/);
    expect(() => model.forward({ attention_mask: ids([[1]]) })).toThrow(
      /needs input_ids; the batch has attention_mask/,
    );
  });

  it("says that there is no loss without labels", () => {
    expect(() => model.forward({ input_ids: ids([[1, 2]]) }).loss).toThrow(/the batch had no labels/);
  });

  it("makes NaN in the loss an error that names it and the step", async () => {
    const broken = AutoModelForSequenceClassification.fromConfig(tiny, { seed: 1, numLabels: 3 });
    broken.parameter("classifier.bias").write_(Float32Array.of(Number.NaN, 0, 0));
    const { loss } = broken.forward({ input_ids: ids([[1, 2]]), labels: tensor(Int32Array.of(0)) });
    await expect(loss.item()).rejects.toThrow(/loss.*step/s);
  });

  it("computes padding too where the mask is known to the device only, with the same result", async () => {
    const input_ids = ids([
      [1, 2, 3, 4],
      [5, 6, 0, 0],
    ]);
    const host = ids([
      [1, 1, 1, 1],
      [1, 1, 0, 0],
    ]);
    const device = host.mul(
      ids([
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ]),
    );
    device.markChanged(); // as if a kernel had written it: its values are not known to the host
    const run = (attention_mask: Tensor) => noGrad(() => model.forward({ input_ids, attention_mask })).logits.data();
    const [a, b] = [await run(host), await run(device)];
    // float32, sums in another order
    a.forEach((x, i) => {
      expect(Math.abs(x - b[i])).toBeLessThan(1e-6);
    });
  });
});
