// Two processes whose training is ended from outside: Ctrl-C, kill -9 of either of them while a checkpoint is written. It goes
// on each time, and ends with the bits of a run that nobody disturbed.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { lastCheckpoint } from "../../src/trainer/index.js";
import { attune, type Run, type RunOptions } from "../cli/run.js";
import { remains } from "../trainer/killed.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { describeJobs, quiet } from "./jobs.js";

vi.setConfig({ testTimeout: 600_000 });

const program = fileURLToPath(new URL("../trainer/programs/train.ts", import.meta.url));
const folder = temporaryFolder("killed-processes");

/** Eight steps in four epochs, a checkpoint after every third. */
function train(output: string, point = "", options: RunOptions = {}): Promise<Run> {
  return attune(["launch", "--processes", "2", program, output, point], { ...options, env: quiet });
}

describeJobs("two processes that train", () => {
  it("go on after Ctrl-C, and after either is killed while a checkpoint is written", async () => {
    const [whole, killed] = [join(folder, "whole", "run"), join(folder, "killed", "run")];
    const undisturbed = await train(whole);
    expect(undisturbed.status, undisturbed.stderr).toBe(0);

    let pressed = false;
    const interrupted = await train(killed, "asked to end, in step 2", {
      onStdout: (text, child) => {
        if (pressed || !text.includes("[0] in step 2\n")) return;
        pressed = true;
        child.kill("SIGINT");
      },
    });
    expect(interrupted.status, interrupted.stderr).toBe(130);
    expect(interrupted.stderr).toMatch(/SIGUSR2: ending after this step, then saving/);
    expect(interrupted.stderr).toMatch(/attune launch: ended by SIGINT\n$/);
    // told to the other process before the next step, with which both end
    expect(await lastCheckpoint(killed)).toBe(join(killed, "checkpoint-3"));

    for (const [point, rank] of [
      ["before a checkpoint has its name", 0],
      ["process 1, while process 0 writes", 1],
    ] as const) {
      const { status, stderr } = await train(killed, point);
      expect(status, stderr).toBe(137);
      expect(stderr).toContain(`rank ${rank} was killed by signal 9`);
      expect(await lastCheckpoint(killed)).toBe(join(killed, "checkpoint-4")); // that of an epoch's evaluation
      expect(existsSync(join(killed, "checkpoint-6"))).toBe(false);
    }

    const last = await train(killed);
    expect(last.status, last.stderr).toBe(0);
    expect(await remains(killed)).toEqual(await remains(whole));
    expect(readdirSync(killed).sort()).toEqual(readdirSync(whole).sort()); // nothing half-written is left
  });
});
