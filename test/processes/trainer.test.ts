// The Trainer over two processes, by the command line: the figures of one process with batches twice as large, and going on
// with another number of processes.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import type { EvaluationDetails } from "../../src/trainer/details/types.js";
import { attune, projectRoot } from "../cli/run.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { describeJobs, quiet } from "./jobs.js";

vi.setConfig({ testTimeout: 600_000 }); // several programs, on a machine that may be busy

const folder = temporaryFolder("trainer-processes");

/** The embedded model without dropout, which differs between processes. */
function modelWithoutDropout(): string {
  const model = join(folder, "model");
  cpSync(join(projectRoot, "assets/model"), model, { recursive: true });
  const path = join(model, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8")) as object;
  const still = { ...config, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  writeFileSync(path, JSON.stringify(still));
  return model;
}

/** Rows of the log of a run, by what they hold. */
function logged(output: string, name: string): number[] {
  const { log_history: rows } = JSON.parse(readFileSync(join(output, "trainer_state.json"), "utf8")) as {
    log_history: Record<string, number>[];
  };
  return rows.flatMap((row) => (row[name] === undefined ? [] : [row[name]]));
}

/** What the last evaluation of a run showed beside its figures. */
function detailsOf(output: string): EvaluationDetails {
  return JSON.parse(readFileSync(join(output, "evaluations", "eval-00000008.json"), "utf8")) as EvaluationDetails;
}

describeJobs("attune launch -- train", () => {
  it("trains as one process does with twice the batch, and either goes on from a checkpoint of the other", async () => {
    const common = ["--model", modelWithoutDropout(), "--dataset", join(projectRoot, "assets/sample")];
    const settings = ["--max-steps", "8", "--save-steps", "4", "--logging-steps", "1", "--disable-tqdm"];
    const train = async (processes: number, output: string, ...more: string[]) => {
      const batch = ["--per-device-train-batch-size", String(8 / processes), "--output", join(folder, output)];
      const words = ["train", ...common, ...settings, ...batch, ...more];
      const launched = processes === 1 ? words : ["launch", "--processes", String(processes), "--", ...words];
      const { status, stderr, stdout } = await attune(launched, { env: quiet });
      expect(status, stderr).toBe(0);
      expect(stdout.match(/What next/g)).toHaveLength(1); // the first process alone says it
      return join(folder, output);
    };
    const near = (actual: number[], expected: number[]) => {
      expect(actual).toHaveLength(expected.length);
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(actual[i] - value) / Math.max(Math.abs(value), 1e-3), `row ${i}`).toBeLessThanOrEqual(1e-5);
      }
    };
    const one = await train(1, "one");
    const two = await train(2, "two");
    for (const name of ["loss", "grad_norm", "learning_rate", "eval_loss", "eval_accuracy", "eval_f1"]) {
      near(logged(two, name), logged(one, name));
    }
    const [details, expected] = [detailsOf(two), detailsOf(one)];
    for (const name of ["kind", "rows", "labels", "classes", "confusion"] as const) {
      expect(details[name], name).toEqual(expected[name]);
    }
    const known = ({ worst }: EvaluationDetails) => worst.map(({ row, actual, texts }) => ({ row, actual, texts }));
    expect(known(details)).toEqual(known(expected));
    const losses = ({ worst }: EvaluationDetails) => worst.map(({ loss }) => loss);
    near(losses(details), losses(expected));
    const bins = ({ calibration = [] }: EvaluationDetails) =>
      calibration.flatMap(({ count, confidence, accuracy }) => [count, confidence, accuracy]);
    near(bins(details), bins(expected));
    for (const [processes, from] of [
      [1, two],
      [2, one],
    ] as const) {
      const on = await train(processes, `on-${processes}`, "--resume-from-checkpoint", join(from, "checkpoint-4"));
      near(logged(on, "loss"), logged(one, "loss"));
      near(logged(on, "eval_loss"), logged(one, "eval_loss"));
    }
  });
});
