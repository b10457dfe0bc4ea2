// The benchmarks that are made of several runs, small and without their Python peer: so that they cannot rot.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeShared } from "../shared.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

function report(script: string, ...options: string[]): string {
  const args = ["--import", "tsx", `bench/${script}`, "--small", "--no-peer", ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    timeout: 300_000,
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

/** The cells of the report's first row that begins so. */
function cells(text: string, ...start: string[]): string[] {
  const row = text.split("\n").find((line) => line.startsWith(`| ${start.join(" | ")} |`)) ?? "";
  return row.split("|").slice(1 + start.length, -1);
}

describeShared("small runs", () => {
  it("bench/table.ts has a row's figures, the machine's and those of its loaders", { timeout: 300_000 }, () => {
    const text = report("table.ts", "--rows", "evaluation");
    const row = "evaluation, MRPC batch 32, MiniLM";
    const [step, minimum, , tokens, memory, start, thread] = cells(text, row, "as installed").map(Number.parseFloat);
    for (const figure of [step, minimum, tokens, memory, start, thread]) expect(figure, text).toBeGreaterThan(0);
    expect(text).toMatch(/matrix products \d+ GFLOP\/s.*; outside of them -?\d+\.\d % of a step/);
    for (const kind of ["as they come", "groupByLength", "maxTokensPerBatch: 1704, shuffle"]) {
      expect(Number.parseFloat(cells(text, row, kind)[0]), text).toBeGreaterThan(0);
    }
  });

  it("bench/bfloat16.ts has losses in both precisions", { timeout: 300_000 }, () => {
    const text = report("bfloat16.ts");
    const losses = cells(text, "2 to 2").map(Number.parseFloat);
    expect(losses).toHaveLength(2);
    for (const loss of losses) expect(loss > 0.3 && loss < 1.5, text).toBe(true);
    expect(text).toMatch(/Attune float32 and Attune bfloat16: [1-9]/);
  });
});
