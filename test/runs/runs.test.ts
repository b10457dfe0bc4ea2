// Reading runs: what the Trainer wrote is what is read, live, after a kill, a resume and damage; and nothing outside.
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { accuracy } from "../../src/metrics/index.js";
import { Inside, listRuns, NotThere, Run, Runs } from "../../src/runs/index.js";
import { RunLogCallback, Trainer, type TrainerOptions, type TrainOptions } from "../../src/trainer/index.js";
import type { RunLogLine } from "../../src/trainer/run-log.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "../trainer/tiny.js";

const folder = temporaryFolder("runs");

async function train(name: string, options: Partial<TrainerOptions> = {}, how: TrainOptions = {}): Promise<Trainer> {
  const trainer = new Trainer({
    model: tinyModel(),
    trainDataset: tokenized(16),
    evalDataset: tokenized(8),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
    ...options,
    args: {
      outputDir: join(folder, name),
      disableTqdm: true,
      evalStrategy: "epoch",
      saveStrategy: "epoch",
      perDeviceTrainBatchSize: 4,
      numTrainEpochs: 2,
      loggingSteps: 2,
      ...options.args,
    },
  });
  await trainer.train(how);
  return trainer;
}

async function open(name: string): Promise<Run> {
  const run = new Run(await Inside.open(folder), name);
  await run.refresh();
  return run;
}

/** What the log says, rows as trainer_state.json has them. */
function rowsOf({ history }: Run): object[] {
  const rows = new Map<string, Record<string, number>>();
  for (const key of history.keys) {
    if (["memory", "padding_share", "tokens_per_second"].includes(key)) continue;
    const series = history.series(key);
    series?.values.forEach((value, i) => {
      const place = `${series.steps[i]} ${series.seconds[i]}`;
      rows.set(place, { ...rows.get(place), [key]: value, step: series.steps[i], epoch: series.epochs[i] });
    });
  }
  return [...rows.values()];
}

const sortedRows = (rows: readonly object[]) =>
  rows.map((row) => JSON.stringify(Object.fromEntries(Object.entries(row).sort()))).sort();

/** A log of one's own. */
function writeLog(name: string, lines: readonly (RunLogLine | string)[]): string {
  mkdirSync(join(folder, name), { recursive: true });
  const path = join(folder, name, "attune_log.jsonl");
  writeFileSync(path, lines.map((line) => (typeof line === "string" ? line : `${JSON.stringify(line)}\n`)).join(""));
  return path;
}

const start = (step: number, rows: number, time: number): RunLogLine => ({
  event: "start",
  time,
  step,
  rows,
  maxSteps: 100,
  epochs: 1,
  host: "elsewhere",
  pid: 1,
  best: { key: "eval_accuracy", greater: true },
});
const row = (step: number, loss: number, time: number): RunLogLine => ({
  event: "log",
  time,
  step,
  epoch: step / 100,
  tokens: 10 * step,
  values: { loss },
  figures: { memory: 1e9 },
});

describe("a run that the Trainer made", () => {
  it("is read with the very rows of trainer_state.json, its arguments, checkpoints and best", async () => {
    const trainer = await train("whole", { args: { metricForBestModel: "accuracy", runName: "the whole" } });
    await trainer.evaluate(tokenized(4), { metricKeyPrefix: "after" });
    const run = await open("whole");
    expect(sortedRows(rowsOf(run))).toEqual(sortedRows(trainer.state.logHistory));
    const { summary, args } = { summary: run.summary(), args: run.args };
    expect(summary).toMatchObject({
      id: "whole",
      name: "the whole",
      status: "finished",
      step: 8,
      maxSteps: 8,
      damagedLines: 0,
    });
    expect(summary.best).toMatchObject({ key: "eval_accuracy", greater: true, value: trainer.state.bestMetric });
    expect(summary.values.after_accuracy).toBeTypeOf("number");
    expect(args.perDeviceTrainBatchSize).toBe(4);
    const checkpoints = await run.checkpoints();
    expect(checkpoints.map(({ step }) => step)).toEqual([4, 8]);
    expect(checkpoints.filter(({ best }) => best).map(({ step }) => step)).toEqual([trainer.state.bestGlobalStep]);
    const tokens = run.history.series("loss")?.tokens ?? [];
    expect(tokens.at(-1)).toBe(trainer.state.numInputTokensSeen);
  });

  it("goes on after a stop without the rows that its checkpoint does not have", async () => {
    const undisturbed = await train("undisturbed");
    const controller = new AbortController();
    const stop = {
      onStepEnd: ({ state }: { state: { globalStep: number } }) => void (state.globalStep === 5 && controller.abort()),
    };
    await train("stopped", { callbacks: [stop] }, { signal: controller.signal });
    const stopped = await open("stopped");
    expect(stopped.summary()).toMatchObject({ status: "interrupted", step: 5 });
    const resumed = await train("stopped", {}, { resumeFromCheckpoint: "last" });
    await stopped.refresh();
    expect(sortedRows(rowsOf(stopped))).toEqual(sortedRows(resumed.state.logHistory));
    const losses = (run: Run) => Array.from(run.history.series("loss")?.values ?? []);
    expect(losses(stopped)).toEqual(losses(await open("undisturbed")));
    expect(undisturbed.state.globalStep).toBe(stopped.summary().step);
    const seconds = Array.from(stopped.history.series("loss")?.seconds ?? []);
    expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
  });

  it("says what it failed of, and starts anew over an earlier one", async () => {
    const fail = {
      onStepEnd: () => {
        throw new Error("no more of this");
      },
    };
    await expect(train("failing", { callbacks: [fail] })).rejects.toThrow("no more of this");
    expect((await open("failing")).summary()).toMatchObject({ status: "failed", reason: "no more of this" });
    const anew = await train("failing");
    const run = await open("failing");
    expect(run.summary().status).toBe("finished");
    expect(sortedRows(rowsOf(run))).toEqual(sortedRows(anew.state.logHistory));
  });

  it("brings along what was logged before a checkpoint of another folder", async () => {
    await train("source");
    const trainer = await train("target", {}, { resumeFromCheckpoint: join(folder, "source", "checkpoint-4") });
    expect((await open("target")).history.length).toBe(trainer.state.logHistory.length);
  });

  it("has a log alone where nothing else is saved", async () => {
    await train("log-alone", { args: { saveStrategy: "no" }, callbacks: [RunLogCallback] });
    expect((await open("log-alone")).summary()).toMatchObject({ status: "finished", step: 8 });
  });
});

describe("status", () => {
  it("is killed where the process is gone, and running while it lives", async () => {
    const here = { ...start(0, 0, Date.now()), host: (await import("node:os")).hostname() };
    writeLog("alive", [{ ...here, pid: process.pid } as RunLogLine]);
    expect((await open("alive")).summary().status).toBe("running");
    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeLog("dead", [{ ...here, pid } as RunLogLine]);
    expect((await open("dead")).summary().status).toBe("killed");
    // Another process that has got the number of one that is gone.
    writeLog("reused", [{ ...here, pid: process.pid, process: "1" } as RunLogLine]);
    expect((await open("reused")).summary().status).toBe(process.platform === "linux" ? "killed" : "running");
  });

  it("of another machine follows how lately it was heard of", async () => {
    writeLog("far", [start(0, 0, Date.now() - 1000)]);
    writeLog("silent", [start(0, 0, Date.now() - 3_600_000)]);
    expect((await open("far")).summary().status).toBe("running");
    expect((await open("silent")).summary().status).toBe("killed");
  });
});

describe("a log", () => {
  it("is followed as it grows, half lines included", async () => {
    const path = writeLog("growing", [start(0, 0, 1000), row(1, 5, 2000)]);
    const run = await open("growing");
    expect(Array.from(run.history.series("loss")?.values ?? [])).toEqual([5]);
    const line = `${JSON.stringify(row(2, 4, 3000))}\n`;
    appendFileSync(path, line.slice(0, 40));
    await run.refresh();
    expect(run.history.count("loss")).toBe(1);
    appendFileSync(path, line.slice(40));
    expect(await run.refresh()).toBe(true);
    expect(await run.refresh()).toBe(false);
    expect(Array.from(run.history.series("loss")?.values ?? [])).toEqual([5, 4]);
    expect(Array.from(run.history.series("loss")?.seconds ?? [])).toEqual([1, 2]);
    expect(run.summary().damagedLines).toBe(0);
  });

  it("loses damaged lines, and no others", async () => {
    const damaged = [
      "nonsense\n",
      "null\n",
      "[1]\n",
      '{"event":"log","time":1}\n',
      '{"event":"log","time":1,"step":2,"values":7}\n',
      "\u0000\u0001\n",
      `${"x".repeat(3 << 20)}\n`,
    ];
    const lines = damaged.flatMap((text, i) => [text, row(i + 1, i, 1000 * i)]);
    writeLog("damaged", [start(0, 0, 0), ...lines]);
    const run = await open("damaged");
    expect(Array.from(run.history.series("loss")?.values ?? [])).toEqual(damaged.map((_, i) => i));
    expect(run.summary().damagedLines).toBe(damaged.length);
  });

  it("keeps numbers that JSON has not", async () => {
    const lines = ["NaN", "Infinity", "-Infinity"].map(
      (loss, i) => ({ ...row(i, 0, i), values: { loss } }) as RunLogLine,
    );
    writeLog("extreme", [start(0, 0, 0), ...lines]);
    expect(Array.from((await open("extreme")).history.series("loss")?.values ?? [])).toEqual([
      Number.NaN,
      Infinity,
      -Infinity,
    ]);
  });

  it("that was written anew is read anew", async () => {
    const path = writeLog("replaced", [start(0, 0, 0), row(1, 1, 1), row(2, 2, 2)]);
    const run = await open("replaced");
    writeFileSync(`${path}.new`, `${JSON.stringify(start(0, 0, 5))}\n${JSON.stringify(row(7, 7, 6))}\n`);
    (await import("node:fs")).renameSync(`${path}.new`, path);
    await run.refresh();
    expect(Array.from(run.history.series("loss")?.steps ?? [])).toEqual([7]);
  });

  it("takes back rows beyond those that a start counts", async () => {
    writeLog("back", [
      start(0, 0, 0),
      row(1, 1, 1000),
      row(2, 2, 2000),
      row(3, 3, 3000),
      start(2, 2, 60_000),
      row(3, 33, 61_000),
    ]);
    const { history } = await open("back");
    expect(Array.from(history.series("loss")?.values ?? [])).toEqual([1, 2, 33]);
    expect(Array.from(history.series("loss")?.seconds ?? [])).toEqual([1, 2, 3]); // the minute between counts for nothing
  });
});

describe("a folder of runs", () => {
  it("is listed, the newest first, with runs in folders of folders and those of Python", async () => {
    const nested = temporaryFolder("nested");
    for (const [name, time] of [
      ["old", 1000],
      ["glue/mrpc", 3000],
      ["glue/sst2", 2000],
    ] as const) {
      mkdirSync(join(nested, name), { recursive: true });
      writeFileSync(join(nested, name, "attune_log.jsonl"), `${JSON.stringify(start(0, 0, time))}\n`);
    }
    mkdirSync(join(nested, "python", "checkpoint-10"), { recursive: true });
    const state =
      '{"best_global_step": 10, "global_step": 10, "log_history": [{"loss": NaN, "step": 5}, {"eval_loss": 0.5, "epoch": 1.0, "step": 10}]}';
    writeFileSync(join(nested, "python", "checkpoint-10", "trainer_state.json"), state);
    mkdirSync(join(nested, "nothing"));
    expect((await listRuns(nested)).map(({ id }) => id)).toEqual(["glue/mrpc", "glue/sst2", "old", "python"]);
    const runs = await Runs.open(nested);
    expect((await runs.refresh()).changed).toHaveLength(4);
    expect(await runs.refresh()).toEqual({ changed: [], gone: [] });
    rmSync(join(nested, "glue", "mrpc"), { recursive: true });
    expect(await runs.refresh()).toEqual({ changed: [], gone: ["glue/mrpc"] });
    expect(runs.get("glue/mrpc")).toBeUndefined();
    const python = runs.get("python");
    expect(python?.summary()).toMatchObject({
      status: "unknown",
      step: 10,
      best: { key: "eval_loss", value: 0.5, step: 10 },
    });
    expect(await python?.checkpoints()).toMatchObject([{ step: 10, best: true }]);
  });

  it("may be a run itself, or hold nothing; one that is not there is an error", async () => {
    const alone = temporaryFolder("alone");
    expect(await listRuns(alone)).toEqual([]);
    writeFileSync(join(alone, "attune_log.jsonl"), `${JSON.stringify(start(0, 0, 1))}\n`);
    expect((await listRuns(alone)).map(({ id }) => id)).toEqual(["."]);
    await expect(listRuns(join(alone, "missing"))).rejects.toThrow("there is no folder");
    await expect(listRuns(join(alone, "attune_log.jsonl"))).rejects.toThrow("is a file, not a folder");
  });

  it("is never left: neither by links nor by paths", async () => {
    const outside = temporaryFolder("outside");
    writeFileSync(join(outside, "attune_log.jsonl"), `${JSON.stringify(start(0, 0, 1))}\n`);
    const inner = temporaryFolder("inner");
    mkdirSync(join(inner, "real"));
    symlinkSync(outside, join(inner, "linked"), "junction");
    symlinkSync(outside, join(inner, "real", "checkpoint-1"), "junction");
    if (process.platform !== "win32")
      symlinkSync(join(outside, "attune_log.jsonl"), join(inner, "real", "attune_log.jsonl"));
    expect(await listRuns(inner)).toEqual([]);
    const inside = await Inside.open(inner);
    for (const path of ["..", "../x", "real/../../x", "/etc/passwd", "", "a//b", "./real", "real/.", "a\0b"]) {
      expect(() => inside.place(path), path).toThrow(NotThere);
      await expect(inside.readText(path), path).rejects.toThrow(NotThere);
    }
    for (const path of ["linked/attune_log.jsonl", "real/attune_log.jsonl", "real/checkpoint-1/attune_log.jsonl"]) {
      await expect(inside.readText(path), path).rejects.toThrow(NotThere);
    }
  });

  it.skipIf(process.platform === "win32")("does not wait at a pipe that stands in a log's place", async () => {
    const piped = temporaryFolder("piped");
    mkdirSync(join(piped, "run"));
    execFileSync("mkfifo", [join(piped, "run", "attune_log.jsonl")]);
    writeFileSync(join(piped, "run", "trainer_state.json"), "{}");
    expect(await listRuns(piped)).toMatchObject([{ id: "run", status: "unknown" }]);
  });

  it("keeps a copied run's history", async () => {
    await train("original");
    cpSync(join(folder, "original"), join(folder, "copy"), { recursive: true, verbatimSymlinks: true });
    expect(rowsOf(await open("copy"))).toEqual(rowsOf(await open("original")));
    expect(readFileSync(join(folder, "copy", "attune_log.jsonl"), "utf8")).toContain('"event":"end"');
  });
});
