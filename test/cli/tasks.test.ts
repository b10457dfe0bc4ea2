// The other tasks of the command line: trained on rows of one's own, measured by `eval` and asked by `predict`, which tell the
// task by the model's head.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { sentences, temporaryFolder } from "../trainer/tiny.js";
import { attune, writeCheckpoint } from "./run.js";

const folder = temporaryFolder("cli-tasks");
const model = join(folder, "model");

/** Writes train.jsonl and validation.jsonl into a folder. */
function writeRows(name: string, rowOf: (text: string, i: number) => object): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  for (const [split, count, first] of [
    ["train", 96, 0],
    ["validation", 32, 96],
  ] as const) {
    const texts = sentences(first + count).slice(first);
    const rows = texts.map(({ text }, i) => JSON.stringify(rowOf(text, first + i)));
    writeFileSync(join(place, `${split}.jsonl`), `${rows.join("\n")}\n`);
  }
  return place;
}

async function train(
  task: string,
  data: string,
  ...flags: string[]
): Promise<{ output: string; stdout: string; stderr: string }> {
  const output = join(folder, `${task}-run`);
  const few = ["--seed", "3", "--disable-tqdm", "--per-device-eval-batch-size", "32", "--save-strategy", "epoch"];
  const args = ["train", "--task", task, "--model", model, "--data", data, "--output", output, ...few, ...flags];
  const { status, stdout, stderr } = await attune(args);
  expect(status, stderr).toBe(0);
  return { output, stdout, stderr };
}

const measure = async (run: string, data: string) => {
  const { status, stdout, stderr } = await attune(["eval", "--model", run, "--dataset", data]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, number>;
};

beforeAll(() => writeCheckpoint(model));

describe("attune train --task", () => {
  it("token-classification: tags of words, entities", async () => {
    const data = writeRows("tags", (text) => {
      const tokens = text.split(" ");
      return { tokens, tags: tokens.map((token) => (token === "bad" ? "B-BAD" : "O")) };
    });
    const { output, stdout, stderr } = await train(
      "token-classification",
      data,
      "--learning-rate",
      "0.01",
      "--num-train-epochs",
      "4",
    );
    expect(stderr).toContain("words in tokens, tags O, B-BAD in tags");
    expect(stdout).toContain("Overall F1");
    const metrics = await measure(output, data);
    expect(metrics.eval_overall_f1).toBeGreaterThan(0.9);
    const asked = await attune(["predict", "--model", output, "--text", "the night was bad"]);
    expect(JSON.parse(asked.stdout)).toMatchObject([{ entity_group: "BAD", word: "bad", start: 14, end: 17 }]);
  });

  it("question-answering: answers and none", async () => {
    const data = writeRows("answers", (text, i) => {
      const start = text.indexOf("bad");
      const answers = start < 0 ? { text: [], answer_start: [] } : { text: ["bad"], answer_start: [start] };
      return { id: `q${i}`, question: "was a", context: text, answers };
    });
    const flags = ["--learning-rate", "0.01", "--num-train-epochs", "6", "--max-length", "16"];
    const { output, stderr } = await train("question-answering", data, ...flags);
    expect(stderr).toContain("questions with contexts, some without answer");
    const metrics = await measure(output, data);
    expect(metrics.eval_f1).toBeGreaterThan(80);
    expect(metrics.eval_HasAns_total).toBe(16);
    const one = await attune(["predict", "--model", output, "--text", "was a", "--pair", "the day was bad"]);
    expect(JSON.parse(one.stdout)).toMatchObject({ answer: "bad", start: 12, end: 15 });
    const input = '{"question": "was a", "context": "a bad night"}\n';
    const many = await attune(["predict", "--model", output, "--top-k", "2"], { input });
    expect(JSON.parse(many.stdout)).toHaveLength(2);
  });

  it("fill-mask: texts, perplexity", async () => {
    const data = writeRows("texts", (text) => ({ text }));
    const { output, stdout } = await train("fill-mask", data, "--max-steps", "4", "--max-length", "16");
    expect(stdout).toMatch(/perplexity: \d+\.\d+/);
    const { perplexity, eval_loss: loss } = await measure(output, data);
    expect(Math.abs(perplexity - Math.exp(loss))).toBeLessThan(1e-9);
    const asked = await attune(["predict", "--model", output, "--text", "the [MASK] was bad", "--top-k", "2"]);
    expect(JSON.parse(asked.stdout)).toHaveLength(2);
  });

  it("multiple-choice: choices, accuracy", async () => {
    const data = writeRows("choices", (text, i) => ({
      question: text,
      choices: ["good", "bad", "long"],
      label: i % 3,
    }));
    const { output, stderr } = await train("multiple-choice", data, "--max-steps", "4", "--ignore-mismatched-sizes");
    expect(stderr).toContain("choices in choices, the right one in label");
    expect((await measure(output, data)).eval_accuracy).toBeGreaterThanOrEqual(0);
    const asked = await attune([
      "predict",
      "--model",
      output,
      "--text",
      "a",
      "--choices",
      "good | bad",
      "--top-k",
      "1",
    ]);
    expect(JSON.parse(asked.stdout)).toMatchObject([{ choice: expect.stringMatching(/^(good|bad)$/) }]);
    const lines = '{"text": "a", "choices": ["good", "bad", "long"]}\n{"text": "a"}\n';
    const many = await attune(["predict", "--model", output, "--batch-size", "1"], { input: lines });
    expect(JSON.parse(many.stdout)).toHaveLength(3);
    expect(many.status).toBe(2);
    expect(many.stderr).toContain("two choices at least");
  });

  it("sentence-similarity: pairs, retrieval", async () => {
    const data = writeRows("pairs", (text, i) => ({
      anchor: text,
      positive: `${text} very`,
      negative: i % 2 ? "good" : "bad",
    }));
    const { output, stdout } = await train("sentence-similarity", data, "--max-steps", "4");
    expect(stdout).toMatch(/cosine_accuracy@1: [01]\.\d+/);
    expect(await measure(output, data)).toHaveProperty("cosine_mrr@10");
    const pair = await attune(["predict", "--model", output, "--text", "a bad day", "--pair", "a bad day"]);
    expect(Math.abs(JSON.parse(pair.stdout).score - 1)).toBeLessThan(1e-5);
    const one = await attune(["predict", "--model", output, "--text", "a bad day"]);
    expect(JSON.parse(one.stdout)).toHaveLength(16);
  });

  it("few-shot-classification: some examples of each class, the others to measure on", async () => {
    const rows = sentences(64).map(({ text, label }) => `${text},${label === 1 ? "sad" : "glad"}`);
    const data = join(folder, "few.csv");
    writeFileSync(data, ["text,label", ...rows].join("\n"));
    const { output, stdout, stderr } = await train(
      "few-shot-classification",
      data,
      "--shots",
      "16",
      "--learning-rate",
      "0.01",
      "--num-train-epochs",
      "3",
    );
    expect(stderr).toContain("32 texts in text, classes glad, sad in label");
    expect(stderr).toContain("the 32 rows that are not learned from");
    expect(Number(/^accuracy: ([\d.]+)/m.exec(stdout)?.[1])).toBeGreaterThan(0.9);
    const measured = await attune(["eval", "--model", output, "--data", data]);
    expect(JSON.parse(measured.stdout).accuracy).toBeGreaterThan(0.9);
    const asked = await attune(["predict", "--model", output, "--text", "the night was bad", "--top-k", "2"]);
    expect(JSON.parse(asked.stdout)).toMatchObject([{ label: "sad" }, { label: "glad" }]);
    const pair = await attune(["predict", "--model", output, "--text", "a", "--pair", "b"]);
    expect(pair.stderr).toContain("a few-shot classifier takes one text");
    const many = await attune([
      "train",
      "--task",
      "few-shot-classification",
      "--model",
      model,
      "--data",
      data,
      "--output",
      output,
      "--shots",
      "60",
    ]);
    expect(many.stderr).toMatch(/--shots 60: the class (glad|sad) has 32 rows/);
  });

  it("says what it cannot do", async () => {
    const data = writeRows("nothing", (text) => ({ text }));
    const args = ["train", "--model", model, "--data", data, "--output", join(folder, "none")];
    const tags = await attune([...args, "--task", "token-classification"]);
    expect(tags.stderr).toContain("say with --text-column which of text it is");
    const answers = await attune([...args, "--task", "question-answering"]);
    expect(answers.stderr).toContain("id, question, context, answers is missing among text");
    const task = await attune([...args, "--task", "token-clasification"]);
    expect(task.stderr).toContain("did you mean token-classification?");
  });
});
