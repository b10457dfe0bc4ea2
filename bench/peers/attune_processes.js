// One of the processes of bench/processes.ts: plain JavaScript over the built package, as a user's program is. Its argument is
// JSON: { model, shape?: a config for random weights, dataset, batch: rows of a process, rounds, block: steps, bucket: bytes,
// sizes: of sums to time }. A round is a block of steps whose gradients are summed over all processes, and a block of steps
// that are the same but for that, since on one machine processes share its processors and memory all the same.
// The main process prints a line of JSON:
//   { device, rounds: [{ seconds: of each step, apart: of each step without sums, others: share of the machine that other
//     programs used, each: by rank, statistics of all steps }, ...], tokens: of each batch of the main process, sums: [{ bytes,
//     seconds }, ...] }
import { readFileSync } from "node:fs";
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  clipGradNorm,
  DataCollatorWithPadding,
  DataLoader,
  tensor,
} from "attune";
import { Accelerator } from "attune/accelerate";
import { loadDataset } from "attune/datasets";

const request = JSON.parse(process.argv[2]);
const { rounds, block, batch: batchSize } = request;
const WARM = 3;

const accelerator = new Accelerator({ bucketBytes: request.bucket });
const { numProcesses } = accelerator;
const raw = await loadDataset(request.dataset, "mrpc");
const wanted = batchSize * numProcesses * (WARM + 2 * block * rounds);
const rows = raw.train.select(Array.from({ length: wanted }, (_, i) => i % raw.train.length));
const tokenizer = await AutoTokenizer.fromPretrained(request.model);
const tokenized = await rows.map(
  (columns, { tokenizer }) => tokenizer(columns.sentence1, columns.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const columns = tokenized.removeColumns(["sentence1", "sentence2", "idx"]).renameColumn("label", "labels");
const model = request.shape
  ? AutoModelForSequenceClassification.fromConfig(request.shape, { numLabels: 2, seed: 1 })
  : await AutoModelForSequenceClassification.fromPretrained(request.model, { numLabels: 2, seed: 1 });
const loader = new DataLoader(columns, { batchSize, collator: new DataCollatorWithPadding(tokenizer) });
const optimizer = new AdamW(model.parameters(), { lr: 5e-5 }); // not prepared: it steps in every block
accelerator.prepare(model, loader);
const [{ backend }] = model.parameters();

/** Seconds that the sum of so many bytes over all processes takes, the best of some. */
async function timeSum(bytes) {
  const own = tensor(new Float32Array(bytes / 4));
  let best = Infinity;
  for (let i = 0; i < 8; i++) {
    await accelerator.waitForEveryone();
    const before = accelerator.statistics().movingSeconds;
    await accelerator.reduce(own, "sum").data();
    best = Math.min(best, accelerator.statistics().movingSeconds - before);
  }
  return { bytes, seconds: best };
}
const sums = [];
if (numProcesses > 1) for (const bytes of request.sizes) sums.push(await timeSum(bytes));

/** Processor seconds of the whole machine: used, and all that there were. */
function machine() {
  const [line] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number); // user nice system idle iowait irq softirq steal
  const total = ticks.reduce((sum, value) => sum + value, 0);
  return { used: (total - ticks[3] - ticks[4]) / 100, total: total / 100 };
}

const batches = loader[Symbol.asyncIterator]();
const tokens = [];

/** Seconds of each of `n` steps. */
async function steps(n, together) {
  const seconds = [];
  const ends = [];
  await accelerator.waitForEveryone();
  let last = performance.now();
  for (let i = 0; i < n; i++) {
    const { value: batch } = await batches.next();
    const { loss } = model.forward(batch);
    if (together) accelerator.backward(loss);
    else accelerator.noSync(model, () => accelerator.backward(loss));
    clipGradNorm(model.parameters(), 1);
    optimizer.step();
    optimizer.zeroGrad();
    tokens.push(batch.attention_mask.host.reduce((sum, value) => sum + value, 0));
    // Steps queue up: one ends when the engine passes the fence behind it.
    const note = () => {
      const now = performance.now();
      seconds.push((now - last) / 1000);
      last = now;
    };
    ends.push(backend.fence().wait().then(note));
  }
  await Promise.all(ends);
  return seconds;
}

async function round() {
  const [before, processor, statistics] = [machine(), process.cpuUsage(), accelerator.statistics()];
  const seconds = await steps(block, true);
  const after = accelerator.statistics();
  const own = Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - statistics[name]]));
  const apart = await steps(block, false);
  const { user, system } = process.cpuUsage(processor);
  const each = await accelerator.gatherObject({ ...own, processor: (user + system) / 1e6 });
  const now = machine();
  const ours = each.reduce((sum, one) => sum + one.processor, 0);
  const others = Math.max(0, now.used - before.used - ours) / (now.total - before.total);
  return { seconds, apart, others, each };
}

model.train();
await steps(WARM, true);
const measured = [];
for (let i = 0; i < rounds; i++) measured.push(await round());
accelerator.print(JSON.stringify({ device: backend.description, rounds: measured, tokens, sums }));
await batches.return?.();
