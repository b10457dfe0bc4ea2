// Label names as types, from the dataset to the prediction, and held against the model when it is loaded.
import { join } from "node:path";
import { expect, expectTypeOf, it } from "vitest";
import type { ClassLabel, DatasetDict, GlueRow } from "../../src/datasets/index.js";
import { AutoModelForSequenceClassification, type SequenceClassificationModel } from "../../src/models/index.js";
import { type Classification, pipeline } from "../../src/pipelines/index.js";
import { config, temporaryFolder, tokenizer } from "../trainer/tiny.js";

type Mrpc = "not_equivalent" | "equivalent";

/** MRPC's label column, as loadDataset("glue", "mrpc") has it. */
const mrpcLabel = { names: ["not_equivalent", "equivalent"] } as unknown as ClassLabel<Mrpc>;

const options = { seed: 5, id2label: mrpcLabel.names } as const;
const model = AutoModelForSequenceClassification.fromConfig({ ...config }, options);

it("of a dataset's column are the model's, and its predictions'", async () => {
  expectTypeOf<DatasetDict<GlueRow<"mrpc">>["train"]["features"]["label"]>().toEqualTypeOf<ClassLabel<Mrpc>>();
  expectTypeOf(model.config.id2label[0]).toEqualTypeOf<Mrpc>();
  const classify = await pipeline("text-classification", model, { tokenizer });
  const [best] = await classify({ text: "a bad day", textPair: "a good day" });
  expectTypeOf(best.label).toEqualTypeOf<Mrpc>();
  expectTypeOf(classify(["a", "b"])).resolves.toEqualTypeOf<Classification<Mrpc>[]>();
  expectTypeOf(classify(["a", "b"], { topK: null })).resolves.toEqualTypeOf<Classification<Mrpc>[][]>();
  // @ts-expect-error a label that the model does not have
  const wrong = best.label === "equivalnt";
  expect([wrong, mrpcLabel.names.includes(best.label)]).toEqual([false, true]);
});

it("are written out without `as const`", async () => {
  const written = AutoModelForSequenceClassification.fromConfig({ ...config }, { id2label: ["fine", "bad"] });
  expectTypeOf(written.config.id2label[1]).toEqualTypeOf<"fine" | "bad">();
  const byNumber = AutoModelForSequenceClassification.fromConfig({ ...config }, { id2label: { 0: "no", 1: "yes" } });
  expectTypeOf(byNumber.config.id2label[1]).toEqualTypeOf<"no" | "yes">();
  const load = (folder: string) => AutoModelForSequenceClassification.fromPretrained(folder, { id2label: ["a", "b"] });
  expectTypeOf<Awaited<ReturnType<typeof load>>["config"]["id2label"][0]>().toEqualTypeOf<"a" | "b">();
  expect(written.config.id2label).toEqual({ 0: "fine", 1: "bad" });
});

it("are any text where none are known", async () => {
  const plain = AutoModelForSequenceClassification.fromConfig({ ...config }, { numLabels: 3 });
  expectTypeOf(plain).toEqualTypeOf<SequenceClassificationModel>();
  const classify = await pipeline("text-classification", plain, { tokenizer });
  const [{ label }] = await classify("a day");
  expectTypeOf(label).toEqualTypeOf<string>();
  expect(label).toMatch(/^LABEL_[012]$/);
});

it("of a folder are what the program says, if the model agrees", async () => {
  const folder = join(temporaryFolder("labels"), "run");
  await model.savePretrained(folder);
  await tokenizer.savePretrained(folder);
  const classify = await pipeline("text-classification", folder, { labels: mrpcLabel });
  const [{ label }] = await classify("a good day");
  expectTypeOf(label).toEqualTypeOf<Mrpc>();
  expect(mrpcLabel.names).toContain(label);
  await expect(pipeline("text-classification", folder, { labels: ["equivalent", "not_equivalent"] })).rejects.toThrow(
    /the model's labels are not_equivalent, equivalent, and not equivalent, not_equivalent/,
  );
  await expect(pipeline("text-classification", folder, { labels: ["a", "b", "c"] })).rejects.toThrow(/not a, b, c/);
  const unnamed = AutoModelForSequenceClassification.fromConfig({ ...config }, {});
  await expect(pipeline("text-classification", unnamed, { tokenizer, labels: ["fine", "bad"] })).rejects.toThrow(
    /LABEL_0, LABEL_1.*trained without names.*id2label/,
  );
});
