// A search for settings: trials of one training, each in a process of its own, most of them ended early.
//   npx tsx examples/search.ts --model sentence-transformers/all-MiniLM-L6-v2 --dataset glue --config mrpc --output runs/search
import { parseArgs } from "node:util";
import { AutoModelForSequenceClassification, AutoTokenizer, hp, hyperparameterSearch, Trainer } from "attune";
import { type GlueRow, loadDataset } from "attune/datasets";
import { glue } from "attune/metrics";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    dataset: { type: "string", default: "glue" },
    config: { type: "string", default: "mrpc" },
    output: { type: "string", default: "runs/search" },
    trials: { type: "string", default: "8" },
    parallel: { type: "string", default: "1" },
    "max-steps": { type: "string", default: "-1" }, // a few, to see it run
    "eval-rows": { type: "string" }, // of the validation split
  },
});

// This program runs once as the search, and once more for each trial, which comes as far as the call below.
const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config);
const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } }, // cached: the trials read what the search has written
);
const rows = Math.min(Number(values["eval-rows"] ?? Infinity), tokenized.validation.length);
const validation = tokenized.validation.select(Array.from({ length: rows }, (_, i) => i));

const { best, record } = await hyperparameterSearch({
  outputDir: values.output,
  hpSpace: {
    learningRate: hp.logUniform(1e-5, 5e-4),
    perDeviceTrainBatchSize: hp.choice([8, 16, 32]),
    weightDecay: hp.uniform(0, 0.1),
    dropout: hp.choice([0, 0.1]), // no training argument: it is the function's below
  },
  nTrials: Number(values.trials),
  parallelTrials: Number(values.parallel),
  pruner: "asha",
  trainerInit: async ({ args, params }) =>
    new Trainer({
      model: await AutoModelForSequenceClassification.fromPretrained(values.model, {
        hidden_dropout_prob: params.dropout,
      }),
      args: {
        evalStrategy: "epoch",
        metricForBestModel: "f1",
        maxSteps: Number(values["max-steps"]),
        saveTotalLimit: 1,
        ...args, // the trial's folder, name and values
      },
      trainDataset: tokenized.train,
      evalDataset: validation,
      processingClass: tokenizer,
      computeMetrics: glue("mrpc"),
    }),
});
for (const { name, state, objective } of record.trials) console.log(`${name}: ${state}, f1 ${objective?.toFixed(4)}`);
console.log("best:", best);
