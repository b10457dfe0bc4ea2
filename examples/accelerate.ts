// The loop of own-loop.ts on any number of processes. The lines that differ are all that an Accelerator asks for.
//   npx attune launch --processes 2 examples/accelerate.ts --model bert-base-uncased --dataset glue --config mrpc
import { parseArgs } from "node:util";
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  DataCollatorWithPadding,
  DataLoader,
  getScheduler,
  noGrad,
} from "attune";
import { Accelerator } from "attune/accelerate";
import { type GlueRow, loadDataset } from "attune/datasets";
import { glue } from "attune/metrics";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    dataset: { type: "string", default: "glue" },
    config: { type: "string", default: "mrpc" },
    epochs: { type: "string", default: "3" },
    rows: { type: "string" }, // of each split; a few, to see it run
  },
});

const accelerator = new Accelerator();
const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config);
const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForSequenceClassification.fromPretrained(values.model);
const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const columns = tokenized.removeColumns(["sentence1", "sentence2", "idx"]).renameColumn("label", "labels");
const [train, validation] = [columns.train, columns.validation].map((split) =>
  values.rows ? split.select(Array.from({ length: Number(values.rows) }, (_, i) => i)) : split,
);
const collator = new DataCollatorWithPadding(tokenizer);
const trainLoader = new DataLoader(train, { batchSize: 8, shuffle: true, collator });
const evalLoader = new DataLoader(validation, { batchSize: 8, collator });

const adamw = new AdamW(model.parameters(), { lr: 5e-5 });
const numTrainingSteps = Number(values.epochs) * trainLoader.length; // 1377 for three epochs of MRPC
const schedule = getScheduler("linear", adamw, { numWarmupSteps: 0, numTrainingSteps });
accelerator.prepare(model, adamw, trainLoader, evalLoader, schedule); // the same objects, now aware

model.train();
for (let epoch = 0; epoch < Number(values.epochs); epoch++) {
  let batches = 0;
  for await (const batch of trainLoader) {
    const { loss } = model.forward(batch);
    accelerator.backward(loss);
    adamw.step();
    schedule.step();
    adamw.zeroGrad();
    if (++batches % 50 === 0 || batches === trainLoader.length) {
      accelerator.print(`epoch ${epoch + 1}: batch ${batches} of ${trainLoader.length}, loss ${await loss.item()}`);
    }
  }
}

const metric = glue("mrpc"); // takes logits or classes
model.eval();
for await (const batch of evalLoader) {
  const { logits } = noGrad(() => model.forward(batch));
  await metric.addBatch(accelerator.gatherForMetrics({ predictions: logits, references: batch.labels }));
}
accelerator.print(metric.compute());
