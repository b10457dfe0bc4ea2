// Attune as one side of bench/step.ts: the requests, answers and work of pytorch_step.py beside it. Plain JavaScript
// over the built package, as a user's process is: the time from its start to its first step is one of the figures.
//   {"cmd": "load", "model", "dataset", "config", "batch_size", "batches", "shape"?, "activation_checkpointing"?}
//     -> {"name", "batches": [{"shape", "tokens": without padding}, ...]}
//   {"cmd": "steps", "n"}
//     -> {"seconds": [...], "losses": [...], "busy_seconds": inside kernels, "kernel_seconds": by kernel}
// Unlike the other side's, its steps fetch their batches from a DataLoader, as a user's loop does.
import { createInterface } from "node:readline";
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  clipGradNorm,
  DataCollatorWithPadding,
  DataLoader,
  getScheduler,
  manualSeed,
} from "attune";
import { loadDataset } from "attune/datasets";

async function prepareLoader(request) {
  const raw = await loadDataset(request.dataset, request.config);
  const rows = raw.train.select([...Array(request.batch_size * request.batches).keys()]);
  const tokenizer = await AutoTokenizer.fromPretrained(request.model);
  const texts = rows.columnNames.filter((name) => name.startsWith("sentence"));
  const tokenized = await rows.map(
    (columns, { tokenizer }) => tokenizer(...texts.map((name) => columns[name]), { truncation: true }),
    { batched: true, with: { tokenizer, texts } },
  );
  const columns = tokenized.removeColumns([...texts, "idx"]).renameColumn("label", "labels");
  if (request.shape) return shapedLoader(request, columns, tokenizer);
  const collator = new DataCollatorWithPadding(tokenizer);
  return new DataLoader(columns, { batchSize: request.batch_size, shuffle: false, collator });
}

/** The same rows for a model of another vocabulary: ids that it has, and token types only where it reads them. */
async function shapedLoader({ shape, batch_size }, columns, tokenizer) {
  const vocabulary = shape.vocab_size;
  const ids = await columns.map(
    (rows) => ({ input_ids: rows.input_ids.map((row) => row.map((id) => id % vocabulary)) }),
    {
      batched: true,
      with: { vocabulary },
    },
  );
  const rows = ids.columnNames.includes("token_type_ids") ? ids.removeColumns(["token_type_ids"]) : ids;
  const collator = new DataCollatorWithPadding(tokenizer);
  return new DataLoader(rows, { batchSize: batch_size, shuffle: false, collator });
}

async function loadModel({ model, shape }) {
  return shape
    ? AutoModelForSequenceClassification.fromConfig(shape, { numLabels: 2 })
    : await AutoModelForSequenceClassification.fromPretrained(model, { numLabels: 2 });
}

async function describeBatches(loader) {
  const batches = [];
  for await (const batch of loader) {
    const mask = await batch.attention_mask.data();
    batches.push({ shape: [...batch.input_ids.shape], tokens: mask.reduce((sum, value) => sum + value, 0) });
  }
  return batches;
}

async function load(request) {
  manualSeed(42);
  const loader = await prepareLoader(request);
  const model = await loadModel(request);
  if (request.activation_checkpointing) model.activationCheckpointingEnable();
  model.train();
  const [{ backend }] = model.parameters();
  const optimizer = new AdamW(model.parameters(), { lr: 5e-5, weightDecay: 0 });
  const schedule = getScheduler("linear", optimizer, { numWarmupSteps: 0, numTrainingSteps: request.batches });
  const batches = await describeBatches(loader);
  const iterator = loader[Symbol.asyncIterator]();

  async function steps(n) {
    const seconds = [];
    const losses = [];
    const reads = [];
    const busyBefore = backend.statistics().busySeconds;
    const kernelsBefore = backend.profile();
    let last = performance.now();
    for (let i = 0; i < n; i++) {
      const { value: batch, done } = await iterator.next();
      if (done) break;
      const { loss } = model.forward(batch);
      loss.backward();
      clipGradNorm(model.parameters(), 1.0);
      optimizer.step();
      schedule.step();
      optimizer.zeroGrad();
      // Steps queue up: one ends when the engine passes the fence behind it, and lasts since the end of the one before.
      reads.push(
        loss.item().then((value) => losses.push(value)),
        backend
          .fence()
          .wait()
          .then(() => {
            const now = performance.now();
            seconds.push((now - last) / 1000);
            last = now;
          }),
      );
    }
    await Promise.all(reads);
    const kernels = Object.entries(backend.profile()).map(([name, { seconds }]) => [
      name,
      seconds - (kernelsBefore[name]?.seconds ?? 0),
    ]);
    return {
      seconds,
      losses,
      busy_seconds: backend.statistics().busySeconds - busyBefore,
      kernel_seconds: Object.fromEntries(kernels),
    };
  }

  return { steps, description: { name: `Attune, ${backend.description}`, batches } };
}

let training;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  if (request.cmd === "load") {
    training = await load(request);
    answer = training.description;
  } else {
    answer = await training.steps(request.n);
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
