// The examples, run small, as a user runs them: on the built package, checkpoint and dataset from the command line.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { attune, program, projectRoot } from "../cli/run.js";
import { describeJobs, quiet } from "../processes/jobs.js";
import { describeShared, sharedPath } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";

const output = join(temporaryFolder("examples"), "mrpc");

async function example(name: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await program([join("examples", name), ...args]);
  expect(status, stderr).toBe(0);
  return stdout;
}

/** Tokens of the first four validation rows by transformers' tokenizer of the same checkpoint. */
const PYTHON_LENGTHS = {
  mrpc: "[ 44, 52, 74, 47 ]",
  sst2: "[ 12, 10, 24, 28 ]",
  cola: "[ 12, 13, 11, 13 ]",
  stsb: "[ 21, 18, 23, 16 ]",
};

describeShared("examples/", () => {
  const model = ["--model", sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2")];
  const data = ["--dataset", sharedPath("hub/datasets/nyu-mll/glue"), "--config", "mrpc"];

  beforeAll(() => {
    expect(existsSync(join(projectRoot, "dist/index.js")), "dist/ is not built: npm run build:ts").toBe(true);
  });

  it("two-sentences.ts takes a step", async () => {
    const loss = Number(await example("two-sentences.ts", ...model));
    expect(loss).toBeGreaterThan(0.3);
    expect(loss).toBeLessThan(1.5);
  });

  it("part-of-a-model.ts freezes, groups and trains what is left", async () => {
    const lines = (await example("part-of-a-model.ts", ...model)).trim().split("\n");
    // frozen: 5 of the embeddings, 16 of each of three layers. Left: in each of three layers 6 weights, and 10 biases and
    // norms; the pooler's weight and bias; the head's, with its own learning rate
    expect(lines[0]).toBe("53 of 105 parameters are frozen");
    expect(lines.slice(1, 5).sort()).toEqual([
      "1 with learning rate 0.001, decay 0",
      "1 with learning rate 0.001, decay 0.01",
      "19 with learning rate 0.00005, decay 0.01",
      "31 with learning rate 0.00005, decay 0",
    ]);
    const losses = lines.slice(5).map((line) => Number(/loss ([\d.]+)$/.exec(line)?.[1]));
    expect(losses).toHaveLength(5);
    expect(losses[4]).toBeLessThan(losses[0]);
  });

  it("loading.ts shows rows and features, and answers the exercise", async () => {
    const stdout = await example("loading.ts", ...data);
    expect(stdout).toContain("num_rows: 3668");
    expect(stdout).toContain("Amrozi accused his brother");
    // the rows as pyarrow reads them from the same files
    expect(stdout).toContain("Developer and Platform Evangelism unit , will lead the new entity .\n-> not_equivalent");
    expect(stdout).toContain("officials settled on the 20 percent figure .\n-> not_equivalent");
    expect(stdout).toContain("train[:90%] 3301 train[90%:] 367");
  });

  it("preprocessing.ts gives the lengths that the same rows have in Python, and answers the exercises", async () => {
    const stdout = await example("preprocessing.ts", ...model, ...data.slice(0, 2));
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("[ 50, 59, 47, 67, 59, 50, 62, 32 ]");
    expect(stdout).toContain("input_ids [ 8, 67 ]");
    expect(stdout).toContain("apart: 19 26 pair: 44");
    expect(stdout).toContain("of type 1: 25");
    for (const [config, lengths] of Object.entries(PYTHON_LENGTHS)) expect(stdout).toContain(`${config}: ${lengths}`);
  });

  it("trainer.ts trains and saves, and use-it.ts uses what it saved", async () => {
    const few = ["--max-steps", "3", "--eval-rows", "16"];
    const stdout = await example("trainer.ts", ...model, ...data, "--output", output, ...few);
    expect(stdout).toMatch(/test_accuracy: [\d.]+/);
    expect(existsSync(join(output, "model.safetensors"))).toBe(true);
    const labels = (await example("use-it.ts", "--model", output)).match(/label: '\w+'/g);
    expect(labels?.length).toBe(5); // one, both, one for each of two
    expect(new Set(labels)).toEqual(new Set(["label: 'equivalent'", "label: 'not_equivalent'"]));
  });

  it("lora.ts trains an adapter, uses it, and merges it", async () => {
    const few = ["--max-steps", "3", "--eval-rows", "16"];
    const folder = join(output, "../mrpc-lora");
    const stdout = await example("lora.ts", ...model, ...data, "--output", folder, ...few);
    // peft counts the same: 2 matrices of 8 by 384 at 12 layers, and the head twice, of which one stands still
    expect(stdout).toContain("trainable params: 74,498 || all params: 22,788,484 || trainable%: 0.3269");
    expect(existsSync(join(folder, "adapter_model.safetensors"))).toBe(true);
    expect(existsSync(join(folder, "merged/model.safetensors"))).toBe(true);
    const scores = Array.from(stdout.matchAll(/score: ([\d.]+)/g), ([, score]) => Number(score));
    expect(scores).toHaveLength(2);
    expect(Math.abs(scores[0] - scores[1])).toBeLessThan(1e-5);
  });

  it("own-loop.ts trains and measures", async () => {
    const stdout = await example("own-loop.ts", ...model, ...data, "--rows", "24", "--epochs", "1");
    expect(stdout).toMatch(/^epoch 1: batch 3 of 3, loss 0\.\d+$/m);
    expect(stdout).toMatch(/accuracy: [\d.]+, f1: [\d.]+/);
  });

  it("accelerate.ts is the same loop but for the lines of the Accelerator", async () => {
    const lines = ["own-loop.ts", "accelerate.ts"].map((name) =>
      readFileSync(join(projectRoot, "examples", name), "utf8")
        .split("\n")
        .slice(2),
    );
    const [before, after] = lines.map((own, i) => own.filter((line) => !lines[1 - i].includes(line)));
    expect(before.map((line) => line.trim())).toEqual([
      "loss.backward();",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a line of the example
      "console.log(`epoch ${epoch + 1}: batch ${batches} of ${trainLoader.length}, loss ${await loss.item()}`);",
      "await metric.addBatch({ predictions: logits, references: batch.labels });",
      "console.log(metric.compute());",
    ]);
    expect(after.map((line) => line.trim())).toEqual([
      'import { Accelerator } from "attune/accelerate";',
      "const accelerator = new Accelerator();",
      "accelerator.prepare(model, adamw, trainLoader, evalLoader, schedule); // the same objects, now aware",
      "accelerator.backward(loss);",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a line of the example
      "accelerator.print(`epoch ${epoch + 1}: batch ${batches} of ${trainLoader.length}, loss ${await loss.item()}`);",
      "await metric.addBatch(accelerator.gatherForMetrics({ predictions: logits, references: batch.labels }));",
      "accelerator.print(metric.compute());",
    ]);
    const stdout = await example("accelerate.ts", ...model, ...data, "--rows", "24", "--epochs", "1");
    expect(stdout).toMatch(/^epoch 1: batch 3 of 3, loss 0\.\d+$/m);
    expect(stdout).toMatch(/accuracy: [\d.]+, f1: [\d.]+/);
  });

  it("search.ts tries settings, each in a process, and names the best", async () => {
    const few = ["--trials", "2", "--max-steps", "2", "--eval-rows", "16"];
    const stdout = await example("search.ts", ...model, ...data, "--output", `${output}-search`, ...few);
    expect(stdout).toMatch(/^run-0: complete, f1 [\d.]+$/m);
    expect(stdout).toMatch(/best: \{\s+runId: 'run-\d'/);
  });

  describeJobs("two processes", () => {
    it("run accelerate.ts as it stands, and the first prints", { timeout: 600_000 }, async () => {
      const words = ["examples/accelerate.ts", ...model, ...data, "--rows", "24", "--epochs", "1"];
      const { status, stdout, stderr } = await attune(["launch", "--processes", "2", ...words], { env: quiet });
      expect(status, stderr).toBe(0);
      expect(stdout).toMatch(/^\[0\] epoch 1: batch 2 of 2, loss 0\.\d+$/m); // the third batch, and a filler
      expect(stdout).toMatch(/^\[0\] .*accuracy: [\d.]+, f1: [\d.]+/m);
      expect(stdout).not.toContain("[1]");
    });
  });
});
