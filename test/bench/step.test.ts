// The benchmark's own side, small and without its Python peer: so that it cannot rot between measurements.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeShared } from "../shared.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The figure in a row of the report's table; NaN where there is no such row. */
function figure(report: string, label: string): number {
  const row = report.split("\n").find((line) => line.startsWith(`| ${label} |`));
  return Number.parseFloat(row?.split("|")[2] ?? "");
}

describeShared("bench/step.ts", () => {
  it("runs another model's shape, with random weights", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        "--import",
        "tsx",
        "bench/step.ts",
        "--small",
        "--no-peer",
        "--batch-size",
        "1",
        "--shape",
        "distilbert-base-uncased",
      ],
      { cwd: root, encoding: "utf8", timeout: 100_000 },
    );
    expect(status, stderr).toBe(0);
    expect(stdout).toContain("distilbert-base-uncased");
    expect(figure(stdout, "step, median"), stdout).toBeGreaterThan(0);
  });

  it("runs small, and reports every figure", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "bench/step.ts", "--small", "--no-peer"],
      { cwd: root, encoding: "utf8", timeout: 100_000 },
    );
    expect(status, stderr).toBe(0);
    // The first 5 batches of 8 rows of MRPC, as ../shared/fixtures/tokenizers has their lengths.
    expect(stdout).toContain("5 batches, 2092 real tokens (2784 with padding)");
    for (const label of [
      "step, median",
      "step, minimum",
      "real tokens/s, median",
      "peak memory (RssAnon)",
      "process start to end of first step",
      "JavaScript thread's processor time a step",
    ]) {
      expect(figure(stdout, label), `${label} in\n${stdout}`).toBeGreaterThan(0);
    }
    const loss = figure(stdout, "mean loss of the last ten steps");
    expect(loss > 0.3 && loss < 1.5, `a mean loss of ${loss} after a few steps from a new head of two labels`).toBe(
      true,
    );
    const outside = figure(stdout, "time outside kernels");
    expect(outside >= 0 && outside < 100, `${outside} % of the time outside kernels`).toBe(true);
  });
});
