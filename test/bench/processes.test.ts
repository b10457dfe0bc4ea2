// The benchmark of several processes, small, and the simulation beside it: so that they cannot rot between measurements.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { modelOf, models } from "../../bench/scaling/models.js";
import { type Network, type Setting, simulate, sumSeconds } from "../../bench/scaling/simulate.js";
import { describeJobs } from "../processes/jobs.js";
import { describeShared } from "../shared.js";

const cwd = fileURLToPath(new URL("../../", import.meta.url));

describeShared("bench/processes.ts", () => {
  describeJobs("two processes", () => {
    it("have a row of figures", { timeout: 600_000 }, () => {
      const args = ["--import", "tsx", "bench/processes.ts", "--small"];
      const stdout = execFileSync(process.execPath, args, { cwd, encoding: "utf8" });
      // MiniLM's 10,993,538 dense parameters, each sent once by halves, and some rows
      const [, sent] =
        /^\| this machine, 2 x \d threads? \|(?: [\d.]+ (?:ms )?\|){3} ([\d.]+) MiB \|/m.exec(stdout) ?? [];
      expect(Number(sent), stdout).toBeGreaterThan(41.9 - 1);
      expect(Number(sent)).toBeLessThan(41.9 + 1);
    });
  });
});

const network: Network = { bytesPerSecond: 1e9, latencySeconds: 1e-4, messageSeconds: 1e-5, secondsPerByte: 0 };
const [miniLm, bertBase, bertLarge] = models.map(modelOf);
const setting: Setting = {
  model: miniLm,
  device: { flops: 3e11, updates: 3e9 },
  network,
  processes: 4,
  tokens: 400,
  tokensDeviation: 0,
  touchedRows: 180,
  bucketBytes: 4 * 2 ** 20,
};

describe("the simulation of a step", () => {
  it("has the parameters that the models have", () => {
    const count = ({ dense, table }: typeof miniLm) =>
      dense.reduce((sum, { elements }) => sum + elements, 0) + table.rows * table.width;
    // as Python counts them, with a head of two labels
    expect([miniLm, bertBase, bertLarge].map(count)).toEqual([22_713_986, 109_483_778, 335_143_938]);
  });

  it("has nothing to wait for in one process, or over a network that costs nothing", () => {
    const alone = simulate({ ...setting, processes: 1 });
    expect(alone).toMatchObject({ movingSeconds: 0, heldSeconds: 0, bytesSent: 0 });
    expect(alone.efficiency).toBeCloseTo(1, 9);
    const free = { bytesPerSecond: Infinity, latencySeconds: 0, messageSeconds: 0, secondsPerByte: 0 };
    expect(simulate({ ...setting, network: free }).efficiency).toBeCloseTo(1, 6);
  });

  it("sums at the cost of its messages and bytes", () => {
    // two latencies; 2 * 3 messages; two times three quarters of a million bytes at 1e9 a second
    expect(sumSeconds(network, 4, 1e6)).toBeCloseTo(2e-4 + 6e-5 + 1.5e-3, 9);
    expect(sumSeconds(network, 1, 1e6)).toBe(0);
  });

  it("hides what is less than backward, and waits for the rest", () => {
    const slow = simulate({ ...setting, network: { ...network, bytesPerSecond: 1e7 } });
    expect(slow.heldSeconds).toBeGreaterThan(slow.movingSeconds - slow.computeSeconds);
    expect(slow.heldSeconds).toBeLessThan(slow.movingSeconds);
    // what comes behind backward: the last bucket, and the rows of the table
    expect(simulate(setting).heldSeconds).toBeLessThan(simulate(setting).movingSeconds / 2);
  });

  it("waits for the longest batch of all, and longer the more there are", () => {
    const uneven = (processes: number) => simulate({ ...setting, processes, tokensDeviation: 40 }).efficiency;
    expect(uneven(64)).toBeLessThan(uneven(4));
  });
});
