// What one number of processes saves, another goes on from: saveState and loadState.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { temporaryFolder } from "../trainer/tiny.js";
import { alone, describeJobs, launch, printedBy } from "./jobs.js";

vi.setConfig({ testTimeout: 600_000 });

const folder = temporaryFolder("state");

interface Outcome {
  readonly losses: readonly number[];
  readonly hash: string;
  readonly steps: number;
  readonly rate: number;
}

async function outcome(run: ReturnType<typeof alone>): Promise<Outcome> {
  const { status, stdout, stderr } = await run;
  expect(status, stderr).toBe(0);
  return printedBy<Outcome>(stdout);
}

/** Losses, by rounding: sums of 8 rows in another order. */
function expectNear(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, loss] of expected.entries()) {
    expect(Math.abs(actual[i] - loss) / loss, `step ${i}`).toBeLessThanOrEqual(1e-6);
  }
}

describeJobs("saveState", () => {
  it("is gone on from by one process where two saved, by two where one did, and by two with the same bits", async () => {
    const [ofOne, ofTwo] = ["one", "two"].map((name) => join(folder, name));
    const one = await outcome(alone("state", [ofOne, "save"]));
    const two = await outcome(launch("state", [ofTwo, "save"]));
    expectNear(two.losses, one.losses);
    expect(existsSync(join(ofTwo, "model.safetensors"))).toBe(true);

    const oneOfTwo = await outcome(alone("state", [ofTwo, "load"]));
    const twoOfOne = await outcome(launch("state", [ofOne, "load"]));
    for (const on of [oneOfTwo, twoOfOne]) {
      expect([on.steps, on.rate]).toEqual([10, one.rate]);
      expectNear(on.losses, one.losses.slice(5));
    }
    const twoOfTwo = await outcome(launch("state", [ofTwo, "load"]));
    expect([twoOfTwo.hash, ...twoOfTwo.losses]).toEqual([two.hash, ...two.losses.slice(5)]);
  });
});
