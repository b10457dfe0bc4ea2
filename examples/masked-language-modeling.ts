// Masked language modelling: going on with pretraining on text of one's own, here made up (made-up.ts), until the model
// expects what stands there.
//   npx tsx examples/masked-language-modeling.ts --model bert-base-uncased --output runs/own-text
import { parseArgs } from "node:util";
import { AutoModelForMaskedLM, AutoTokenizer, DataCollatorForLanguageModeling, pipeline, Trainer } from "attune";
import { textBlocks } from "attune/tasks";
import { texts } from "./made-up.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    output: { type: "string", default: "runs/own-text" },
    rows: { type: "string", default: "1000" },
    epochs: { type: "string", default: "2" },
  },
});

const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForMaskedLM.fromPretrained(values.model);
// texts one after another, cut into rows of one length
const [train, test] = await Promise.all(
  [texts(Number(values.rows), "train"), texts(100, "test")].map((split) =>
    textBlocks(split, "text", tokenizer, { maxLength: 64 }),
  ),
);

const trainer = new Trainer({
  model,
  args: {
    outputDir: values.output,
    numTrainEpochs: Number(values.epochs),
    learningRate: 5e-4,
    saveStrategy: "epoch",
    saveTotalLimit: 1,
  },
  trainDataset: train,
  evalDataset: test,
  dataCollator: new DataCollatorForLanguageModeling(tokenizer, { mlmProbability: 0.15 }),
  processingClass: tokenizer,
});
const before = await trainer.evaluate();
await trainer.train();
const after = await trainer.evaluate();
console.log(`perplexity ${Math.exp(before.eval_loss).toFixed(1)}, then ${Math.exp(after.eval_loss).toFixed(1)}`);

const fill = await pipeline("fill-mask", values.output);
console.log(await fill(`Ada Adams works ${tokenizer.maskToken} a baker for Acme in Rome .`, { topK: 3 }));
