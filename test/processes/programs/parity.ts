// A custom loop over the embedded model and sample, or others, without dropout. Prints on the main process the loss of each step, of all
// processes' rows together, and a hash of the weights at the end; then the validation rows' predictions.
//   node --import tsx parity.ts ROWS_OF_A_STEP STEPS [ACCUMULATE [MODEL DATASET]]
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { Accelerator } from "../../../src/accelerate/index.js";
import { DataCollatorWithPadding, DataLoader } from "../../../src/batches/index.js";
import { type GlueRow, loadDataset } from "../../../src/datasets/index.js";
import { AutoModelForSequenceClassification } from "../../../src/models/index.js";
import { AdamW, getScheduler } from "../../../src/optim/index.js";
import { noGrad } from "../../../src/tensor/index.js";
import { AutoTokenizer } from "../../../src/tokenizers/index.js";

const assets = (name: string) => fileURLToPath(new URL(`../../../assets/${name}`, import.meta.url));
const [rowsOfAStep, steps, accumulate = 1] = process.argv.slice(2, 5).map(Number);
const [checkpoint = assets("model"), dataset = assets("sample")] = process.argv.slice(5);

const accelerator = new Accelerator({ gradientAccumulationSteps: accumulate, bucketBytes: 2 ** 16 });
const raw = await loadDataset<GlueRow<"mrpc">>(dataset, dataset === assets("sample") ? undefined : "mrpc");
const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint, {
  numLabels: 2,
  seed: 5,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
});
const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const columns = tokenized.removeColumns(["idx", "sentence1", "sentence2"]).renameColumn("label", "labels");
const batchSize = rowsOfAStep / accelerator.numProcesses / accumulate;
const collator = new DataCollatorWithPadding(tokenizer);
const loader = new DataLoader(columns.train, { batchSize, shuffle: true, collator });
const adamw = new AdamW(model.parameters(), { lr: 5e-5 });
const schedule = getScheduler("linear", adamw, {
  numWarmupSteps: 0,
  numTrainingSteps: 2400 * accelerator.numProcesses,
});
const [m, o, s, train] = accelerator.prepare(model, adamw, schedule, loader);

m.train();
const losses: number[] = [];
while (losses.length < steps) {
  let sum = 0;
  for await (const batch of train) {
    const contribution = accelerator.accumulate(m, () => {
      const { loss } = m.forward(batch);
      accelerator.backward(loss);
      accelerator.clipGradNorm(m.parameters(), 1);
      o.step();
      s.step();
      o.zeroGrad();
      return loss;
    });
    const rows = accelerator.isFiller(batch) ? 0 : batch.labels.size;
    const all = await accelerator.gatherObject({ loss: await contribution.item(), rows });
    const total = all.reduce((count, each) => count + each.rows, 0);
    sum += all.reduce((mean, each) => mean + (each.loss * each.rows) / total, 0) / accumulate;
    if (accelerator.syncGradients) losses.push(sum);
    if (accelerator.syncGradients) sum = 0;
    if (losses.length === steps) break;
  }
}
await accelerator.checkParameters(m);
const hash = createHash("sha256");
for (const parameter of m.parameters()) hash.update(Buffer.from((await parameter.data()).buffer));

const [evaluation] = accelerator.prepare(new DataLoader(columns.validation, { batchSize: 7, collator }));
m.eval();
let rows = 0;
const labels: number[] = [];
for await (const batch of evaluation) {
  const { logits } = noGrad(() => m.forward(batch));
  const all = accelerator.gatherForMetrics({ logits, labels: batch.labels });
  rows += all.logits.shape[0];
  labels.push(...(await all.labels.data()));
}
accelerator.print(
  JSON.stringify({ losses, hash: hash.digest("hex"), rows, labels, lastStep: s.lastStep, ...accelerator.statistics() }),
);
