// The exported folder: what onnxruntime and transformers.js make of it, beside Attune's own answers.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { env, pipeline as theirPipeline } from "@huggingface/transformers";
import { beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.js";
import { loadDataset } from "../../src/datasets/index.js";
import { AutoModel, AutoModelForSequenceClassification, PreTrainedModel } from "../../src/models/index.js";
import { exportOnnx, onnxGraph, quantizeDynamic, writeOnnx } from "../../src/onnx/index.js";
import { getPeftModel } from "../../src/peft/index.js";
import { pipeline } from "../../src/pipelines/index.js";
import { noGrad } from "../../src/tensor/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { attune, writeCheckpoint } from "../cli/run.js";
import { expectClose, type Nested } from "../parity/fixtures.js";
import { describeShared, sharedPath } from "../shared.js";
import { sentences, temporaryFolder, tinyModel, tokenizer } from "../trainer/tiny.js";
import { openSession, run } from "./run.js";

const scratch = temporaryFolder("onnx");
env.allowRemoteModels = false;
env.localModelPath = scratch;

const texts = sentences(7).map(({ text }) => text);
const model = tinyModel({ id2label: ["fine", "bad"] });
const encoded = tokenizer(texts, { padding: true, returnTensors: false });
const inputs = Object.fromEntries(
  Object.entries(encoded).map(([name, rows]) => [name, (rows as Int32Array[]).map((row) => Array.from(row))]),
);

async function ownLogits(): Promise<Float32Array> {
  const { input_ids, attention_mask, token_type_ids } = tokenizer(texts, { padding: true, returnTensors: true });
  const batch = { input_ids, attention_mask, ...(token_type_ids && { token_type_ids }) };
  return Float32Array.from(await noGrad(() => model.forward(batch)).logits.data());
}

async function logitsOf(path: string): Promise<Float32Array> {
  const session = await openSession(path);
  const { logits } = await run(session, inputs);
  await session.release();
  return logits.data as Float32Array;
}

describe("attune export", () => {
  const checkpoint = join(scratch, "checkpoint");
  const output = join(scratch, "exported");

  beforeAll(async () => {
    await writeCheckpoint(checkpoint);
    await model.savePretrained(checkpoint);
  });

  it("writes a folder in transformers.js's layout, and says what it wrote", async () => {
    const result = await attune(["export", "--model", checkpoint, "--format", "onnx", "--output", output]);
    expect(result).toMatchObject({ status: 0 });
    for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json", "README.md"]) {
      expect(existsSync(join(output, file)), file).toBe(true);
    }
    expect(readdirSync(join(output, "onnx")).sort()).toEqual(["model.onnx", "model_quantized.onnx"]);
    expect(result.stdout).toMatch(/onnx\/model_quantized\.onnx/);
    expect(readFileSync(join(output, "README.md"), "utf8")).toMatch(/library_name: transformers\.js/);
  });

  it("transformers.js classifies with it as Attune does", async () => {
    const theirs = await theirPipeline("text-classification", "exported", { dtype: "fp32" });
    const ours = await pipeline("text-classification", checkpoint);
    const expected = await ours(texts);
    const answers = (await theirs(texts)) as { label: string; score: number }[];
    expect(answers.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
    expectClose(
      answers.map(({ score }) => score),
      expected.map(({ score }) => score),
      1e-5,
      "scores",
    );
    await theirs.dispose();
  });

  it("keeps what else stands in the folder, a card too", async () => {
    writeFileSync(join(output, "README.md"), "mine\n");
    writeFileSync(join(output, "notes.txt"), "mine, too\n");
    await exportOnnx(checkpoint, output, { quantize: false });
    expect(readFileSync(join(output, "README.md"), "utf8")).toBe("mine\n");
    expect(readFileSync(join(output, "notes.txt"), "utf8")).toBe("mine, too\n");
  });

  it("says what cannot be done, before it writes anything", async () => {
    const nowhere = join(scratch, "nowhere");
    const refuse = async (args: string[], message: RegExp) => {
      await expect(runCommandLine(["export", "--output", nowhere, ...args])).rejects.toThrow(message);
      expect(existsSync(nowhere)).toBe(false);
    };
    const noTask = join(scratch, "no-task");
    mkdirSync(noTask);
    const config = JSON.parse(readFileSync(join(checkpoint, "config.json"), "utf8"));
    writeFileSync(join(noTask, "config.json"), JSON.stringify({ ...config, architectures: ["BertForPreTraining"] }));
    await refuse(["--model", noTask], /BertForPreTraining.*names no task.*text-classification/);
    await refuse(["--model", join(scratch, "absent")], /absent/);
    await refuse(["--model", checkpoint, "--format", "tflite"], /--format must be one of onnx/);
    await refuse(["--model", checkpoint, "--task", "fillmask"], /did you mean fill-mask/);
  });

  it("names the file that stands where the folder should be", async () => {
    const file = join(scratch, "a-file");
    writeFileSync(file, "");
    await expect(exportOnnx(checkpoint, file)).rejects.toThrow(/a-file/);
    expect(statSync(file).size).toBe(0);
  });

  it("asks for a tokenizer beside a model that is not a folder, and for the model's own task", async () => {
    await expect(exportOnnx(model, output)).rejects.toThrow(/needs \{ tokenizer \}/);
    await expect(exportOnnx(model, output, { tokenizer, task: "fill-mask" })).rejects.toThrow(
      /BertForSequenceClassification is for text-classification, not for fill-mask/,
    );
  });
});

it("merges an adapter into what it exports, and refuses a model that has one in memory", async () => {
  const base = join(scratch, "base");
  await writeCheckpoint(base);
  await model.savePretrained(base);
  const loaded = await AutoModelForSequenceClassification.fromPretrained(base);
  const peft = getPeftModel(loaded, { initLoraWeights: false });
  await peft.savePretrained(join(scratch, "adapter"));
  await tokenizer.savePretrained(join(scratch, "adapter"));
  expect(() => onnxGraph(loaded)).toThrow(/BertForSequenceClassification has adapters.*mergeAndUnload/);
  const folder = join(scratch, "merged");
  await exportOnnx(join(scratch, "adapter"), folder, { quantize: false, task: "text-classification" });
  const { input_ids, attention_mask } = tokenizer(texts, { padding: true, returnTensors: true });
  const expected = await noGrad(() => loaded.forward({ input_ids, attention_mask })).logits.data();
  expectClose(await logitsOf(join(folder, "onnx/model.onnx")), expected, 1e-5, "logits");
  expect(Math.abs(expected[0] - (await ownLogits())[0])).toBeGreaterThan(1e-3); // the adapter says something
});

it("keeps large weights in a file beside the model, which gives the same logits", async () => {
  const folder = join(scratch, "external");
  const { files } = await exportOnnx(model, folder, { tokenizer, externalData: true, quantize: false });
  expect(files.map(({ path }) => path).slice(3)).toEqual(["onnx/model.onnx", "onnx/model.onnx_data"]);
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  expect(config["transformers.js_config"]).toEqual({ use_external_data_format: { "model.onnx": 1 } });
  expectClose(await logitsOf(join(folder, "onnx/model.onnx")), await ownLogits(), 1e-5, "logits");
});

it("an encoder without head gives its last states", async () => {
  const encoder = AutoModel.fromConfig({ ...model.config }, { seed: 9 });
  const path = join(scratch, "encoder.onnx");
  await writeOnnx(path, onnxGraph(encoder));
  const session = await openSession(path);
  expect(session.outputNames).toEqual(["last_hidden_state"]);
  const { last_hidden_state: theirs } = await run(session, { ...inputs, ...firstRow(inputs) });
  const { input_ids, attention_mask } = tokenizer([texts[0]], { returnTensors: true });
  const ours = noGrad(() => encoder.forward({ input_ids, attention_mask })).last_hidden_state;
  expect(theirs.dims).toEqual(ours.shape);
  expectClose(theirs.data as Float32Array, await ours.data(), 1e-5, "last_hidden_state");
});

function firstRow(rows: Readonly<Record<string, readonly Nested[]>>): Record<string, Nested[]> {
  const length = tokenizer(texts[0]).input_ids.length;
  return Object.fromEntries(Object.entries(rows).map(([name, [row]]) => [name, [(row as Nested[]).slice(0, length)]]));
}

it("refuses a model that is none of Attune's", () => {
  class Other extends PreTrainedModel {
    override forward(): void {}
    get inputNames(): string[] {
      return [];
    }
  }
  expect(() => onnxGraph(new Other(model.config))).toThrow(/Other cannot be exported to ONNX.*BertModel/);
});

it("names a weight that has no form in int8", async () => {
  const broken = tinyModel({ vocab_size: 300 });
  const table = broken.parameter("bert.embeddings.word_embeddings.weight");
  const values = Float32Array.from(await table.data());
  values[700] = Number.NaN;
  table.write_(values);
  await expect(quantizeDynamic(onnxGraph(broken))).rejects.toThrow(
    /word_embeddings\.weight holds a number that is not/,
  );
});

describeShared("a real encoder on MRPC", () => {
  const name = "sentence-transformers/all-MiniLM-L6-v2";
  const folder = sharedPath(`hub/models/${name}`);
  const paths = { fp32: join(scratch, "minilm.onnx"), int8: join(scratch, "minilm_quantized.onnx") };
  let rows: Record<string, Nested[]>;
  let expected: Float32Array;

  beforeAll(async () => {
    const minilm = await AutoModelForSequenceClassification.fromPretrained(folder, { seed: 1, numLabels: 2 });
    const graph = onnxGraph(minilm);
    await writeOnnx(paths.fp32, graph);
    await writeOnnx(paths.int8, await quantizeDynamic(graph));
    const { validation } = await loadDataset(sharedPath("hub/datasets/nyu-mll/glue"), "mrpc");
    const { sentence1, sentence2 } = validation.columns(0, 24);
    const tokenize = await AutoTokenizer.fromPretrained(folder);
    const tensors = tokenize(sentence1 as string[], sentence2 as string[], { padding: true, returnTensors: true });
    const { input_ids, attention_mask } = tensors;
    const token_type_ids = tensors.token_type_ids ?? input_ids;
    const { logits } = noGrad(() => minilm.forward({ input_ids, attention_mask, token_type_ids }));
    expected = Float32Array.from(await logits.data());
    rows = {
      input_ids: (await input_ids.toArray()) as Nested[],
      attention_mask: (await attention_mask.toArray()) as Nested[],
      token_type_ids: (await token_type_ids.toArray()) as Nested[],
    };
  });

  it("gives the logits of the model it came from", async () => {
    const session = await openSession(paths.fp32);
    const { logits } = await run(session, rows);
    expectClose(logits.data as Float32Array, expected, 1e-4, "logits");
    await session.release();
  });

  it("in int8 is a quarter of the size and near it", async () => {
    expect(statSync(paths.int8).size / statSync(paths.fp32).size).toBeLessThan(0.28);
    const session = await openSession(paths.int8);
    const { logits } = await run(session, rows);
    // an untrained head turns the pooled states' errors, of some hundredths, into as much of the logits
    expectClose(logits.data as Float32Array, expected, 0.1, "logits");
    await session.release();
  });
});
