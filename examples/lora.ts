// Training an adapter in place of the model (LoRA): its files are a hundredth of the model's, and Python's peft reads them.
//   npx tsx examples/lora.ts --model bert-base-uncased --dataset glue --config mrpc --output runs/mrpc-lora
import { parseArgs } from "node:util";
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  DataCollatorWithPadding,
  getPeftModel,
  PeftModel,
  pipeline,
  Trainer,
} from "attune";
import { type GlueRow, loadDataset } from "attune/datasets";
import { glue } from "attune/metrics";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    dataset: { type: "string", default: "glue" },
    config: { type: "string", default: "mrpc" },
    output: { type: "string", default: "runs/mrpc-lora" },
    "max-steps": { type: "string", default: "-1" }, // a few, to see it run
    "eval-rows": { type: "string" }, // of the validation split
  },
});

const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config);
const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const base = await AutoModelForSequenceClassification.fromPretrained(values.model, { numLabels: 2 });
const model = getPeftModel(base, { r: 8, loraAlpha: 16, loraDropout: 0.1, targetModules: ["query", "value"] });
model.printTrainableParameters();

const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const rows = Math.min(Number(values["eval-rows"] ?? Infinity), tokenized.validation.length);
const validation = tokenized.validation.select(Array.from({ length: rows }, (_, i) => i));
const trainer = new Trainer({
  model,
  // an adapter takes ten times the learning rate of a whole model
  args: { outputDir: values.output, learningRate: 1e-3, numTrainEpochs: 3, maxSteps: Number(values["max-steps"]) },
  trainDataset: tokenized.train,
  evalDataset: validation,
  dataCollator: new DataCollatorWithPadding(tokenizer),
  processingClass: tokenizer,
  computeMetrics: glue("mrpc"),
});
await trainer.train();
const { eval_loss: loss } = await trainer.evaluate();
console.log(`with the adapter: loss ${loss.toFixed(4)}`);

// The folder holds the adapter and names its base: it is used as a model's folder is.
const pair = { text: "He said it .", textPair: "It was said by him ." };
const classify = await pipeline("text-classification", values.output);
console.log(await classify(pair));

// Merged into the weights it costs nothing, and the model is an ordinary one, for those who know no adapters.
const again = await AutoModelForSequenceClassification.fromPretrained(values.model, { numLabels: 2 });
const merged = (await PeftModel.fromPretrained(again, values.output)).mergeAndUnload();
await merged.savePretrained(`${values.output}/merged`);
console.log(await (await pipeline("text-classification", merged, { tokenizer }))(pair));
