// Trials as processes: the same bits as in one process whatever runs beside them, kill -9 and Ctrl-C and what comes after,
// trials that die.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { SearchRecord } from "../../src/search/record.js";
import { program, type Run, type RunOptions } from "../cli/run.js";
import { temporaryFolder } from "../trainer/tiny.js";
import type { ProgramOptions } from "./programs/search.js";

/** Several processes one after another, on a machine that has other work. */
const patient = { timeout: 300_000 };

const root = temporaryFolder("processes");
const script = join(import.meta.dirname, "programs", "search.ts");

/** Runs the program of programs/search.ts. */
function search(name: string, options: ProgramOptions, more: RunOptions = {}): Promise<Run> {
  return program([script, join(root, name), JSON.stringify(options)], more);
}

const recordOf = (name: string): SearchRecord => JSON.parse(readFileSync(join(root, name, "search.json"), "utf8"));
const statesOf = (name: string) => recordOf(name).trials.map(({ state }) => state);

/** All that a search's end depends on, down to the bits. */
function remains(name: string): object {
  const { trials, objective, fixed } = recordOf(name);
  return {
    objective,
    fixed,
    trials: trials.map(({ name: run, params, state, reports, objective: reached }) => {
      const weights = readFileSync(join(root, name, run, "model.safetensors")).toString("base64");
      return { run, params, state, reports, reached, weights };
    }),
  };
}

/** Waits until a trial has said something. */
async function said(name: string, run: string, text: string): Promise<void> {
  for (;;) {
    try {
      if (readFileSync(join(root, name, run, "trial.log"), "utf8").includes(text)) return;
    } catch {} // not begun
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it(
  "two at a time, each with its share of the cores, come to what one process comes to; kill -9 between changes no bit",
  patient,
  async () => {
    const alone = search("alone", { inProcess: true, nTrials: 2 });
    const killed = await search(
      "killed",
      { parallelTrials: 2, cores: 3, nTrials: 2, hold: 5 },
      {
        onStart: async (child) => {
          await Promise.all([said("killed", "run-0", "step 5"), said("killed", "run-1", "step 5")]);
          child.kill("SIGKILL");
        },
      },
    );
    expect(killed.signal, killed.stderr).toBe("SIGKILL");
    const { trials, process: owner } = recordOf("killed");
    expect(trials.map(({ state }) => state)).toEqual(["running", "running"]);
    expect(owner).toMatch(/^\w+-\d+-/);

    const resumed = await search("killed", { parallelTrials: 2, cores: 3, nTrials: 2 });
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain("going on with a search; 0 of 2 trials are done");
    expect(readFileSync(join(root, "killed", "run-0", "trial.log"), "utf8")).toContain("going on from");
    for (const { process: mark } of trials) {
      const pid = Number(mark?.split("-")[1] ?? 0);
      if (mark !== undefined) expect(isAlive(pid), `trial ${pid} outlived its search`).toBe(false);
    }
    const { engine } = JSON.parse(readFileSync(join(root, "killed", "run-0", "attune_run.json"), "utf8")).machine;
    if (/^native/.test(engine)) expect(engine).toMatch(/1 thread$/); // of three cores for two trials

    const whole = await alone;
    expect(whole.status, whole.stderr).toBe(0);
    expect(remains("killed")).toEqual(remains("alone"));
    expect(JSON.parse(resumed.stdout.trim()).best.runId).toBe(
      JSON.parse(whole.stdout.trim().split("\n").at(-1) ?? "").best.runId,
    );
  },
);

it("Ctrl-C lets trials save, says what is left, and the same call goes on", patient, async () => {
  const stopped = await search(
    "stopped",
    { nTrials: 2, hold: 5 },
    {
      onStart: async (child) => {
        await said("stopped", "run-0", "step 5");
        child.kill("SIGINT");
      },
    },
  );
  expect(stopped.status, stopped.stderr).toBe(0);
  expect(JSON.parse(stopped.stdout.trim())).toEqual({ states: ["interrupted", "waiting"], interrupted: "SIGINT" });
  expect(stopped.stderr).toContain("SIGINT: ending after this step, then saving");
  const checkpoints = readdirSync(join(root, "stopped", "run-0")).filter((name) => name.startsWith("checkpoint-"));
  expect(checkpoints.some((name) => Number(name.split("-")[1]) >= 5)).toBe(true);
  expect(recordOf("stopped").process).toBeNull();
  const resumed = await search("stopped", { nTrials: 2 });
  expect(resumed.status, resumed.stderr).toBe(0);
  expect(statesOf("stopped")).toEqual(["complete", "complete"]);
});

it("trials that die are written down with what they said last, and the others go on", patient, async () => {
  const { status, stderr } = await search("dying", {
    nTrials: 4,
    parallelTrials: 2,
    cores: 2,
    fail: { "run-0": "kill", "run-1": "exit", "run-2": "training" },
  });
  expect(status, stderr).toBe(0);
  const { trials } = recordOf("dying");
  expect(trials.map(({ state }) => state)).toEqual(["failed", "failed", "failed", "complete"]);
  expect(trials[0].error).toMatch(
    /^its process was ended by SIGKILL, as the system does where memory runs out. The end of/,
  );
  expect(trials[1].error).toMatch(
    /^its process ended with status 7. The end of what it said: step 3 \(all of it in .*trial\.log\)$/,
  );
  expect(trials[2].error).toBe("RangeError: diverged");
});
