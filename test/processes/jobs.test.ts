// Jobs of two processes: every call between them, the same numbers as one process, what is said when something goes wrong.
import { expect, it, vi } from "vitest";
import { alone, describeJobs, launch, printedBy } from "./jobs.js";

vi.setConfig({ testTimeout: 600_000 }); // several programs a test, on a machine that may be busy

interface Outcome {
  readonly losses: readonly number[];
  readonly hash: string;
  readonly rows: number;
  readonly labels: readonly number[];
  readonly bytesSent: number;
}

describeJobs("two processes", () => {
  it("gather, reduce, broadcast, pad, split and wait, and two Accelerators do not hear each other", async () => {
    const { status, stdout, stderr } = await launch("calls");
    expect(status, stderr).toBe(0);
    expect(
      stdout
        .split("\n")
        .filter((line) => line !== "")
        .sort(),
    ).toEqual(["[0] ok", "[0] printed once", "[1] ok"]);
  });

  it("train as one process with twice the batch, with the same bits run after run", async () => {
    const one = printedBy<Outcome>((await alone("parity", ["8", "12"])).stdout);
    const two = printedBy<Outcome>((await launch("parity", ["8", "12"])).stdout);
    const again = printedBy<Outcome>((await launch("parity", ["8", "12", "2"])).stdout);
    expect(two.losses).toHaveLength(12);
    for (const [i, loss] of one.losses.entries()) {
      expect(Math.abs(two.losses[i] - loss) / loss, `step ${i}`).toBeLessThanOrEqual(1e-6);
      // accumulated: four micro-batches make a step
      expect(Math.abs(again.losses[i] - loss) / loss, `step ${i}`).toBeLessThanOrEqual(1e-6);
    }
    const repeated = printedBy<Outcome>((await launch("parity", ["8", "12"])).stdout);
    expect([repeated.hash, ...repeated.losses]).toEqual([two.hash, ...two.losses]);
    // 600 rows in batches of 7: each comes once, in its order
    expect(two.rows).toBe(600);
    expect(two.labels).toEqual(one.labels);
    expect(two.bytesSent).toBeGreaterThan(0);
  });
});

describeJobs("a job in which something goes wrong", () => {
  it.each([
    ["throw", 1, [/rank 1 ended with status 1, which ended the job/, /the error of rank 1/]],
    ["exit", 5, [/rank 1 ended with status 5/]],
    ["kill", 137, [/rank 1 was killed by signal 9/]],
    ["shapes", 1, [/do not make the same call:\n.*rank 0: gather float32 \[2\]\n.*rank 1: gather float32 \[3\]/]],
    ["calls", 1, [/rank 0: gather float32 \[1\]\n.*rank 1: reduce \(mean\) float32 \[1\]/]],
    ["leave", 1, [/rank 0: waitForEveryone\n.*rank 1: the end of the program/]],
  ] as const)("%s: ends with its status and says whose fault it was", async (kind, expected, messages) => {
    const { status, stdout, stderr } = await launch("fault", [kind]);
    expect(status, stderr).toBe(expected);
    expect(stdout).toContain("[1] both are here");
    for (const message of messages) expect(stderr).toMatch(message);
  });

  it("stall: the others wait as long as they may, and say where the one that stalls was last", async () => {
    const { status, stderr } = await launch("fault", ["stall"], { env: { ATTUNE_PROCESS_LIMIT: "1" } });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /rank 0 waited \d+ s in "waitForEveryone"; rank 1 makes no call, for \d+ s; its last was "waitForEveryone"/,
    );
  });
});
