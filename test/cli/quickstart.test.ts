// The quickstart, cut to a few steps: offline, from the files of the package to a checkpoint that predicts.
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../trainer/tiny.js";
import { attune } from "./run.js";

it("trains, says how well, and where the model is", async () => {
  const output = join(temporaryFolder("quickstart"), "run");
  const { status, stdout, stderr } = await attune(["quickstart", "--output", output, "--max-steps", "8"]);
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^Fine-tuning on \d+ rows like this one:$/m);
  expect(stdout).toMatch(/^Done in \d+ s: training loss 0\.\d+, validation loss 0\.\d+, accuracy 0\.\d+$/m);
  expect(stdout).toContain(`The model is in ${output}`);
  const [, command = ""] = /^ {2}(?:npx )?attune (predict .*)$/m.exec(stdout) ?? [];
  expect(command).toMatch(/--text '.+' --pair '.+'/);
  const predicted = await attune(["predict", "--model", output, "--text", "a", "--pair", "b"]);
  expect(JSON.parse(predicted.stdout).label).toMatch(/^(not_)?equivalent$/);
});
