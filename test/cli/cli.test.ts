// The command line as a person meets it: help, mistakes, a run from training to prediction, Ctrl-C, a full disk.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.js";
import { UsageError } from "../../src/cli/flags.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { AttuneError } from "../../src/support/errors.js";
import { trainingFields } from "../../src/trainer/arguments.js";
import { kebabCase } from "../../src/trainer/fields.js";
import { lastCheckpoint } from "../../src/trainer/index.js";
import { sentences, temporaryFolder } from "../trainer/tiny.js";
import { attune, writeCheckpoint, writeDataset } from "./run.js";

const folder = temporaryFolder("cli");
const model = join(folder, "model");
const dataset = join(folder, "data");
const data = ["--model", model, "--dataset", dataset];

beforeAll(async () => {
  await writeCheckpoint(model);
  writeDataset(dataset, { train: 64, validation: 32 });
});

describe("help", () => {
  it("lists the commands", async () => {
    const { status, stdout } = await attune(["--help"]);
    expect(status).toBe(0);
    for (const command of ["quickstart", "train", "eval", "predict", "env"])
      expect(stdout).toContain(`\n  ${command} `);
    expect((await attune([])).status).toBe(2);
    expect((await attune(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("lists every field of TrainingArguments as a flag, with its default", async () => {
    const { status, stdout } = await attune(["train", "--help"]);
    expect(status).toBe(0);
    for (const name of Object.keys(trainingFields)) {
      if (name !== "outputDir") expect(stdout).toContain(`\n  --${kebabCase(name)} `);
    }
    expect(stdout).toMatch(/--learning-rate X +learning rate of AdamW after the warm-up \(default 5e-5\)/);
    expect(stdout).toMatch(/--lr-scheduler-type linear\|cosine/);
    expect((await attune(["help", "train"])).stdout).toBe(stdout);
  });
});

describe("mistakes", () => {
  it.each([
    [["trian"], /There is no command "trian"; did you mean "train"\?/],
    [["train", "--learning-rat", "1"], /Unknown flag --learning-rat; did you mean --learning-rate\?/],
    [["train", "--model", "m", "--dataset", "d"], /attune train needs --output/],
    [["train", "--model", "--dataset", "d"], /--model needs a value/],
    [["train", ...data, "--output", "o", "--lora-alpha", "8"], /--lora-r asks for one/],
    [["train", "stray"], /"stray" is not a flag/],
    [["train", "--seed", "1", "--seed", "2"], /--seed is given twice/],
    [
      ["train", ...data, "--output", "o", "--learning-rate", "fast"],
      /--learning-rate must be a number of at least 0, not "fast"/,
    ],
    [
      ["train", ...data, "--output", "o", "--eval-strategy", "epochs"],
      /--eval-strategy must be one of no, epoch, steps/,
    ],
    [["predict", "--model", "m", "--top-k", "0"], /--top-k must be a whole number of at least 1, not 0/],
    [["predict", "--model", "m", "--pair", "x"], /--pair needs --text/],
  ])("in the command line, %j, are said", async (args, message) => {
    const error = await runCommandLine(args).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
  });

  it("in the command line end with status 2 and a line, those in the data with status 1", async () => {
    const usage = await attune(["train", "--learning-rat", "1"]);
    expect(usage).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^attune: Unknown flag .*\n$/),
    });
    const missing = await attune(["predict", "--model", join(folder, "nothing"), "--text", "x"]);
    expect(missing).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^attune: .*nothing.*\n$/) });
  });

  const train = (...more: string[]) => ["train", ...data, "--output", join(folder, "never"), ...more];
  it.each([
    [
      "an unknown model folder",
      ["train", "--model", join(folder, "nothing"), "--dataset", dataset, "--output", "o"],
      /nothing/,
    ],
    [
      "an unknown dataset folder",
      ["train", "--model", model, "--dataset", join(folder, "nowhere"), "--output", "o"],
      /nowhere/,
    ],
    ["a configuration that is not there", train("--config", "mrpc"), /no configuration "mrpc"/],
    ["a text column that is not there", train("--text-column", "review"), /--text-column review.*text, feeling, id/],
    ["a label column that is not there", train("--label-column", "stars"), /--label-column stars.*text, feeling, id/],
    ["a label column of texts", train("--label-column", "text"), /the label column text is Value\("string"\)/],
    ["a split that is not there", ["eval", ...data, "--split", "tset"], /no split "tset"/],
    ["a file for a folder", ["predict", "--model", join(dataset, "train.parquet"), "--text", "x"], /train\.parquet/],
  ])("in the data, %s, are said", async (_name, args, message) => {
    const error = await runCommandLine(args).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AttuneError);
    expect((error as Error).message).toMatch(message);
    expect(existsSync(join(folder, "never"))).toBe(false);
  });

  it("shows the stack where ATTUNE_DEBUG=1 asks for it", async () => {
    const { stderr } = await attune(["eval", "--model", "nothing", "--dataset", dataset], {
      env: { ATTUNE_DEBUG: "1" },
    });
    expect(stderr).toMatch(/Error: [\s\S]*\n {4}at /);
  });
});

describe("a run", () => {
  const output = join(folder, "run");

  it("trains, evaluates after each epoch, and says where the model is", async () => {
    const flags = ["--learning-rate", "0.01", "--num-train-epochs", "8", "--seed", "3", "--logging-steps", "8"];
    const { status, stdout, stderr } = await attune(["train", ...data, "--output", output, ...flags]);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain("text in text, classes fine, bad in feeling");
    expect(stdout.match(/^\| 0\.\d+ +\| [1-8]\.00/gm)?.length).toBe(8);
    expect(stdout).toContain("| Validation Loss | Accuracy | F1");
    expect(stdout).toContain(`attune predict --model ${output} --text '`);
    const results = JSON.parse(readFileSync(join(output, "all_results.json"), "utf8"));
    expect(results.eval_accuracy).toBeGreaterThan(0.9);
    expect(JSON.parse(readFileSync(join(output, "training_args.json"), "utf8"))).toMatchObject({
      eval_strategy: "epoch",
      learning_rate: 0.01,
      logging_steps: 8,
      num_train_epochs: 8,
      output_dir: output,
      seed: 3,
    });
  });

  it("is measured by eval as it was at its end", async () => {
    const { status, stdout } = await attune(["eval", "--model", output, "--dataset", dataset, "--batch-size", "8"]);
    const results = JSON.parse(readFileSync(join(output, "all_results.json"), "utf8"));
    expect(status).toBe(0);
    const metrics = JSON.parse(stdout);
    expect([metrics.eval_accuracy, metrics.eval_f1]).toEqual([results.eval_accuracy, results.eval_f1]);
    expect(Math.abs(metrics.eval_loss - results.eval_loss)).toBeLessThanOrEqual(1e-6);
  });

  it("trains an adapter, which eval and predict take as they take a model", async () => {
    const adapter = join(folder, "adapter");
    const lora = ["--lora-r", "4", "--lora-target-modules", "query,value,dense"];
    const flags = ["--learning-rate", "0.01", "--max-steps", "8", ...lora];
    const { status, stderr } = await attune(["train", ...data, "--output", adapter, ...flags]);
    expect(status, stderr).toBe(0);
    // 4 (16 + 16) of each of query, value, the attention's output and the pooler, 4 (16 + 32) of each half of the
    // feed-forward block, and a head of 2 x 16 + 2
    expect(stderr).toMatch(/LoRA: 930 of \d+ parameters train/);
    expect(JSON.parse(readFileSync(join(adapter, "adapter_config.json"), "utf8"))).toMatchObject({
      r: 4,
      lora_alpha: 8,
    });
    expect(existsSync(join(adapter, "model.safetensors"))).toBe(false);
    const measured = await attune(["eval", "--model", adapter, "--dataset", dataset]);
    const results = JSON.parse(readFileSync(join(adapter, "all_results.json"), "utf8"));
    expect(Math.abs(JSON.parse(measured.stdout).eval_loss - results.eval_loss)).toBeLessThanOrEqual(1e-6);
    const one = await attune(["predict", "--model", adapter, "--text", "a day"]);
    expect(["fine", "bad"]).toContain(JSON.parse(one.stdout).label);
  });

  it("predicts a text of the flags, and lines of standard input in their order", async () => {
    const one = await attune(["predict", "--model", output, "--text", "the night was bad"]);
    expect(JSON.parse(one.stdout)).toMatchObject({ label: "bad" });
    const input = '"a good day"\n\n{"text": "a bad day"}\n"the day was bad"\n"the day was good"\n';
    const many = await attune(["predict", "--model", output, "--batch-size", "3"], { input });
    const labels = many.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).label);
    expect(labels).toEqual(["fine", "bad", "bad", "fine"]);
    const all = await attune(["predict", "--model", output, "--text", "a day", "--top-k", "2"]);
    const scores = JSON.parse(all.stdout) as { label: string; score: number }[];
    expect(scores.map(({ label }) => label).sort()).toEqual(["bad", "fine"]);
    expect(Math.abs(scores[0].score + scores[1].score - 1)).toBeLessThanOrEqual(1e-6);
  });

  it("says which line of standard input is wrong", async () => {
    const wrong = await attune(["predict", "--model", output], { input: '"a day"\n{"txt": 1}\n' });
    expect([wrong.status, wrong.stderr]).toEqual([
      1,
      expect.stringContaining('line 2 of standard input is {"txt": 1}'),
    ]);
    const broken = await attune(["predict", "--model", output], { input: "a day\n" });
    expect(broken.stderr).toContain("line 1 of standard input is not JSON");
  });

  it("ends after the step at Ctrl-C, saves, and exits as a shell expects", async () => {
    const stopped = join(folder, "stopped");
    let sent = false;
    const run = await attune(
      ["train", ...data, "--output", stopped, "--num-train-epochs", "5000", "--logging-steps", "5"],
      {
        onStderr: (text, child) => {
          if (sent || !text.includes("step 10 ")) return;
          sent = true;
          child.kill("SIGINT");
        },
      },
    );
    expect(run.status, run.stderr).toBe(130);
    expect(run.stderr).toContain("SIGINT: ending after this step, then saving");
    expect(run.stdout).toMatch(/Ended by SIGINT after step \d+ of 40000/);
    expect(run.stdout).toContain("The same command with --resume-from-checkpoint auto goes on.");
    const state = JSON.parse(readFileSync(join(stopped, "trainer_state.json"), "utf8"));
    expect(state.global_step).toBeGreaterThanOrEqual(10);
    expect(state.global_step).toBeLessThan(40_000);
    await AutoModelForSequenceClassification.fromPretrained(stopped);
    const predicted = await attune(["predict", "--model", stopped, "--text", "a day"]);
    expect(predicted.status).toBe(0);
  });

  it("leaves a checkpoint that loads when it is killed at any moment, and the next run leaves nothing of it", async () => {
    const killed = join(folder, "killed");
    const args = [
      "train",
      ...data,
      "--output",
      killed,
      "--save-strategy",
      "steps",
      "--save-steps",
      "1",
      "--logging-steps",
      "1",
    ];
    for (const moment of [3, 4, 7]) {
      const run = await attune([...args, "--num-train-epochs", "5000", "--eval-strategy", "no"], {
        onStderr: (text, child) => {
          if (text.includes(`step ${moment} `)) setTimeout(() => child.kill("SIGKILL"), 3 * moment);
        },
      });
      expect(run.signal).toBe("SIGKILL");
      const loaded = await AutoModelForSequenceClassification.fromPretrained((await lastCheckpoint(killed)) ?? "");
      expect(loaded.config.id2label).toEqual({ 0: "fine", 1: "bad" });
    }
    expect((await attune([...args, "--max-steps", "1"])).status).toBe(0);
    expect(readdirSync(killed).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("says that the file limit was met while saving, and leaves nothing half-written", async (context) => {
    if (spawnSync("prlimit", ["--version"]).status !== 0) context.skip("no prlimit on this system");
    const full = join(folder, "full");
    const args = ["train", ...data, "--output", full, "--max-steps", "2"];
    const { status, stderr } = await attune(args, {
      wrapper: ["prlimit", "--fsize=9000"],
      env: { TSX_DISABLE_CACHE: "1" },
    });
    expect(stderr).toContain(`Could not write file ${join(full, "checkpoint-2", "model.safetensors")}`);
    expect(stderr).toContain("EFBIG");
    expect(status).toBe(1);
    expect(readdirSync(full).sort()).toEqual(["attune_log.jsonl", "attune_run.json"]);
  });

  it("refuses a damaged checkpoint by its name", async () => {
    const damaged = join(folder, "damaged");
    await writeCheckpoint(damaged);
    const weights = readFileSync(join(damaged, "model.safetensors"));
    writeFileSync(join(damaged, "model.safetensors"), weights.subarray(0, weights.length - 100));
    const { status, stderr } = await attune(["predict", "--model", damaged, "--text", "x"]);
    expect([status, stderr]).toEqual([1, expect.stringContaining(join(damaged, "model.safetensors"))]);
  });
});

describe("data of one's own", () => {
  it("is examined, trained on, and stands beside what takes no model", async () => {
    const file = join(folder, "days.csv");
    const rows = sentences(60).map(({ text, label }) => `"${text}",${label === 1 ? "gloomy" : "fine"}`);
    writeFileSync(file, `review,mood\n${rows.join("\n")}\n${rows[0]}\n`);
    const output = join(folder, "days");
    const { status, stdout, stderr } = await attune([
      "train",
      ...["--model", model, "--data", file, "--label-column", "mood", "--output", output],
      ...["--learning-rate", "0.01", "--num-train-epochs", "6"],
    ]);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain("text in review, classes fine, gloomy in mood");
    expect(stderr).toMatch(/rows are set aside \(seed 42\)/);
    expect(stderr).toMatch(/warning: train: \d+ of \d+ rows repeat the text of an earlier one/);
    expect(stderr).toMatch(/forecast: about \d+ seconds? and \d\.\d GB of memory/);
    expect(stdout).toMatch(/^\| always (fine|gloomy) +\| 0\.\d{4} +\| \d\.\d{4} +\|$/m);
    expect(stdout).toMatch(/^\| bag of words +\| /m);
    expect(stdout).toMatch(/^\| this model +\| [01]\.\d{4} +\| /m);
    const predicted = await attune(["predict", "--model", output, "--text", "a bad day"]);
    expect(JSON.parse(predicted.stdout).label).toMatch(/fine|gloomy/);

    const more = join(folder, "more.csv");
    writeFileSync(more, "review,mood\na bad day,gloomy\na bad night,gloomy\n");
    const measured = await attune(["eval", "--model", output, "--data", more, "--label-column", "mood"]);
    expect(measured.status, measured.stderr).toBe(0);
    expect(JSON.parse(measured.stdout).eval_accuracy).toBeGreaterThanOrEqual(0);
  });

  it("may be in another encoding, or have lines that do not fit: errors say the flags that help", async () => {
    const file = join(folder, "cafes.csv");
    const lines = sentences(20).map(({ text, label }) => `${text} caf\u00e9,${label}`);
    writeFileSync(file, Buffer.from(`text,label\n${lines.join("\n")}\none,two,three\n`, "latin1"));
    const run = (...more: string[]) =>
      runCommandLine([...["train", "--model", model, "--data", file, "--output", join(folder, "cafes")], ...more]);
    await expect(run()).rejects.toThrow(/is not UTF-8 .*: name its encoding, --encoding windows-1252 say/);
    const read = ["--encoding", "windows-1252"];
    await expect(run(...read)).rejects.toThrow(/line 22 has 3 fields.*leave such lines out with --on-bad-lines warn$/);
    const all = await attune([
      ...["train", "--model", model, "--data", file, "--output", join(folder, "cafes")],
      ...[...read, "--on-bad-lines", "warn", "--max-steps", "1"],
    ]);
    expect(all.status, all.stderr).toBe(0);
    expect(all.stderr).toContain("1 lines were left out");
  });

  it("or a dataset has to be named, and not both", async () => {
    const none = await attune(["train", "--model", model, "--output", "o"]);
    expect([none.status, none.stderr]).toEqual([2, expect.stringContaining("needs --dataset or --data")]);
    const both = await attune(["train", ...data, "--data", "x.csv", "--output", "o"]);
    expect([both.status, both.stderr]).toEqual([2, expect.stringContaining("takes the place of --dataset")]);
  });
});

describe("env", () => {
  it("says what the machine offers", async () => {
    const { status, stdout } = await attune(["env"], { env: { ATTUNE_LOG: "warn" } });
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^node +${process.versions.node}`, "m"));
    for (const row of ["processor", "memory", "engine", "Hub cache"])
      expect(stdout).toMatch(new RegExp(`^${row} +\\S`, "m"));
    expect(stdout).toMatch(/^ATTUNE_LOG +warn$/m);
  });
});
