// Checkpoints as they are published: tied weights under either key, older names, buffers, encoders without a prefix, pickle.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  openCheckpoint,
  type TensorToWrite,
  TorchTensor,
  writeSafetensors,
  writeTorchFile,
} from "../../src/checkpoint/index.js";
import {
  AutoConfig,
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForSequenceClassification,
  type PreTrainedModel,
} from "../../src/models/index.js";
import { type Tensor, tensor } from "../../src/tensor/index.js";
import { readReference } from "../parity/fixtures.js";
import { describeShared } from "../shared.js";

const bert = {
  vocab_size: 30,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 12,
};
const distilbert = { vocab_size: 30, dim: 16, n_layers: 2, n_heads: 2, hidden_dim: 24, max_position_embeddings: 12 };
const narrow = { ...bert, embedding_size: 8 };

/** Each family's config, its word table, and the second key under which checkpoints may hold it. */
const families = [
  ["bert", bert, "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"],
  ["distilbert", distilbert, "distilbert.embeddings.word_embeddings.weight", "vocab_projector.weight"],
  ["roberta", bert, "roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"],
  ["xlm-roberta", bert, "roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"],
  ["camembert", bert, "roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"],
  ["electra", narrow, "electra.embeddings.word_embeddings.weight", "generator_lm_head.weight"],
  ["albert", narrow, "albert.embeddings.word_embeddings.weight", "predictions.decoder.weight"],
] as const;

const input_ids = tensor([[5, 6, 7, 8]], { dtype: "int32" });

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "attune-spelling-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function saved(model: PreTrainedModel): Promise<string> {
  const folder = join(root, String(count++));
  await model.savePretrained(folder);
  return folder;
}

type Edit = (tensors: readonly TensorToWrite[]) => readonly TensorToWrite[];

/** A copy of the checkpoint whose tensors went through `edit`. */
async function edited(folder: string, edit: Edit): Promise<string> {
  const copy = join(root, String(count++));
  await mkdir(copy);
  await writeFile(join(copy, "config.json"), await readFile(join(folder, "config.json")));
  await using source = await openCheckpoint(folder);
  const tensors = source.names.map((name) => ({ ...source.info(name), name, data: () => source.read(name) }));
  await writeSafetensors(join(copy, "model.safetensors"), edit(tensors));
  return copy;
}

const renamed =
  (change: (name: string) => string): Edit =>
  (tensors) =>
    tensors.map((one) => ({ ...one, name: change(one.name) }));

const scores = async (model: { forward(batch: { input_ids: Tensor }): { readonly logits: Tensor } }) =>
  Array.from(await model.forward({ input_ids }).logits.data());

describe.each(families)("%s", (model_type, config, table, copy) => {
  it("saves a tied table once, and loads it from either key", async () => {
    const model = AutoModelForMaskedLM.fromConfig({ model_type, ...config }, { seed: 1 });
    const expected = await scores(model);
    const folder = await saved(model);
    await using checkpoint = await openCheckpoint(folder);
    expect([checkpoint.has(table), checkpoint.has(copy)]).toEqual([true, false]);
    for (const edit of [
      renamed((name) => (name === table ? copy : name)), // as if the other of the two had been kept
      (tensors: readonly TensorToWrite[]) => [
        ...tensors,
        ...renamed(() => copy)(tensors.filter(({ name }) => name === table)),
      ],
    ]) {
      const again = await AutoModelForMaskedLM.fromPretrained(await edited(folder, edit));
      expect(await scores(again)).toEqual(expected);
    }
  });

  it("says that a table and its copy differ, and loads both where the config does not tie them", async () => {
    const model = AutoModelForMaskedLM.fromConfig({ model_type, ...config }, { seed: 1, tie_word_embeddings: false });
    const expected = await scores(model);
    const folder = await saved(model);
    expect(await scores(await AutoModelForMaskedLM.fromPretrained(folder))).toEqual(expected);
    await expect(AutoModelForMaskedLM.fromPretrained(folder, { tie_word_embeddings: true })).rejects.toThrow(
      new RegExp(`${table} and ${copy} differ.*tie_word_embeddings: false`),
    );
  });

  it("loads pytorch_model.bin, buffers of old checkpoints in it, and an encoder without its prefix", async () => {
    const model = AutoModelForSequenceClassification.fromConfig({ model_type, ...config }, { seed: 2 });
    const folder = await saved(model);
    const prefix = table.slice(0, table.indexOf(".") + 1);
    const bin = join(root, String(count++));
    await mkdir(bin);
    await writeFile(join(bin, "config.json"), await readFile(join(folder, "config.json")));
    await using source = await openCheckpoint(folder);
    const state = source.names.map((name) => {
      const { dtype, shape } = source.info(name);
      return [name, new TorchTensor(dtype, shape, () => source.read(name))] as const;
    });
    const positions = new TorchTensor("I64", [1, 12], () => BigInt64Array.from({ length: 12 }, (_, i) => BigInt(i)));
    await writeTorchFile(
      join(bin, "pytorch_model.bin"),
      new Map([...state, [`${prefix}embeddings.position_ids`, positions] as const]),
    );
    expect(await scores(await AutoModelForSequenceClassification.fromPretrained(bin))).toEqual(await scores(model));

    const expected = await (await AutoModel.fromPretrained(folder)).forward({ input_ids }).last_hidden_state.data();
    const bare = await edited(folder, (tensors) =>
      renamed((name) => name.slice(prefix.length))(tensors.filter(({ name }) => name.startsWith(prefix))),
    );
    const encoder = await AutoModel.fromPretrained(bare);
    expect(await encoder.forward({ input_ids }).last_hidden_state.data()).toEqual(expected);
  });

  it("is found by its architecture where a config has no model_type", async () => {
    const model = AutoModelForMaskedLM.fromConfig({ model_type, ...config }, { seed: 1 });
    const folder = await saved(model);
    const path = join(folder, "config.json");
    const { model_type: _, ...rest } = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    await writeFile(path, JSON.stringify(rest));
    expect((await AutoConfig.fromPretrained(folder)).model_type).toBe(model_type);
    expect((await AutoModelForMaskedLM.fromPretrained(folder)).constructor).toBe(model.constructor);
  });
});

describe("config.json", () => {
  it("has floats where Python's classes take nothing else", async () => {
    const folder = await saved(AutoModel.fromConfig({ model_type: "bert", ...bert }, { initializer_range: 1 }));
    expect(await readFile(join(folder, "config.json"), "utf8")).toMatch(/^ {2}"initializer_range": 1\.0,$/m);
    expect((await AutoConfig.fromPretrained(folder)).initializer_range).toBe(1);
  });
});

describe("RoBERTa's positions", () => {
  it("leave as many tokens as Python's tables do", () => {
    const model = AutoModel.fromConfig({ model_type: "roberta", ...bert });
    model.forward({ input_ids: tensor(new Int32Array(10).fill(5), { shape: [1, 10] }) });
    expect(() => model.forward({ input_ids: tensor(new Int32Array(11).fill(5), { shape: [1, 11] }) })).toThrow(
      /11 tokens long, the model has 10 positions/,
    );
  });

  it("need ids that the host knows", () => {
    const model = AutoModel.fromConfig({ model_type: "roberta", ...bert });
    const ids = tensor([[5, 6]], { dtype: "int32" });
    ids.markChanged(); // as if a kernel had written it
    expect(() => model.forward({ input_ids: ids })).toThrow(/input_ids must be known to the host.*position_ids/);
    model.forward({ input_ids: ids, position_ids: tensor([[2, 3]], { dtype: "int32" }) });
  });
});

describeShared("another head's checkpoint", () => {
  it.each(["bert", "distilbert", "roberta", "electra", "albert"])(
    "of %s gives its encoder, and the head starts anew",
    async (family) => {
      const { folder } = readReference(`${family}-masked-lm`);
      const model = await AutoModelForSequenceClassification.fromPretrained(folder, { seed: 1 });
      const encoder = await AutoModel.fromPretrained(folder);
      const shared = new Map(encoder.namedParameters());
      let compared = 0;
      for (const [name, parameter] of model.baseModel.namedParameters()) {
        if (name.startsWith("pooler")) continue; // the masked-language-modelling head has none
        expect(await parameter.data(), name).toEqual(await shared.get(name)?.data());
        compared++;
      }
      expect(compared).toBeGreaterThan(20);
    },
  );
});
