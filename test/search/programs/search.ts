// A search over trainings that take a second, as a program: `search.ts FOLDER OPTIONS`, options as JSON. What is not JSON is
// said in words: `fail` names the trials that fail, and how; `hold` the step after which one waits for a word of the search.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { type BestRun, hyperparameterSearch, type SearchOptions } from "../../../src/search/index.js";
import { hp } from "../../../src/search/space.js";
import { Trainer } from "../../../src/trainer/index.js";
import { tinyModel, tokenized, tokenizer } from "../../trainer/tiny.js";

export interface ProgramOptions extends Partial<Omit<SearchOptions, "trainerInit" | "hpSpace" | "hpName">> {
  readonly fail?: Readonly<Record<string, "setup" | "training" | "exit" | "kill">>;
  readonly hold?: number;
  readonly args?: object;
}

const [folder, text] = process.argv.slice(2);
const { fail = {}, hold, args, ...options } = JSON.parse(text) as ProgramOptions;
const hpSpace = {
  learningRate: hp.logUniform(1e-4, 1e-1),
  perDeviceTrainBatchSize: hp.choice([4, 8]),
  numTrainEpochs: hp.int(2, 3),
} as const;

appendFileSync(join(folder, "..", "started.txt"), `${process.pid} ${process.env.ATTUNE_TRIAL ?? "search"}\n`);
const { best, record, interrupted } = await hyperparameterSearch({
  outputDir: folder,
  nTrials: 4,
  ...options,
  hpSpace,
  trainerInit: (trial) => {
    const way = fail[trial.name];
    if (way === "setup") throw new RangeError("no model for this one");
    return new Trainer({
      model: tinyModel(),
      args: {
        evalStrategy: "epoch",
        saveStrategy: "epoch",
        loggingSteps: 4,
        ...args,
        ...trial.args,
      },
      trainDataset: tokenized(32),
      evalDataset: tokenized(16),
      processingClass: tokenizer,
      callbacks: [
        {
          onStepEnd: async ({ state }) => {
            console.log(`step ${state.globalStep}`);
            if (state.globalStep === hold) await new Promise((resume) => process.once("message", resume));
            if (state.globalStep < 3) return;
            if (way === "training") throw new RangeError("diverged");
            if (way === "exit") process.exit(7);
            if (way === "kill") process.kill(process.pid, "SIGKILL");
          },
        },
      ],
    });
  },
});
const said: { best: BestRun | undefined; states: string[]; interrupted: string | undefined } = {
  best,
  states: record.trials.map(({ state }) => state),
  interrupted,
};
console.log(JSON.stringify(said));
