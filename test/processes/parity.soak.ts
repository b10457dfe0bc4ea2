// A hundred steps of two processes and of four, on MRPC with MiniLM where they stand beside the project, else on the embedded
// model: the losses of one process with as many times the batch, and the same bits run after run.
import { expect, it, vi } from "vitest";
import { hasShared, sharedPath } from "../shared.js";
import { alone, describeJobs, launch, printedBy } from "./jobs.js";

vi.setConfig({ testTimeout: 3_600_000 });

interface Outcome {
  readonly losses: readonly number[];
  readonly hash: string;
}

const data = hasShared
  ? [sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2"), sharedPath("hub/datasets/nyu-mll/glue")]
  : [];

describeJobs("a hundred steps", () => {
  it.each([2, 4])("of %d processes are those of one", async (processes) => {
    const words = ["8", "100", "1", ...data];
    const one = printedBy<Outcome>((await alone("parity", words)).stdout);
    const many = printedBy<Outcome>((await launch("parity", words, { processes })).stdout);
    const apart = one.losses.map((loss, i) => Math.abs(many.losses[i] - loss) / loss);
    expect(apart).toHaveLength(100);
    console.log(
      `${processes} processes: ${Math.max(...apart.slice(0, 10)).toExponential(1)} in ten steps, ` +
        `${Math.max(...apart).toExponential(1)} in a hundred`,
    );
    for (const [i, difference] of apart.entries()) {
      expect(difference, `step ${i}`).toBeLessThanOrEqual(i < 10 ? 1e-6 : 1e-5);
    }
    const again = printedBy<Outcome>((await launch("parity", words, { processes })).stdout);
    expect([again.hash, ...again.losses]).toEqual([many.hash, ...many.losses]);
  });
});
