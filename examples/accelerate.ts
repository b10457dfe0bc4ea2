// The same loop through an Accelerator: on one process as it stands, with batches accumulated into larger steps.
//   npx tsx examples/accelerate.ts --model bert-base-uncased --dataset glue --config mrpc
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
    accumulate: { type: "string", default: "1" }, // batches in a step
  },
});

const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config);
const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForSequenceClassification.fromPretrained(values.model);
const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const columns = tokenized.removeColumns(["sentence1", "sentence2", "idx"]).renameColumn("label", "labels");
const [trainRows, validationRows] = [columns.train, columns.validation].map((split) =>
  values.rows ? split.select(Array.from({ length: Number(values.rows) }, (_, i) => i)) : split,
);
const collator = new DataCollatorWithPadding(tokenizer);
const trainLoader = new DataLoader(trainRows, { batchSize: 8, shuffle: true, collator });
const evalLoader = new DataLoader(validationRows, { batchSize: 8, collator });

const accelerator = new Accelerator({ gradientAccumulationSteps: Number(values.accumulate) });
const adamw = new AdamW(model.parameters(), { lr: 5e-5 });
const epochs = Number(values.epochs);
const numTrainingSteps = epochs * Math.ceil(trainLoader.length / accelerator.gradientAccumulationSteps);
const schedule = getScheduler("linear", adamw, { numWarmupSteps: 0, numTrainingSteps });
const [m, o, train, evaluation, s] = accelerator.prepare(model, adamw, trainLoader, evalLoader, schedule);

m.train();
for (let epoch = 0; epoch < epochs; epoch++) {
  for await (const batch of train) {
    accelerator.accumulate(m, () => {
      const { loss } = m.forward(batch);
      accelerator.backward(loss);
      accelerator.clipGradNorm(m.parameters(), 1);
      o.step();
      s.step();
      o.zeroGrad();
    });
  }
  accelerator.print(`epoch ${epoch + 1}: step ${s.lastStep} of ${numTrainingSteps}`);
}

const metric = glue("mrpc");
m.eval();
for await (const batch of evaluation) {
  const { logits } = noGrad(() => m.forward(batch));
  const { predictions, references } = accelerator.gatherForMetrics({ predictions: logits, references: batch.labels });
  await metric.addBatch({ predictions, references });
}
accelerator.print(metric.compute());
