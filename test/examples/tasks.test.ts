// The examples of tasks, run small, as a user runs them: on the built package, with rows that they make up.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { program } from "../cli/run.js";
import { describeShared, sharedPath } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";

const folder = temporaryFolder("task-examples");

async function example(name: string, ...args: string[]): Promise<string> {
  const model = sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2");
  const output = join(folder, name);
  const file = join("examples", `${name}.ts`);
  const { status, stdout, stderr } = await program([file, "--model", model, "--output", output, ...args]);
  expect(status, stderr).toBe(0);
  return stdout;
}

describeShared("examples/ of tasks", () => {
  it("token-classification.ts finds names", async () => {
    const stdout = await example("token-classification", "--rows", "160", "--epochs", "1");
    expect(Number(/^f1 ([\d.]+)/m.exec(stdout)?.[1])).toBeGreaterThan(0.3);
    expect(existsSync(join(folder, "token-classification/model.safetensors"))).toBe(true);
  });

  it("question-answering.ts answers", async () => {
    const stdout = await example("question-answering", "--rows", "16", "--epochs", "1");
    expect(stdout).toMatch(/\d+ rows of 60 questions: exact [\d.]+, f1 [\d.]+/);
    expect(stdout.match(/answer: '/g)).toHaveLength(2);
  });

  it("multiple-choice.ts chooses", async () => {
    expect(await example("multiple-choice", "--rows", "48", "--epochs", "1")).toMatch(
      /accuracy [01]\.\d+, where guessing/,
    );
  });

  it("masked-language-modeling.ts lowers its perplexity", async () => {
    const stdout = await example("masked-language-modeling", "--rows", "240", "--epochs", "2");
    const [, before, after] = /perplexity ([\d.]+), then ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(after)).toBeLessThan(Number(before));
    expect(stdout.match(/token_str: '/g)).toHaveLength(3);
  });

  it("sentence-embeddings.ts compares, learns and searches", async () => {
    const stdout = await example("sentence-embeddings", "--rows", "64");
    expect(stdout).toContain("1.00");
    expect(stdout).toMatch(/answers found first: [\d.]+, then [\d.]+/);
    expect(existsSync(join(folder, "sentence-embeddings/modules.json"))).toBe(true);
  });

  it("few-shot.ts learns from eight texts", async () => {
    const lines = (await example("few-shot", "--iterations", "2")).trim().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["delivery", "payment", "delivery", "payment"]);
  });
});
