// The pipeline "text-classification" against the model it stands on: same logits, named labels, whatever the batch.
import { afterEach, expect, it, vi } from "vitest";
import { pipeline } from "../../src/pipelines/index.js";
import { terminal } from "../../src/support/terminal.js";
import { noGrad } from "../../src/tensor/index.js";
import { temporaryFolder, tinyModel, tokenizer } from "../trainer/tiny.js";

const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));
afterEach(() => void said.splice(0));

const names = { id2label: ["fine", "bad"] };
const model = tinyModel(names);
const classify = await pipeline("text-classification", model, { tokenizer });

async function logitsOf(text: string, pair?: string): Promise<number[]> {
  const { input_ids, attention_mask, token_type_ids } = tokenizer([text], pair === undefined ? undefined : [pair], {
    returnTensors: true,
  });
  const batch = { input_ids, attention_mask, ...(token_type_ids && { token_type_ids }) };
  return Array.from(await noGrad(() => model.forward(batch)).logits.data());
}

const close = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-6);

it("gives a text's best label with its probability, a softmax of the logits", async () => {
  const [a, b] = await logitsOf("a bad day");
  const [best, ...others] = await classify("a bad day");
  expect(others).toEqual([]);
  expect(best.label).toBe(a > b ? "fine" : "bad");
  close(best.score, 1 / (1 + Math.exp(-Math.abs(a - b))));
});

it("takes pairs, and tells them from single texts", async () => {
  const [a, b] = await logitsOf("a good day", "a bad night");
  const [{ score }] = await classify({ text: "a good day", textPair: "a bad night" });
  close(score, 1 / (1 + Math.exp(-Math.abs(a - b))));
  expect((await classify({ text: "a good day" }))[0]).toEqual((await classify("a good day"))[0]);
});

it("answers many inputs in their order, whatever the batch size; each with its labels where topK is given", async () => {
  const texts = ["a day", "the night was very very long", "bad", "a bad day", "good"];
  const together = await classify(texts);
  const apart = await classify(texts, { batchSize: 2 });
  for (const [i, text] of texts.entries()) {
    const [alone] = await classify(text);
    expect([together[i].label, apart[i].label]).toEqual([alone.label, alone.label]);
    close(together[i].score, alone.score);
    close(apart[i].score, alone.score);
  }
  const all = await classify(texts, { topK: null });
  expect(all.map((labels) => labels.length)).toEqual([2, 2, 2, 2, 2]);
  for (const [first, second] of all) {
    expect(first.score).toBeGreaterThanOrEqual(second.score);
    close(first.score + second.score, 1);
  }
  expect((await classify(texts, { topK: 1 }))[0]).toEqual([together[0]]);
  expect(await classify([])).toEqual([]);
});

it("gives each label its own probability for independent labels, and a regression's value as it is", async () => {
  const [a, b] = await logitsOf("a day");
  const multi = await pipeline(
    "text-classification",
    tinyModel({ ...names, problemType: "multi_label_classification" }),
    {
      tokenizer,
    },
  );
  const scores = await multi("a day", { topK: null });
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  close(scores.find(({ label }) => label === "fine")?.score ?? Number.NaN, sigmoid(a));
  close(scores.find(({ label }) => label === "bad")?.score ?? Number.NaN, sigmoid(b));
  const value = await pipeline("text-classification", tinyModel({ numLabels: 1, problemType: "regression" }), {
    tokenizer,
  });
  const [{ label, score }] = await value("a day");
  expect(label).toBe("LABEL_0");
  expect(Number.isFinite(score)).toBe(true);
});

it("loads a folder, and leaves a model in training as it was", async () => {
  const folder = temporaryFolder("pipeline");
  await model.savePretrained(folder);
  await tokenizer.savePretrained(folder);
  const loaded = await pipeline("text-classification", folder);
  expect(await loaded("a bad day")).toEqual(await classify("a bad day"));
  const training = tinyModel({ ...names, hidden_dropout_prob: 0.5 }).train();
  const same = await pipeline("text-classification", training, { tokenizer });
  expect(await same("a bad day")).toEqual(await classify("a bad day"));
  expect(training.training).toBe(true);
});

it("says which text is too long, and reads its beginning", async () => {
  const words = Array.from({ length: 50 }, () => "long").join(" ");
  const [long] = await classify(["a day", words], { topK: null }).then(([, second]) => second);
  expect(said).toEqual([expect.stringContaining("input 1 has 52 tokens; the model takes 32, the rest is cut off")]);
  const [short] = await classify(Array.from({ length: 30 }, () => "long").join(" "));
  close(long.score, short.score);
});

it("refuses what it cannot do", async () => {
  await expect(pipeline("text-clasification" as "text-classification", model)).rejects.toThrow(
    /no pipeline for "text-clasification"; did you mean "text-classification"\?/,
  );
  await expect(pipeline("text-classification", model)).rejects.toThrow(/needs \{ tokenizer \}/);
  await expect(pipeline("text-classification", "no/such/folder")).rejects.toThrow(/no\/such\/folder/);
  await expect(classify(["a day", 3 as unknown as string])).rejects.toThrow(
    /input 1 of the pipeline is 3; give a text/,
  );
  await expect(classify("a day", { topK: 0 })).rejects.toThrow(/topK must be at least 1, not 0/);
});
