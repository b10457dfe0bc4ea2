// LoRA against Python's peft: what its adapters compute, count and learn here (fixtures by python.py); and what happens to
// the model around them.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { AutoModelForSequenceClassification, type SequenceClassificationModel } from "../../src/models/index.js";
import { AdamW } from "../../src/optim/index.js";
import { getPeftModel, LoraConfig, PeftModel } from "../../src/peft/index.js";
import { ConfigError, FileFormatError } from "../../src/support/errors.js";
import { tensor } from "../../src/tensor/index.js";
import { temporaryFolder } from "../trainer/tiny.js";

const fixtures = fileURLToPath(new URL("fixtures/", import.meta.url));
const reference = JSON.parse(readFileSync(join(fixtures, "reference.json"), "utf8"));
const batch = {
  input_ids: tensor(reference.ids.flat(), { shape: [2, 6], dtype: "int32" }),
  attention_mask: tensor(reference.mask.flat(), { shape: [2, 6], dtype: "int32" }),
  labels: tensor(reference.labels, { dtype: "int32" }),
};
const loadBase = (name: string) => AutoModelForSequenceClassification.fromPretrained(join(fixtures, name));

/** float32 through two layers: sums of eight to twelve terms around 1. */
const TOLERANCE = 2e-6;

async function expectLogits(
  model: PeftModel<SequenceClassificationModel> | SequenceClassificationModel,
  wanted: number[][],
) {
  const found = Array.from(await model.forward(batch).logits.data());
  expect(found.length).toBe(wanted.flat().length);
  wanted.flat().forEach((value, i) => {
    expect(Math.abs(found[i] - value), `logit ${i}: ${found[i]}, not ${value}`).toBeLessThan(TOLERANCE);
  });
}

/** A parameter's path, as peft's keys have it. */
const pefts = (path: string) =>
  path.replace(/^base_model\./, "").replace(/\.adapter\.default\.(lora_[AB])$/, ".$1.weight");

const { several, training, ...cases } = reference.cases;

describe.each(Object.keys(cases))("peft's adapter %s", (name) => {
  const wanted = cases[name];
  const folder = join(fixtures, `${name}-adapter`);
  const load = async (isTrainable: boolean) =>
    PeftModel.fromPretrained(await loadBase(wanted.base), folder, { isTrainable });

  it("computes, counts and learns the same", async () => {
    const model = await load(true);
    expect(model.getNbTrainableParameters()).toEqual({ trainable: wanted.trainable, all: wanted.all });
    await expectLogits(model, wanted.logits);
    const { loss } = model.forward(batch);
    expect(Math.abs((await loss.item()) - wanted.loss)).toBeLessThan(TOLERANCE);
    loss.backward();
    const left = new Map<string, { norm: number; sine: number }>(Object.entries(wanted.gradients));
    for (const [path, parameter] of model.namedParameters()) {
      const gradient = await parameter.grad?.data();
      // peft calls the bias of an adapted layer base_layer.bias
      const key = [pefts(path), pefts(path).replace(/\.bias$/, ".base_layer.bias")].find((one) => left.has(one));
      expect(gradient !== undefined, `${path} has a gradient`).toBe(key !== undefined);
      if (!gradient || key === undefined) continue;
      const values = Array.from(gradient);
      const norm = Math.hypot(...values);
      const sine = values.reduce((sum, value, i) => sum + value * Math.sin(1 + i), 0);
      const { norm: normWanted = 0, sine: sineWanted = 0 } = left.get(key) ?? {};
      expect(Math.abs(norm - normWanted), `${path}: norm ${norm}, not ${normWanted}`).toBeLessThan(1e-5);
      expect(Math.abs(sine - sineWanted), `${path}: sum ${sine}, not ${sineWanted}`).toBeLessThan(1e-5);
      left.delete(key);
    }
    expect([...left.keys()]).toEqual([]);
  });

  it("can be switched off, merged and taken away", async () => {
    const model = await load(false);
    expect(model.parameters().some(({ requiresGrad }) => requiresGrad)).toBe(false);
    await model.disableAdapter(() => expectLogits(model, wanted.disabled));
    await expectLogits(model, wanted.logits);
    model.mergeAdapter();
    await expectLogits(model, wanted.logits);
    await model.disableAdapter(() => expectLogits(model, wanted.disabled));
    await expectLogits(model, wanted.logits);
    model.unmergeAdapter();
    await expectLogits(model, wanted.logits);
    const base = model.mergeAndUnload();
    expect([...base.namedParameters()].some(([path]) => path.includes("adapter"))).toBe(false);
    await expectLogits(base, wanted.merged);
    if (name.includes("biases")) return; // peft's biases are the base model's, and stay
    const other = (await load(false)).unload();
    await expectLogits(other, wanted.without);
    expect(other.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
  });

  it("is saved as it was loaded", async () => {
    const model = await load(false);
    const saved = join(temporaryFolder(`peft-${name}`), "adapter");
    await model.savePretrained(saved);
    const read = (path: string) => JSON.parse(readFileSync(join(path, "adapter_config.json"), "utf8"));
    const [ours, pythons] = [read(saved), read(folder)];
    for (const key of Object.keys(ours)) {
      const sorted = (value: unknown) => (Array.isArray(value) ? [...new Set(value)].sort() : value);
      if (key === "target_modules" && name === "everything") continue; // peft writes the layers that "all-linear" meant
      if (key === "base_model_name_or_path") continue;
      expect(sorted(ours[key]), key).toEqual(sorted(pythons[key]));
    }
    const again = await PeftModel.fromPretrained(await loadBase(wanted.base), saved);
    await expectLogits(again, wanted.logits);
  });
});

describe("a model with adapters", () => {
  it("has several on one base, each with its own head", async () => {
    const model = await PeftModel.fromPretrained(await loadBase("bert"), join(fixtures, "plain-adapter"), {
      adapterName: "first",
    });
    await model.loadAdapter(join(fixtures, "everything-adapter"), "second");
    await expectLogits(model, several.first);
    await expectLogits(model.setAdapter("second"), several.second);
    await expectLogits(model.setAdapter("first"), several.first);
    const folder = join(temporaryFolder("several"), "adapters");
    await model.savePretrained(folder);
    const again = await PeftModel.fromPretrained(await loadBase("bert"), join(folder, "second"));
    await expectLogits(again, several.second);
    model.deleteAdapter("first");
    expect([...model.peftConfig.keys()]).toEqual(["second"]);
    await expectLogits(model.setAdapter("second"), several.second);
    expect(() => model.setAdapter("first")).toThrow('there is no adapter "first"; there are second');
  });

  it("takes the steps that it takes in Python", async () => {
    const model = await PeftModel.fromPretrained(await loadBase("bert"), join(fixtures, "plain-adapter"), {
      isTrainable: true,
    });
    model.train();
    const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
    const optimizer = new AdamW(trained, { lr: 1e-2 });
    const before = await Promise.all(model.base_model.parameters().map((parameter) => parameter.data()));
    for (const wanted of training.losses) {
      const { loss } = model.forward(batch);
      expect(Math.abs((await loss.item()) - wanted)).toBeLessThan(1e-5);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
    }
    for (const [i, parameter] of model.base_model.parameters().entries()) {
      if (!trained.includes(parameter)) expect(await parameter.data()).toEqual(before[i]);
    }
  });

  it("begins as the model without", async () => {
    const model = getPeftModel(await loadBase("bert"), { r: 4, loraDropout: 0.5 });
    await expectLogits(model, cases.plain.without);
    expect(model.peftConfig.get("default")?.targetModules).toEqual(["query", "value"]);
    model.train();
    model.forward(batch).loss.backward(); // up is zero at first: only it and the head learn in the first step
    const moved = [];
    for (const [path, { grad }] of model.namedParameters()) {
      if (grad && (await grad.data()).some((value) => value !== 0)) moved.push(path);
    }
    expect(moved.filter((path) => path.endsWith("lora_B"))).toHaveLength(4);
    expect(moved.filter((path) => path.includes("classifier"))).toHaveLength(2);
    expect(moved).toHaveLength(6);
  });

  it("costs no backward where nothing learns", async () => {
    const layers = { layersToTransform: [1], modulesToSave: ["classifier"] };
    const model = getPeftModel(await loadBase("bert"), layers);
    const seen = new Map<string, number>();
    const nodes = [model.forward(batch).loss.node];
    for (const node of nodes) {
      if (!node) continue;
      seen.set(node.op, (seen.get(node.op) ?? 0) + 1);
      for (const edge of node.edges) if (edge && "op" in edge && !nodes.includes(edge)) nodes.push(edge);
    }
    // of the second layer: two updates in one, attention, its output layer and norm, the feed-forward block and its norm;
    // above it the pooler and the head. Nothing of the first layer and of the embeddings.
    expect(seen.get("attention")).toBe(1);
    expect(seen.get("layerNorm")).toBe(2);
    expect(seen.get("feedForward")).toBe(1);
    expect(seen.has("embedding")).toBe(false);
    expect(seen.has("stackedLinear")).toBe(false); // its weights stand still, and so does what goes in
  });

  it("gives the same gradients with activation checkpointing", async () => {
    const gradients = async (checkpointing: boolean) => {
      const model = getPeftModel(await loadBase("bert"), { initLoraWeights: "gaussian" });
      for (const [path, parameter] of model.namedParameters()) {
        if (path.includes("lora"))
          parameter.write_(Float32Array.from({ length: parameter.size }, (_, i) => Math.sin(i) / 4));
      }
      if (checkpointing) model.activationCheckpointingEnable();
      model.train();
      model.forward(batch).loss.backward();
      return Promise.all(model.parameters().map(({ grad }) => grad?.data()));
    };
    expect(await gradients(true)).toEqual(await gradients(false));
  });

  it("is found by its adapter's folder", async () => {
    const folder = join(temporaryFolder("auto"), "adapter");
    cpSync(join(fixtures, "plain-adapter"), folder, { recursive: true });
    const path = join(folder, "adapter_config.json");
    const json = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...json, base_model_name_or_path: join(fixtures, "bert") }));
    const model = await AutoModelForSequenceClassification.fromPretrained(folder);
    await expectLogits(model, cases.plain.logits);
    await expect(model.savePretrained(join(folder, "whole"))).rejects.toThrow("has adapters");
    const whole = PeftModel.of(model)?.mergeAndUnload() as SequenceClassificationModel;
    await whole.savePretrained(join(folder, "whole"));
    await expectLogits(
      await AutoModelForSequenceClassification.fromPretrained(join(folder, "whole")),
      cases.plain.logits,
    );
    writeFileSync(path, JSON.stringify({ ...json, base_model_name_or_path: null }));
    await expect(AutoModelForSequenceClassification.fromPretrained(folder)).rejects.toThrow("base_model_name_or_path");
  });
});

describe("what does not fit", () => {
  it("is refused by name", async () => {
    expect(() => new LoraConfig({ rank: 4 } as never)).toThrow('LoraConfig has no option "rank"');
    expect(() => new LoraConfig({ lora_alpha: 4 } as never)).toThrow("did you mean loraAlpha?");
    expect(() => new LoraConfig({ r: 0 })).toThrow("r is 0; a rank is a positive integer");
    expect(() => new LoraConfig({ loraDropout: 1 })).toThrow("loraDropout is 1");
    const base = await loadBase("bert");
    expect(() => getPeftModel(base, { targetModules: ["q_proj"] })).toThrow(/means no linear layer.*query, key, value/);
    expect(() => getPeftModel(base, { targetModules: ["attention"] })).toThrow(
      /linear layers.*encoder\.layer\.0\.attention/,
    );
    expect(() => getPeftModel(base, { targetModules: "(" })).toThrow("is no regular expression");
    const model = getPeftModel(base); // what failed before left nothing behind
    expect(() => getPeftModel(base)).toThrow("has adapters already");
    expect(() => model.addAdapter("default", {})).toThrow('there is an adapter "default" already');
    expect(() => model.addAdapter("other", { bias: "all" })).toThrow("with several adapters all need bias");
    model.mergeAdapter();
    expect(() => model.addAdapter("other", {})).toThrow("unmergeAdapter()");
  });

  it("leaves the model as it was: another model's adapter, a damaged or unsupported one", async () => {
    const base = await loadBase("bert");
    const folder = temporaryFolder("damaged");
    const changed = (name: string, change: object) => {
      const copy = join(folder, name);
      cpSync(join(fixtures, "plain-adapter"), copy, { recursive: true });
      const path = join(copy, "adapter_config.json");
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...change }));
      return copy;
    };
    const load = (path: string) => PeftModel.fromPretrained(base, path);
    await expect(load(join(fixtures, "distilbert-adapter"))).rejects.toThrow(ConfigError);
    await expect(load(changed("rank", { r: 3 }))).rejects.toThrow(/lora_A\.weight is \[2, 8\] there and \[3, 8\] here/);
    await expect(load(changed("targets", { target_modules: ["query"] }))).rejects.toThrow(/no place for .*value/);
    await expect(load(changed("more", { target_modules: ["query", "value", "key"] }))).rejects.toThrow(FileFormatError);
    await expect(load(changed("dora", { use_dora: true }))).rejects.toThrow("use_dora true is not supported");
    await expect(load(changed("pissa", { init_lora_weights: "pissa" }))).rejects.toThrow("changes the base model");
    await expect(load(changed("ia3", { peft_type: "IA3" }))).rejects.toThrow('"LORA" is');
    const cut = changed("cut", {});
    writeFileSync(
      join(cut, "adapter_model.safetensors"),
      readFileSync(join(cut, "adapter_model.safetensors")).subarray(0, 700),
    );
    await expect(load(cut)).rejects.toThrow(FileFormatError);
    await expectLogits(base, cases.plain.without);
    await expectLogits(await load(join(fixtures, "plain-adapter")), cases.plain.logits);
  });
});
