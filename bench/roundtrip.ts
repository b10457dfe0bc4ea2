// Does Python load what Attune saved, with the same logits? Runs a checkpoint's folder over MRPC's validation split in
// both, and fails where they differ by more than rounding.
//   npx tsx bench/roundtrip.ts [runs/mrpc]       a model, or a LoRA adapter (then bench/.venv needs peft)
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, DataLoader, noGrad } from "attune";
import { loadDataset } from "attune/datasets";
import { peerPython } from "./peer.js";

const TOLERANCE = 1e-4; // absolute, on logits of order one: a hundred times what float32 makes of another order of sums

const python = peerPython();
const script = fileURLToPath(new URL("peers/load_checkpoint.py", import.meta.url));
const glue = fileURLToPath(new URL("../../shared/hub/datasets/nyu-mll/glue", import.meta.url));
const checkpoint = resolve(process.argv[2] ?? "runs/mrpc");

const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint);
model.eval();
interface Pair {
  sentence1: string;
  sentence2: string;
  label: number;
  idx: number;
}
const { validation } = await loadDataset<Pair>(glue, "mrpc");
const tokenized = await validation.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const inputs = tokenized.removeColumns(["sentence1", "sentence2", "idx", "label"]);
const loader = new DataLoader(inputs, { batchSize: 32, collator: new DataCollatorWithPadding(tokenizer) });

const batches: Record<string, unknown>[] = [];
const ours: number[][] = [];
for await (const batch of loader) {
  const { logits } = noGrad(() => model.forward(batch));
  ours.push(...((await logits.toArray()) as number[][]));
  const lists: Record<string, unknown> = {};
  for (const [name, tensor] of Object.entries(batch)) lists[name] = await tensor.toArray();
  batches.push(lists);
}

const peer = spawnSync(python, [script], {
  input: JSON.stringify({ checkpoint, batches }),
  encoding: "utf8",
  maxBuffer: 2 ** 28,
});
if (peer.status !== 0) throw new Error(`Python does not load ${checkpoint}:\n${peer.stderr}`);
const { name, logits: theirs } = JSON.parse(peer.stdout) as { name: string; logits: number[][] };
if (theirs.length !== ours.length) throw new Error(`${name} gave ${theirs.length} rows, Attune ${ours.length}`);

let worst = { difference: 0, row: 0, column: 0 }; // ends at a NaN if there is one: no number is larger
let sameClass = 0;
for (const [row, values] of ours.entries()) {
  for (const [column, value] of values.entries()) {
    const difference = Math.abs(value - theirs[row][column]);
    if (Number.isNaN(difference) || difference > worst.difference) worst = { difference, row, column };
  }
  const argmax = (list: readonly number[]) => list.indexOf(Math.max(...list));
  if (argmax(values) === argmax(theirs[row])) sameClass++;
}
console.log(
  `${name} loads ${checkpoint}: ${ours.length} rows, ${sameClass} with the same class; largest difference of a logit ` +
    `${worst.difference.toExponential(1)} (row ${worst.row}, class ${worst.column})`,
);
if (!(worst.difference <= TOLERANCE)) {
  console.error(`More than ${TOLERANCE}: ${ours[worst.row][worst.column]} against ${theirs[worst.row][worst.column]}`);
  process.exitCode = 1;
}
