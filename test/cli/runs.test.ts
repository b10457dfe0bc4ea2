// attune runs and attune curves, on runs of a second and on what a folder may hold besides.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.js";
import { visibleWidth } from "../../src/cli/drawing/chart.js";
import { runLines } from "../../src/cli/runs.js";
import { Runs } from "../../src/runs/index.js";
import { Trainer } from "../../src/trainer/index.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "../trainer/tiny.js";

const folder = temporaryFolder("cli-runs");

async function said(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  vi.stubEnv("LC_ALL", "C");
  vi.stubEnv("NO_COLOR", "1");
  try {
    expect(await runCommandLine(args)).toBe(0);
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
  }
  return lines.join("\n");
}

beforeAll(async () => {
  const [rows, evaluated] = [tokenized(32), tokenized(16)];
  for (const [name, learningRate] of [
    ["first", 0.02],
    ["inner/second", 0.001],
  ] as const) {
    const trainer = new Trainer({
      model: tinyModel(),
      args: {
        outputDir: join(folder, name),
        runName: name === "first" ? "a name\x1b[2J" : undefined,
        learningRate,
        evalStrategy: "epoch",
        loggingSteps: 2,
        disableTqdm: true,
      },
      trainDataset: rows,
      evalDataset: evaluated,
      processingClass: tokenizer,
    });
    await trainer.train();
  }
});

it("runs lists all, the newest first or by what they reached", async () => {
  const newest = (await said("runs", folder)).split("\n");
  expect(newest[0]).toMatch(/^RUN +STATUS +STEP +LOSS +BEST +TIME +LAST$/);
  expect(newest[1]).toMatch(
    /^inner\/second +finished +12\/12 +[_.\-~=*#]{6} +[\d.]+ +eval_loss [\d.]+ at \d+ +\d:\d\d +\d+ (s|min) ago$/,
  );
  expect(newest[2]).toMatch(/^first +finished/);
  const values = (await said("runs", folder, "--sort", "best")).match(/(?<=eval_loss )[\d.]+/g)?.map(Number) ?? [];
  expect(values.length).toBe(2);
  expect(values[0]).toBeLessThanOrEqual(values[1]);
  const json = JSON.parse(await said("runs", folder, "--json", "--sort", "name"));
  expect(json.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
    ["first", "finished"],
    ["inner/second", "finished"],
  ]);
});

it("runs leaves columns out, rather than break its lines, where the terminal is narrow", async () => {
  const runs = await Runs.open(folder);
  await runs.refresh();
  for (const colors of [false, true]) {
    for (const [width, heading] of [
      [120, /^RUN +STATUS +STEP +LOSS +BEST +TIME +LAST$/],
      [80, /^RUN +STATUS +STEP +LOSS +BEST( +TIME)?$/],
      [64, /^RUN +STATUS +STEP +LOSS +BEST$/],
    ] as const) {
      const lines = await runLines(runs.list, { colors, unicode: true }, width);
      expect(lines[0]).toMatch(heading);
      for (const line of lines) expect(visibleWidth(line)).toBeLessThanOrEqual(width);
    }
  }
});

it("curves draws a run's losses, several runs, and what is asked for", async () => {
  const one = await said("curves", join(folder, "first"), "--width", "60");
  expect(one).toMatch(/^loss, eval_loss over step\n/);
  expect(one).toMatch(/ {2}\.\. loss: last [\d.]+, best [\d.]+\n {2}o {2}eval_loss: last [\d.]+, best [\d.]+$/);
  expect(one.match(/^ .*[|+].*o/gm)?.length).toBeGreaterThanOrEqual(1);
  for (const line of one.split("\n")) expect(line.length).toBeLessThanOrEqual(60);

  for (const [told, width] of [
    ["nonsense", 80],
    ["64", 64],
  ] as const) {
    vi.stubEnv("COLUMNS", told);
    const piped = await said("curves", join(folder, "first"));
    vi.unstubAllEnvs();
    for (const line of piped.split("\n")) expect(line.length).toBeLessThanOrEqual(width);
    expect(Math.max(...piped.split("\n").map(({ length }) => length))).toBeGreaterThan(width - 10);
  }

  const both = await said(
    "curves",
    join(folder, "first"),
    join(folder, "inner/second"),
    "--metrics",
    "loss,learning_rate",
    "--log",
  );
  expect(both).toContain("learning_rate (log) over step");
  expect(both).toContain("a  a name\ufffd[2J loss: last"); // a name is text, whatever it holds
  expect(both).toContain("b  second loss: last");
  expect(both).not.toContain("\x1b");
});

it("says what is wrong", async () => {
  await expect(runCommandLine(["curves", folder])).rejects.toThrow(/holds 2 runs, inner\/second among them/);
  const first = join(folder, "first");
  await expect(runCommandLine(["curves", first, "--metrics", "eval_los"])).rejects.toThrow(/did you mean eval_loss/);
  await expect(runCommandLine(["curves", join(folder, "none")])).rejects.toThrow(/none/);
  mkdirSync(join(folder, "inner", "empty"));
  await expect(runCommandLine(["curves", join(folder, "inner", "empty")])).rejects.toThrow(/there is no run in/);
  expect(await said("runs", join(folder, "inner", "empty"))).toMatch(/^There is no run in .*empty\.$/);
  const begun = join(folder, "inner", "begun");
  mkdirSync(begun);
  writeFileSync(join(begun, "attune_log.jsonl"), "not a line\n");
  expect(await said("curves", begun)).toMatch(/nothing is logged yet/);
  expect(await said("runs", begun)).toMatch(/unknown/);
});
