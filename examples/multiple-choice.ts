// Multiple choice: which of several continuations is right. The rows are made up (made-up.ts).
//   npx tsx examples/multiple-choice.ts --model bert-base-uncased --output runs/choices
import { parseArgs } from "node:util";
import { AutoModelForMultipleChoice, AutoTokenizer, DataCollatorForMultipleChoice, Trainer } from "attune";
import { accuracy } from "attune/metrics";
import { findChoiceColumns, tokenizeChoices } from "attune/tasks";
import { choices } from "./made-up.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    output: { type: "string", default: "runs/choices" },
    rows: { type: "string", default: "400" },
    epochs: { type: "string", default: "2" },
  },
});

const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForMultipleChoice.fromPretrained(values.model);
const splits = [choices(Number(values.rows), "train"), choices(100, "test")];
const columns = findChoiceColumns(splits[0]); // question, choices, label
const [train, test] = await Promise.all(splits.map((split) => tokenizeChoices(split, columns, tokenizer, 64)));

const trainer = new Trainer({
  model,
  args: { outputDir: values.output, numTrainEpochs: Number(values.epochs), learningRate: 1e-4 },
  trainDataset: train,
  evalDataset: test,
  dataCollator: new DataCollatorForMultipleChoice(tokenizer), // [rows, choices, length]
  processingClass: tokenizer,
  computeMetrics: accuracy(),
});
await trainer.train();
const { eval_accuracy: right } = await trainer.evaluate();
console.log(`accuracy ${right.toFixed(3)}, where guessing has 0.25`);
