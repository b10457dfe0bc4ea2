// The examples of the Hub, as a user runs them, on the built package and a loopback Hub.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { program, projectRoot, writeCheckpoint } from "../cli/run.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { hubVariables, loopback } from "./loopback.js";

const context = loopback("hub-examples");
const folder = temporaryFolder("hub-examples-run");

beforeAll(async () => {
  expect(existsSync(join(projectRoot, "dist/index.js")), "dist/ is not built: npm run build:ts").toBe(true);
  context.hub.accounts.set("hf_ann", { name: "ann" });
  await writeCheckpoint(folder);
});

async function example(name: string, ...args: string[]): Promise<string> {
  const env = { ...hubVariables(context.hub, context.home), HF_HUB_OFFLINE: "", HF_TOKEN: "hf_ann" };
  const { status, stdout, stderr } = await program([join("examples", name), ...args], { env });
  expect(status, stderr).toBe(0);
  return stdout;
}

it("publish.ts publishes a trained model and uses it by its name", async () => {
  const stdout = await example("publish.ts", "--folder", folder, "--repository", "bert-mrpc", "--private");
  expect(stdout).toMatch(/^ann publishes 5 files: config.json, model.safetensors, /);
  expect(stdout).toContain(`published: ${context.hub.endpoint}/ann/bert-mrpc`);
  expect(stdout).toMatch(/label: 'LABEL_\d', score: 0\.\d+/);
  expect(context.hub.repositories.get("models/ann/bert-mrpc")?.private).toBe(true);
});

it("private-dataset.ts publishes a dataset, loads it, and is refused without the token", async () => {
  const stdout = await example("private-dataset.ts", "--dataset", "ann/reviews");
  expect(stdout).toContain(`published: ${context.hub.endpoint}/datasets/ann/reviews`);
  expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/train: Dataset \{ features: \[.*num_rows: 2 \}/);
  expect(stdout).toMatch(/^(positive|negative) \| /m);
  expect(stdout).toContain("without the token:");
});
