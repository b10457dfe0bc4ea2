// Searches in this process: what they find, what they refuse, how they go on. Searches in processes: processes.test.ts.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { drive } from "../../src/search/driver.js";
import type { TrialHost } from "../../src/search/host.js";
import { hyperparameterSearch, type SearchOptions } from "../../src/search/index.js";
import { readSearch, type SearchRecord, type TrialRecord } from "../../src/search/record.js";
import { hp, type Params, type Space } from "../../src/search/space.js";
import type { TrialEnd } from "../../src/search/trial.js";
import { AttuneError, ConfigError } from "../../src/support/errors.js";
import { Trainer } from "../../src/trainer/index.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "../trainer/tiny.js";

const root = temporaryFolder("search");
let folders = 0;
const freshFolder = () => join(root, `search-${folders++}`);

const [trainRows, evalRows] = [tokenized(32), tokenized(16)];

/** A Trainer of a second. */
function tinyTrainer(args: object): Trainer {
  return new Trainer({
    model: tinyModel(),
    args: { evalStrategy: "epoch", saveStrategy: "epoch", numTrainEpochs: 2, disableTqdm: true, ...args },
    trainDataset: trainRows,
    evalDataset: evalRows,
    processingClass: tokenizer,
  });
}

const rates = { learningRate: hp.logUniform(1e-3, 1e-1) };

function searchOf<S extends Space>(
  outputDir: string,
  hpSpace: S,
  more: Partial<SearchOptions<S>> = {},
): Promise<Awaited<ReturnType<typeof hyperparameterSearch<S>>>> {
  return hyperparameterSearch<S>({
    outputDir,
    hpSpace,
    inProcess: true,
    nTrials: 3,
    trainerInit: ({ args }) => tinyTrainer(args),
    ...more,
  });
}

describe("a search", () => {
  it("gives the best trial, leaves a run for each, and is done when called again", async () => {
    const outputDir = freshFolder();
    const { best, record, interrupted } = await searchOf(outputDir, rates);
    expect(interrupted).toBeUndefined();
    const losses = record.trials.map(({ name }) => {
      const state = JSON.parse(readFileSync(join(outputDir, name, "trainer_state.json"), "utf8"));
      expect(state.is_hyper_param_search).toBe(true);
      expect(state.trial_name).toBe(name);
      expect(state.trial_params).toEqual({ learning_rate: expect.any(Number) });
      return state.log_history.findLast((row: Record<string, number>) => row.eval_loss !== undefined).eval_loss;
    });
    expect(best?.objective).toBe(Math.min(...losses));
    expect(best?.folder).toBe(join(outputDir, best?.runId ?? ""));
    expect(existsSync(join(best?.folder ?? "", "model.safetensors"))).toBe(true);
    expect(record.objective).toEqual({ name: "eval_loss", direction: "minimize" });
    expect(await readSearch(outputDir)).toEqual(record);

    const again = await searchOf(outputDir, rates, {
      trainerInit: () => {
        throw new Error("there is nothing left to train");
      },
    });
    expect(again.best).toEqual(best);
  });

  it("takes more trials later, the first of which it has", async () => {
    const outputDir = freshFolder();
    const first = await searchOf(outputDir, rates, { nTrials: 1 });
    const made: string[] = [];
    const more = await searchOf(outputDir, rates, {
      nTrials: 2,
      trainerInit: ({ args, name }) => {
        made.push(name);
        return tinyTrainer(args);
      },
    });
    expect(made).toEqual(["run-1"]);
    expect(more.record.trials[0]).toEqual(first.record.trials[0]);
    const whole = await searchOf(freshFolder(), rates, { nTrials: 2 });
    const reports = (record: SearchRecord) => record.trials.map((trial) => trial.reports);
    expect(reports(more.record)).toEqual(reports(whole.record)); // to the bit
  });

  it("maximizes what the user computes, over parameters of the user's own, with names of the user's own", async () => {
    const outputDir = freshFolder();
    const space = { smoothing: hp.choice([0, 0.9]), head: hp.choice(["plain"]) } as const;
    const { best, record } = await searchOf(outputDir, space, {
      sampler: "grid",
      nTrials: undefined,
      direction: "maximize",
      computeObjective: (metrics) => -metrics.eval_loss,
      hpName: ({ params }) => `${params.head} ${params.smoothing}`,
      trainerInit: ({ args, params }) =>
        tinyTrainer({ ...args, labelSmoothingFactor: params.smoothing, learningRate: 0.02 }),
    });
    expect(readdirSync(outputDir).sort()).toEqual(["plain 0", "plain 0.9", "search.json"]);
    expect(best?.hyperparameters).toEqual(record.trials.find(({ name }) => name === best?.runId)?.params);
    expect(best?.objective).toBe(Math.max(...record.trials.map(({ objective }) => objective ?? Number.NaN)));
    expect(best?.objective).toBeLessThan(0);
  });

  it("ends trials early that fall behind, and compares by the model that stays", async () => {
    const values = [3, 1, 2, 4, 0]; // of three evaluations of the first, and one of the second
    let evaluations = 0;
    const { best, record } = await searchOf(freshFolder(), rates, {
      nTrials: 2,
      pruner: "asha",
      direction: "minimize",
      computeObjective: () => values[evaluations++],
      trainerInit: ({ args }) => tinyTrainer({ ...args, numTrainEpochs: 3, loadBestModelAtEnd: true }),
    });
    expect(record.trials.map(({ state, reports }) => [state, reports.length])).toEqual([
      ["complete", 3],
      ["pruned", 1],
    ]);
    // The model that stays is the one of the least eval_loss, whatever the objective says of it.
    const { best_global_step: step } = JSON.parse(readFileSync(join(best?.folder ?? "", "trainer_state.json"), "utf8"));
    expect(best?.objective).toBe(record.trials[0].reports.find((report) => report.step === step)?.value);
    expect(evaluations).toBe(4);
  });

  it("keeps the weights of the best alone where that is asked for", async () => {
    const outputDir = freshFolder();
    const { best, record } = await searchOf(outputDir, rates, { keep: "best" });
    for (const { name } of record.trials) {
      const files = readdirSync(join(outputDir, name));
      const weights = files.filter((file) => /safetensors|^checkpoint/.test(file));
      if (name === best?.runId) expect(weights).toContain("model.safetensors");
      else expect(weights).toEqual([]);
      expect(files).toContain("trainer_state.json");
    }
  });

  it("evaluates at the end where nothing else does", async () => {
    const { record } = await searchOf(freshFolder(), rates, {
      nTrials: 1,
      trainerInit: ({ args }) => tinyTrainer({ ...args, evalStrategy: "no" }),
    });
    expect(record.trials[0].reports.map(({ step }) => step)).toEqual([8]);
  });
});

describe("a trial that fails", () => {
  const failing =
    (names: readonly string[]): SearchOptions<typeof rates>["trainerInit"] =>
    ({ args, name }) => {
      const trainer = tinyTrainer(args);
      if (names.includes(name)) {
        trainer.addCallback({
          onStepEnd: ({ state }) => {
            if (state.globalStep === 5) throw new RangeError("diverged");
          },
        });
      }
      return trainer;
    };

  it("is written down, and run again where that is asked for", async () => {
    const outputDir = freshFolder();
    const { record } = await searchOf(outputDir, rates, { nTrials: 2, trainerInit: failing(["run-0"]) });
    expect(record.trials.map(({ state, error }) => [state, error])).toEqual([
      ["failed", "RangeError: diverged"],
      ["complete", undefined],
    ]);
    const again = await searchOf(outputDir, rates, { nTrials: 2, retryFailed: true });
    expect(again.record.trials.map(({ state }) => state)).toEqual(["complete", "complete"]);
    expect(again.record.trials[0].error).toBeUndefined();
  });

  it("is the search's failure where all fail", async () => {
    const all = searchOf(freshFolder(), rates, { nTrials: 2, trainerInit: failing(["run-0", "run-1"]) });
    await expect(all).rejects.toThrow("all 2 trials failed; the first: RangeError: diverged");
  });

  it("ends the search where it is the first, and never trained; then it is as if it had not been", async () => {
    const outputDir = freshFolder();
    const broken = searchOf(outputDir, rates, {
      trainerInit: () => {
        throw new TypeError("no such model");
      },
    });
    await expect(broken).rejects.toThrow(
      "run-0 failed before its first step, as every trial would: TypeError: no such model",
    );
    expect((await readSearch(outputDir))?.trials.map(({ state }) => state)).toEqual(["waiting", "waiting", "waiting"]);
    expect((await searchOf(outputDir, rates, { nTrials: 1 })).best?.runId).toBe("run-0");
  });

  it.each<[string, (args: object) => object, RegExp]>([
    ["leaves out the trial's arguments", () => ({ outputDir: join(root, "elsewhere") }), /pass trial.args on/],
    ["saves nothing", (args) => ({ ...args, saveStrategy: "no" }), /as runs, which saveStrategy "no"/],
    ["does not evaluate, though trials may end early", (args) => ({ ...args, evalStrategy: "no" }), /set evalStrategy/],
    ["names a metric that there is not", (args) => ({ ...args, metricForBestModel: "f1" }), /eval_f1/],
  ])("says so where trainerInit %s", async (_what, change, message) => {
    const trainerInit: SearchOptions<typeof rates>["trainerInit"] = ({ args }) => tinyTrainer(change(args));
    await expect(searchOf(freshFolder(), rates, { pruner: "asha", trainerInit })).rejects.toThrow(message);
  });
});

describe("a search that goes on", () => {
  it("is refused where it is another", async () => {
    const outputDir = freshFolder();
    await searchOf(outputDir, rates, { nTrials: 1 });
    await expect(searchOf(outputDir, rates, { enqueue: [{ learningRate: 0.01 }] })).rejects.toThrow(
      /trial 0 has other values than it is given now; enqueue the same values/,
    );
    const other = { learningRate: hp.logUniform(1e-4, 1e-1) };
    await expect(searchOf(outputDir, other)).rejects.toThrow(/holds a search with another space/);
    await expect(searchOf(outputDir, rates, { seed: 1 })).rejects.toThrow(/another seed: 42, where this one has 1/);
    const heavier: SearchOptions<typeof rates>["trainerInit"] = ({ args }) =>
      tinyTrainer({ ...args, weightDecay: 0.1 });
    await expect(searchOf(outputDir, rates, { trainerInit: heavier })).rejects.toThrow(
      "run-1 is not to be compared with the trials before it: weightDecay was 0, and is 0.1",
    );
  });

  it("is refused where its trials were made from something else", async () => {
    const outputDir = freshFolder();
    await searchOf(outputDir, rates, { nTrials: 1, inputs: { model: "small", dataset: "glue" } });
    const go = (inputs?: Record<string, string>) => searchOf(outputDir, rates, { nTrials: 1, inputs });
    await expect(go({ model: "large", dataset: "glue" })).rejects.toThrow(
      /were made with model small, and now it is large: give the same, or choose another outputDir/,
    );
    await expect(go({ model: "small", dataset: "glue", revision: "v2" })).rejects.toThrow(
      /were made with no revision, and now it is v2/,
    );
    await expect(go()).rejects.toThrow(/were made with model small, and now it is left out/);
    expect((await go({ dataset: "glue", model: "small" })).best?.runId).toBe("run-0");
    const older = freshFolder(); // whose record says nothing of them
    await searchOf(older, rates, { nTrials: 1 });
    const { record } = await searchOf(older, rates, { nTrials: 2, inputs: { model: "small" } });
    expect(record.inputs).toEqual({ model: "small" });
  });

  it("is refused where its record is damaged, and left as it is", async () => {
    const outputDir = freshFolder();
    await searchOf(outputDir, rates, { nTrials: 1 });
    const path = join(outputDir, "search.json");
    writeFileSync(path, readFileSync(path, "utf8").slice(0, 100));
    await expect(searchOf(outputDir, rates)).rejects.toThrow(/search\.json is damaged/);
    expect(readFileSync(path, "utf8").length).toBe(100);
  });

  it("is refused while it goes on elsewhere", async () => {
    const outputDir = freshFolder();
    let refused: () => void = () => undefined;
    const refusal = new Promise<void>((resolve) => {
      refused = resolve;
    });
    let begun: () => void = () => undefined;
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const first = searchOf(outputDir, rates, {
      nTrials: 1,
      trainerInit: async ({ args }) => {
        begun();
        await refusal;
        return tinyTrainer(args);
      },
    });
    await beginning;
    while ((await readSearch(outputDir))?.process == null) await new Promise((resume) => setTimeout(resume, 5));
    await expect(searchOf(outputDir, rates, { nTrials: 1 })).rejects.toThrow(/is going on, in process \d+/);
    refused();
    await first;
  });

  it("ends by a signal with a checkpoint, and then has the bits of one that was not disturbed", async () => {
    const [outputDir, stop] = [freshFolder(), new AbortController()];
    const { interrupted, best, record } = await searchOf(outputDir, rates, {
      nTrials: 2,
      signal: stop.signal,
      trainerInit: ({ args }) => {
        const trainer = tinyTrainer(args);
        trainer.addCallback({
          onStepEnd: ({ state }) => {
            if (state.globalStep === 6) stop.abort();
          },
        });
        return trainer;
      },
    });
    expect([interrupted, best]).toEqual(["abort", undefined]);
    expect(record.trials.map(({ state }) => state)).toEqual(["interrupted", "waiting"]);
    const resumed = await searchOf(outputDir, rates, { nTrials: 2 });
    const whole = await searchOf(freshFolder(), rates, { nTrials: 2 });
    expect(resumed.record.trials.map(({ reports }) => reports)).toEqual(
      whole.record.trials.map(({ reports }) => reports),
    );
    expect(resumed.best?.objective).toBe(whole.best?.objective);
  });
});

describe("options", () => {
  it.each<[string, Partial<SearchOptions<typeof rates>>, RegExp]>([
    ["nTrials", { nTrials: 0 }, /nTrials must be a whole number of at least 1, not 0/],
    ["sampler", { sampler: "gird" as "grid" }, /did you mean grid/],
    ["direction", { direction: "max" as "maximize" }, /direction must be one of minimize, maximize/],
    ["seed", { seed: 2 ** 32 }, /seed must be a whole number from 0 to 2\^32 - 1/],
    [
      "cores",
      { inProcess: false, parallelTrials: 5, cores: 4 },
      /5 trials at the same time need a core each, and there are 4/,
    ],
    ["parallelTrials", { parallelTrials: 2 }, /one after another/],
    ["computeObjective", { computeObjective: () => 1 }, /needs a direction/],
    ["outputDir", { outputDir: "" }, /outputDir/],
    ["hpName", { hpName: () => "../x" }, /cannot name a folder/],
    ["hpName", { hpName: () => "same" }, /trials 0 and 1 the same name, same/],
    [
      "enqueue",
      { enqueue: [{ learningRate: 1 }] },
      /enqueue\[0\]: learningRate is log-uniform 0.001..0.1, which 1 is not/,
    ],
    ["enqueue", { enqueue: [{} as { learningRate: number }] }, /enqueue\[0\]: it has no value for learningRate/],
    [
      "enqueue",
      { enqueue: [{ learningRate: 0.01, learningrate: 1 } as { learningRate: number }] },
      /the space has no learningrate; did you mean learningRate/,
    ],
  ])("%s is checked before anything is begun", async (_name, options, message) => {
    const outputDir = freshFolder();
    await expect(searchOf(outputDir, rates, options)).rejects.toThrow(ConfigError);
    await expect(searchOf(outputDir, rates, options)).rejects.toThrow(message);
    expect(existsSync(join(outputDir, "search.json"))).toBe(false);
  });
});

describe("the bound on trials at the same time", () => {
  /** A search of trials that are not trained, and end in an order of their own. */
  async function driven(parallel: number, count: number, fails: ReadonlySet<number> = new Set()): Promise<number[]> {
    const outputDir = freshFolder();
    await searchOf(outputDir, rates, { nTrials: 1 }); // for the folder
    const trials = Array.from({ length: count }, (_, number): TrialRecord => {
      const params = { learningRate: 0.01 } as Params;
      return { number, name: `t${number}`, params, state: "waiting", reports: [], seconds: 0 };
    });
    const record = { ...(await readSearch(outputDir)), nTrials: count, trials } as SearchRecord;
    let active = 0;
    const seen: number[] = [];
    const host: TrialHost = {
      start: ({ number }, events) => {
        seen.push(++active);
        const run = async (): Promise<TrialEnd> => {
          for (let i = 0; i <= number % 3; i++) await new Promise((resume) => setImmediate(resume));
          await events.reported({ step: 1, epoch: 1, value: number });
          active--;
          return fails.has(number)
            ? { outcome: "failed", error: "x", trained: true }
            : { outcome: "complete", step: 1 };
        };
        return { ended: run(), stop: () => undefined };
      },
    };
    await drive(record, { folder: outputDir, host, parallel, signal: new AbortController().signal });
    expect(record.trials.map(({ state }) => state)).toEqual(
      record.trials.map(({ number }) => (fails.has(number) ? "failed" : "complete")),
    );
    expect((await readSearch(outputDir))?.trials).toEqual(record.trials);
    return seen;
  }

  it("is reached and kept, whatever trials come to", async () => {
    for (const parallel of [1, 3]) {
      const seen = await driven(parallel, 10, new Set([2, 5]));
      expect(seen.length).toBe(10);
      expect(Math.max(...seen)).toBe(parallel);
    }
  });

  it("ends the search with the disk's error where the record cannot be written", async () => {
    const outputDir = freshFolder();
    await searchOf(outputDir, rates, { nTrials: 1 });
    const record = (await readSearch(outputDir)) as SearchRecord;
    const trials = record.trials.map((trial) => ({ ...trial, state: "waiting" as const }));
    const gone = join(root, "gone");
    const host: TrialHost = {
      start: () => ({ ended: Promise.resolve({ outcome: "interrupted" }), stop: () => undefined }),
    };
    const driving = drive(
      { ...record, trials },
      { folder: gone, host, parallel: 1, signal: new AbortController().signal },
    );
    await expect(driving).rejects.toThrow(AttuneError);
  });
});
