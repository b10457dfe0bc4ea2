// --help answers without the engine, without datasets, models or the network: it looks at the modules that were loaded.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "../trainer/tiny.js";
import { attune } from "./run.js";

const folder = temporaryFolder("lazy");
const hook = fileURLToPath(new URL("programs/loaded.mjs", import.meta.url));

/** Folders of which all files may be loaded, and files of others: names and numbers, which import nothing more. */
const LIGHT = /^(?:cli|support|trainer)\/|^optim\/(?:schedules|lambda-lr)\.ts$|^tasks\/few-shot-arguments\.ts$/;

/** Files of src/ that were loaded and are not light. */
async function loadedBy(args: readonly string[]): Promise<{ heavy: string[]; output: string; status: number | null }> {
  const list = join(folder, `${args.join("-")}.txt`);
  const { stdout, stderr, status } = await attune(args, {
    nodeArguments: ["--import", hook],
    env: { ATTUNE_TEST_LOADED: list },
  });
  const files = [...readFileSync(list, "utf8").matchAll(/\/src\/([^/]+\/[^\n]+\.ts)$/gm)].map(([, name]) => name);
  expect(files).toContain("cli/main.ts");
  return { heavy: files.filter((name) => !LIGHT.test(name)), output: stdout + stderr, status };
}

it.each([
  ["--help"],
  ["train", "--help"],
  ["glue", "--help"],
  ["eval", "--help"],
  ["predict", "--help"],
  ["search", "--help"],
  ["diff", "--help"],
])("attune %s %s loads no engine and no dataset code", async (...args) => {
  const { heavy, output } = await loadedBy(args.filter((arg) => arg !== undefined));
  expect(output).toContain("Usage");
  expect(heavy).toEqual([]);
});

it("a wrong flag and a contradiction are said as soon", async () => {
  const contradiction = [
    "train",
    "--model",
    "m",
    "--dataset",
    "d",
    "--output",
    "o",
    "--load-best-model-at-end",
    "--eval-strategy",
    "no",
  ];
  const { heavy, output, status } = await loadedBy(contradiction);
  expect(output).toBe(
    'attune: --load-best-model-at-end needs evaluations to tell the best: set --eval-strategy to "epoch" or "steps"\n',
  );
  expect(status).toBe(2);
  expect(heavy).toEqual([]);
});
