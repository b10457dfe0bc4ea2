// attune search: a model fine-tuned several times, in search of the settings that suit it best.
import { choice, integer, text, toggle } from "../trainer/fields.js";
import { adapterFlags } from "./adapter-flags.js";
import { defineCommand } from "./command.js";
import { dataFlags, lengthFlags, ownDataFlags } from "./data-flags.js";
import { UsageError } from "./flags.js";
import { revisionFlags } from "./model-flags.js";
import { domainForms, domainsOf } from "./space-words.js";
import { argumentFlags, argumentsOf } from "./training-flags.js";

const modelFlags = {
  model: text({ default: undefined, placeholder: "ID|PATH", help: "checkpoint to start from" }),
  ...revisionFlags,
  output: text({
    default: undefined,
    placeholder: "PATH",
    help: "folder of the search, with a run's folder for each trial; a search that is there goes on",
  }),
  ignoreMismatchedSizes: toggle({
    default: false,
    help: "a head of another number of outputs than the task has starts anew",
  }),
} as const;

const searchFlags = {
  space: text({ default: undefined, placeholder: "FILE", help: "the space as JSON, in place of words or beside them" }),
  baseline: toggle({
    default: false,
    help: "the first trial has the defaults, so that what is found is held against them",
  }),
  trials: integer({ default: undefined, min: 1, help: "trials altogether", defaultNote: "20, or all of a grid" }),
  sampler: choice(["random", "grid"], { default: "random", help: "where values come from" }),
  pruner: choice(["none", "asha", "median"], {
    default: "none",
    help: "ends trials early: asha keeps the best part of those that came to an evaluation, median those above it",
  }),
  reductionFactor: integer({ default: undefined, min: 2, help: "asha: one of so many goes on", defaultNote: "3" }),
  minResource: integer({
    default: undefined,
    min: 1,
    help: "asha: the first evaluation that decides",
    defaultNote: "1",
  }),
  parallel: integer({ default: 1, min: 1, help: "trials at the same time" }),
  cores: integer({
    default: undefined,
    min: 1,
    help: "threads that all trials together compute with",
    defaultNote: "what the machine allows",
  }),
  searchSeed: integer({ default: 42, min: 0, help: "seed of the values that are drawn" }),
  keep: choice(["all", "best"], {
    default: "all",
    help: "best: of other trials logs and results stay, without weights",
  }),
  retryFailed: toggle({ default: false, help: "run failed trials of an earlier call again" }),
} as const;

const trainingFlags = {
  ...argumentFlags,
  evalStrategy: { ...argumentFlags.evalStrategy, defaultNote: "epoch" },
  saveTotalLimit: { ...argumentFlags.saveTotalLimit, defaultNote: "1" },
};
const allDataFlags = { ...ownDataFlags, ...dataFlags };
/** All flags of the command. */
export const searchCommandFlags = { ...modelFlags, ...searchFlags, ...allDataFlags, ...adapterFlags, ...trainingFlags };

/** What trials are made from beside their arguments: a search goes on with the same alone. */
export const inputFlags = { model: modelFlags.model, ...revisionFlags, ...allDataFlags, ...adapterFlags };

/** What a space may be of. */
export const searchable = {
  model: modelFlags.model,
  ...revisionFlags,
  ...lengthFlags,
  ...adapterFlags,
  ...argumentFlags,
};

export const command = defineCommand({
  name: "search",
  description:
    "Fine-tunes a model several times with values from a space, each trial a run of its own, and says which were the best. The\n" +
    "objective is eval_loss, or what --metric-for-best-model names. The same command line goes on with a search that was ended.",
  usage: [
    "attune search --model bert-base-uncased --dataset glue --config mrpc --output runs/search --pruner asha \\\n" +
      "    --metric-for-best-model f1 learning-rate=log-uniform:1e-5..5e-4 per-device-train-batch-size=8,16,32",
    "attune search --model PATH --data reviews.csv --output runs/grid --sampler grid learning-rate=1e-5,3e-5 num-train-epochs=2,3",
  ],
  words: [
    {
      name: "NAME=DOMAIN",
      help: `a flag of training, and its values: ${domainForms}; int:2..8/2 by steps, uniform:0..1/5 as a grid of 5 (default: learning rate, epochs, batch size)`,
      optional: true,
      repeated: true,
    },
  ],
  sections: [
    { title: "Model", flags: modelFlags },
    { title: "Search", flags: searchFlags },
    { title: "Data", flags: allDataFlags },
    { title: "Adapter", flags: adapterFlags },
    { title: "Training", flags: trainingFlags },
  ],
  flags: searchCommandFlags,
  required: ["model", "output"],
  run: async (values, given, words) => {
    if (values.data === undefined && values.dataset === undefined) {
      throw new UsageError(
        "attune search needs --dataset or --data: what to train on. `attune search --help` lists the flags",
      );
    }
    const domains = domainsOf(words, searchable);
    const fixed = Object.keys(domains).find((name) => given.has(name) && name !== "model");
    if (fixed !== undefined) throw new UsageError(`${fixed} is given a value, and searched: leave out one of them`);
    if (values.pruner !== "asha" && (given.has("reductionFactor") || given.has("minResource"))) {
      throw new UsageError("--reduction-factor and --min-resource belong to --pruner asha");
    }
    const completed = {
      ...values,
      evalStrategy: given.has("evalStrategy") ? values.evalStrategy : ("epoch" as const),
      saveTotalLimit: values.saveTotalLimit ?? 1,
    };
    argumentsOf(completed, { outputDir: values.output }); // what contradicts itself is said before anything is loaded
    const { runSearch } = await import("./search-run.js");
    return runSearch(completed, given, domains);
  },
});
