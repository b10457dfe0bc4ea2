// What a fine-tuned MRPC classifier reaches as ONNX, in float32 and in int8, beside itself and beside the int8 that
// onnxruntime's own quantize_dynamic makes: accuracy and F1 on the validation split in onnxruntime, the largest difference of
// logits, the time of it all, and the sizes of the files. Python's onnx checks the files.
//   npx tsx bench/onnx.ts runs/mrpc [--dataset ../shared/hub/datasets/nyu-mll/glue] [--python PATH] [--no-peer]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { AutoModelForSequenceClassification, AutoTokenizer, noGrad } from "attune";
import { loadDataset } from "attune/datasets";
import { glue } from "attune/metrics";
import { exportOnnx } from "attune/onnx";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { peerPython } from "./peer.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dataset: { type: "string", default: "../shared/hub/datasets/nyu-mll/glue" },
    python: { type: "string" },
    "no-peer": { type: "boolean", default: false },
  },
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
  const started = performance.now();
  const line = await measure(name, async ({ columns, shape }) => {
    const feeds = session.inputNames.map((input) => {
      const numbers = columns[input] ?? new Int32Array(shape[0] * shape[1]);
      return [input, new Tensor("int64", BigInt64Array.from(Array.from(numbers), BigInt), [...shape])] as const;
    });
    return (await session.run(Object.fromEntries(feeds))).logits.data as Float32Array;
  });
  const seconds = (performance.now() - started) / 1000;
  await session.release();
  return `${line} ${seconds.toFixed(1)} s | ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB |`;
}

const scratch = mkdtempSync(join(tmpdir(), "bench-onnx-"));
try {
  await exportOnnx(folder, scratch);
  const [float, int8] = ["onnx/model.onnx", "onnx/model_quantized.onnx"].map((file) => join(scratch, file));
  const rows = [
    `${await measure("Attune", async ({ own }) => own)} | |`,
    await inOnnxruntime("onnxruntime, float32", float),
    await inOnnxruntime("onnxruntime, int8", int8),
  ];
  if (!values["no-peer"]) {
    const python = peerPython(values.python);
    const peer = (...args: string[]) =>
      execFileSync(python, [here("peers/onnx_peer.py"), ...args], { encoding: "utf8" });
    for (const line of peer("check", float, int8).trim().split("\n")) console.error(`onnx.checker: ${line}`);
    for (const axis of ["column", "tensor"]) {
      const theirs = join(scratch, `theirs-${axis}.onnx`);
      peer("quantize", float, theirs, axis);
      rows.push(await inOnnxruntime(`onnxruntime's quantize_dynamic, a scale for each ${axis}`, theirs));
    }
  }
  console.log("| | accuracy | F1 | largest difference of logits | time | file |\n|---|---|---|---|---|---|");
  console.log(rows.join("\n"));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
