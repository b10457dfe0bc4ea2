// attune search: words that are no domains, a search from a command line, the same again.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.js";
import { UsageError } from "../../src/cli/flags.js";
import { searchable } from "../../src/cli/search.js";
import { domainsIn, domainsOf } from "../../src/cli/space-words.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { attune, writeCheckpoint, writeDataset } from "./run.js";

const folder = temporaryFolder("cli-search");
const model = join(folder, "model");
const dataset = join(folder, "data");
const given = ["--model", model, "--dataset", dataset, "--output", join(folder, "never")];

beforeAll(async () => {
  await writeCheckpoint(model);
  writeDataset(dataset, { train: 48, validation: 16 });
});

describe("words", () => {
  it("are domains, by the flags' types", () => {
    expect(
      domainsOf(
        [
          "learning-rate=log-uniform:1e-5..5e-4",
          "--weight-decay=uniform:0..0.1/5",
          "num_train_epochs=int:2..8/2",
          "perDeviceTrainBatchSize=8,16",
          "lr-scheduler-type=choice:linear,cosine",
          "model=a/b,./c",
          "dataloader-drop-last=true,false",
          "lora-r=4,8",
        ],
        searchable,
      ),
    ).toEqual({
      learningRate: { type: "log-uniform", low: 1e-5, high: 5e-4 },
      weightDecay: { type: "uniform", low: 0, high: 0.1, points: 5 },
      numTrainEpochs: { type: "int", low: 2, high: 8, step: 2 },
      perDeviceTrainBatchSize: { type: "choice", values: [8, 16] },
      lrSchedulerType: { type: "choice", values: ["linear", "cosine"] },
      model: { type: "choice", values: ["a/b", "./c"] },
      dataloaderDropLast: { type: "choice", values: [true, false] },
      loraR: { type: "choice", values: [4, 8] },
    });
    expect(domainsIn({ learning_rate: { type: "uniform" } }, "x.json", searchable)).toEqual({
      learningRate: { type: "uniform" },
    });
  });

  it.each([
    ["learning-rate", /is no parameter to search: NAME=8,16,32/],
    ["learning-rte=1e-5", /did you mean learning-rate/],
    ["learning-rate=1e-5..1e-3", /a range says which: uniform:1e-5..1e-3, log-uniform/],
    ["learning-rate=loguniform:1..2", /there is no loguniform; did you mean log-uniform/],
    ["learning-rate=uniform:1", /"1" is no range: LOW..HIGH/],
    ["learning-rate=uniform:a..b", /"a..b" is no range/],
    ["per-device-train-batch-size=8,x", /a whole number of at least 1, not "x"/],
    ["lr-scheduler-type=linaer", /did you mean linear/],
  ])("%s is refused", (word, message) => {
    expect(() => domainsOf([word], searchable)).toThrow(UsageError);
    expect(() => domainsOf([word], searchable)).toThrow(message);
  });

  it.each<[string[], RegExp]>([
    [["learning-rate=1e-5", "learning-rate=1e-4"], /searched twice/],
    [["learning-rate=1e-5,1e-4", "--learning-rate", "1"], /given a value, and searched/],
    [["--min-resource", "2"], /belong to --pruner asha/],
    [["learning-rate=uniform:2..1"], /low \(2\) is above high \(1\)/],
    [["output=a,b"], /there is no output to search/],
    [["--space", join(folder, "none.json")], /none\.json cannot be read/],
    [["--load-best-model-at-end", "--eval-strategy", "no"], /--load-best-model-at-end needs evaluations/],
    [
      ["--baseline", "learning-rate=1e-3,1e-4"],
      /needs the defaults among the values.*learningRate is one of .*0.00005/,
    ],
    [["--parallel", "9", "--cores", "8"], /9 trials at the same time need a core each, and there are 8/],
  ])("%j is said before anything is loaded", async (words, message) => {
    await expect(runCommandLine(["search", ...given, ...words])).rejects.toThrow(message);
  });
});

it("the model's revision is what trials load", { timeout: 120_000 }, async () => {
  const output = join(folder, "revision");
  const line = ["search", "--model", "ann/none", "--revision", "v9", "--dataset", dataset, "--output", output];
  const { status, stderr } = await attune(line, { env: { HF_HUB_OFFLINE: "1", HF_HOME: join(folder, "home") } });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /run-0 failed before its first step, as every trial would: .*"ann\/none" at "v9" is not in the cache/,
  );
});

it("a search from a command line: a table, the best, what mattered; and again at once", {
  timeout: 300_000,
}, async () => {
  const output = join(folder, "search");
  const space = join(folder, "space.json");
  writeFileSync(space, JSON.stringify({ learningRate: { type: "log-uniform", low: 1e-5, high: 1e-1 } }));
  const line = [
    ...["search", "--model", model, "--dataset", dataset, "--output", output, "--space", space],
    ...[
      "--trials",
      "4",
      "--baseline",
      "--parallel",
      "2",
      "--cores",
      "2",
      "--pruner",
      "asha",
      "--reduction-factor",
      "2",
    ],
    ...["--metric-for-best-model", "accuracy", "--num-train-epochs", "2", "per-device-train-batch-size=4,8"],
  ];
  const { status, stdout, stderr } = await attune(line);
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/run-\d {2}eval_accuracy [\d.]+ {2}\(learningRate [\de.-]+, perDeviceTrainBatchSize [48]\)/);
  expect(stdout).toMatch(
    /\| Trial +\| State +\| eval_accuracy \| learning-rate \| per-device-train-batch-size \| Time/,
  );
  expect(stdout.match(/^\| run-\d/gm)?.length).toBe(4);
  expect(stdout).toMatch(/The best is (run-\d), in .*search[\\/]\1\. What next:/);
  const { trials } = JSON.parse(readFileSync(join(output, "search.json"), "utf8"));
  expect(trials[0].params).toEqual({ learningRate: 5e-5, perDeviceTrainBatchSize: 8 }); // Python's defaults
  const complete = trials.filter(({ state }: { state: string }) => state === "complete");
  const best = Math.max(...complete.map(({ objective }: { objective: number }) => objective));
  expect(stdout).toMatch(new RegExp(`^\\| run-\\d \\* \\| complete +\\| ${best.toFixed(4)}`, "m"));
  const again = await attune(line);
  expect(again.stderr).toContain("all 4 trials are done");
  expect(again.stdout).toBe(stdout);
  const other = await attune([...line, "--search-seed", "1"]);
  expect(other.status).toBe(1);
  expect(other.stderr).toMatch(/holds a search with another seed: 42, where this one has 1/);
  const revised = await attune([...line, "--revision", "v2"]);
  expect(revised.status).toBe(1);
  expect(revised.stderr).toMatch(
    /made with no --revision, and now it is v2: give the same, or choose another outputDir/,
  );
});
