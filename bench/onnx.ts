// What a fine-tuned MRPC classifier reaches as ONNX, in float32 and in int8, beside itself: accuracy and F1 on the
// validation split in onnxruntime, the largest difference of logits, and the sizes of the files.
//   npx tsx bench/onnx.ts runs/mrpc [--dataset ../shared/hub/datasets/nyu-mll/glue]
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AutoModelForSequenceClassification, AutoTokenizer, noGrad } from "attune";
import { loadDataset } from "attune/datasets";
import { glue } from "attune/metrics";
import { exportOnnx } from "attune/onnx";
import { InferenceSession, Tensor } from "onnxruntime-node";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dataset: { type: "string", default: "../shared/hub/datasets/nyu-mll/glue" } },
});
const [folder = "runs/mrpc"] = positionals;
const BATCH = 8;

const tokenizer = await AutoTokenizer.fromPretrained(folder);
const model = await AutoModelForSequenceClassification.fromPretrained(folder);
const { validation } = await loadDataset(values.dataset, "mrpc");
const { sentence1, sentence2, label } = validation.columns(0, validation.length);

interface Batch {
  readonly rows: number;
  readonly shape: readonly number[];
  readonly columns: Readonly<Record<string, ArrayLike<number>>>;
  readonly own: ArrayLike<number>;
}

const batches: Batch[] = [];
for (let start = 0; start < validation.length; start += BATCH) {
  const end = Math.min(start + BATCH, validation.length);
  const { input_ids, attention_mask, token_type_ids } = tokenizer(
    sentence1.slice(start, end) as string[],
    sentence2.slice(start, end) as string[],
    { padding: true, truncation: true, returnTensors: true },
  );
  const inputs = { input_ids, attention_mask, ...(token_type_ids ? { token_type_ids } : {}) };
  const { logits } = noGrad(() => model.forward(inputs));
  const columns: Record<string, ArrayLike<number>> = {};
  for (const [name, tensor] of Object.entries(inputs)) columns[name] = await tensor.data();
  batches.push({ rows: end - start, shape: input_ids.shape, columns, own: await logits.data() });
}

async function measure(name: string, logitsOf: (batch: Batch) => Promise<ArrayLike<number>>): Promise<string> {
  const metric = glue("mrpc");
  let largest = 0;
  let row = 0;
  for (const batch of batches) {
    const logits = await logitsOf(batch);
    const width = logits.length / batch.rows;
    const predictions = Array.from({ length: batch.rows }, (_, i) => {
      const scores = Array.from({ length: width }, (_, j) => logits[i * width + j]);
      return scores.indexOf(Math.max(...scores));
    });
    for (let i = 0; i < logits.length; i++) largest = Math.max(largest, Math.abs(logits[i] - batch.own[i]));
    await metric.addBatch({ predictions, references: label.slice(row, row + batch.rows).map(Number) });
    row += batch.rows;
  }
  const { accuracy, f1 } = metric.compute();
  return `| ${name} | ${accuracy.toFixed(4)} | ${f1.toFixed(4)} | ${largest.toExponential(1)} |`;
}

async function inOnnxruntime(name: string, path: string): Promise<string> {
  const session = await InferenceSession.create(path);
  const line = await measure(name, async ({ columns, shape }) => {
    const feeds = session.inputNames.map((input) => {
      const numbers = columns[input] ?? new Int32Array(shape[0] * shape[1]);
      return [input, new Tensor("int64", BigInt64Array.from(Array.from(numbers), BigInt), [...shape])] as const;
    });
    return (await session.run(Object.fromEntries(feeds))).logits.data as Float32Array;
  });
  await session.release();
  return `${line} ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB |`;
}

const scratch = mkdtempSync(join(tmpdir(), "bench-onnx-"));
try {
  await exportOnnx(folder, scratch);
  console.log("| | accuracy | F1 | largest difference of logits | file |\n|---|---|---|---|---|");
  console.log(`${await measure("Attune", async ({ own }) => own)} |`);
  console.log(await inOnnxruntime("onnxruntime, float32", join(scratch, "onnx/model.onnx")));
  console.log(await inOnnxruntime("onnxruntime, int8", join(scratch, "onnx/model_quantized.onnx")));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
