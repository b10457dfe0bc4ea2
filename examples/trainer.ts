// The Trainer: fine-tunes, evaluates after each epoch, and writes a folder that Attune and Python load.
//   npx tsx examples/trainer.ts --model bert-base-uncased --dataset glue --config mrpc --output runs/mrpc
import { parseArgs } from "node:util";
import { AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer } from "attune";
import { type GlueRow, loadDataset } from "attune/datasets";
import { glue } from "attune/metrics";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    dataset: { type: "string", default: "glue" },
    config: { type: "string", default: "mrpc" },
    output: { type: "string", default: "runs/mrpc" },
    "max-steps": { type: "string", default: "-1" }, // a few, to see it run
    "eval-rows": { type: "string" }, // of the validation split
  },
});

const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config);
const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForSequenceClassification.fromPretrained(values.model);
const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const rows = Math.min(Number(values["eval-rows"] ?? Infinity), tokenized.validation.length);
const validation = tokenized.validation.select(Array.from({ length: rows }, (_, i) => i));

const trainer = new Trainer({
  model,
  args: {
    outputDir: values.output,
    evalStrategy: "epoch",
    numTrainEpochs: 3,
    maxSteps: Number(values["max-steps"]),
  },
  trainDataset: tokenized.train,
  evalDataset: validation,
  dataCollator: new DataCollatorWithPadding(tokenizer),
  processingClass: tokenizer,
  computeMetrics: glue("mrpc"),
});
await trainer.train();
const { metrics } = await trainer.predict(validation);
console.log(metrics);
