// Attune as one side of bench/step.ts: the requests, answers and work of pytorch_step.py beside it. Plain JavaScript
// over the built package, as a user's process is: the time from its start to its first step is one of the figures.
//   {"cmd": "load", "model", "dataset", "config", "batch_size", "batches", "shape"?, "activation_checkpointing"?, "bf16"?, "lora"?,
//    "evaluate"?, "grouped"?, "comparable"?, "max_tokens"?: tokens of a batch at most, in place of rows}
//     -> {"name", "batches": [{"shape", "tokens": without padding}, ...]}
//   {"cmd": "steps", "n"}
//     -> {"seconds": [...], "losses": [...], "busy_seconds": inside kernels, "kernel_seconds": by kernel,
//         "product_gflop": operations of matrix products, in 1e9}
// Unlike the other side's, its steps fetch their batches from a DataLoader, as a user's loop does.
import { createInterface } from "node:readline";
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  clipGradNorm,
  DataCollatorWithPadding,
  DataLoader,
  getPeftModel,
  getScheduler,
  manualSeed,
  noGrad,
} from "attune";
import { Accelerator } from "attune/accelerate";
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
  const collator = new DataCollatorWithPadding(tokenizer);
  const dataset = request.shape ? await fitRows(request.shape, columns) : columns;
  const { grouped = false, max_tokens: maxTokensPerBatch, batch_size: batchSize } = request;
  const size = maxTokensPerBatch ? { maxTokensPerBatch, shuffle: true } : { batchSize, groupByLength: grouped };
  return () => new DataLoader(dataset, { ...size, collator });
}

/** The same rows for a model of another vocabulary: ids that it has, and token types only where it reads them. */
async function fitRows(shape, columns) {
  const vocabulary = shape.vocab_size;
  const ids = await columns.map(
    (rows) => ({ input_ids: rows.input_ids.map((row) => row.map((id) => id % vocabulary)) }),
    {
      batched: true,
      with: { vocabulary },
    },
  );
  return ids.columnNames.includes("token_type_ids") ? ids.removeColumns(["token_type_ids"]) : ids;
}

async function loadModel({ model, shape, comparable }) {
  if (shape) return AutoModelForSequenceClassification.fromConfig(shape, { numLabels: 2 });
  const dropout = comparable ? { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 } : {};
  const loaded = await AutoModelForSequenceClassification.fromPretrained(model, { numLabels: 2, ...dropout });
  if (comparable) {
    const head = loaded.parameter("classifier.weight");
    head.write_(Float32Array.from({ length: head.size }, (_, i) => 0.02 * Math.sin(1 + i)));
    loaded.parameter("classifier.bias").fill_(0);
  }
  return loaded;
}

/** Counts what the matrix products of a backend compute, in 1e9 operations. */
function countProducts(kernels) {
  let total = 0;
  for (const name of ["gemm", "gemmBfloat16"]) {
    const enqueue = kernels[name].bind(kernels);
    kernels[name] = (call) => {
      total += (2 * call.m * call.n * call.k * (call.batch?.count ?? 1)) / 1e9;
      enqueue(call);
    };
  }
  return () => total;
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
  const makeLoader = await prepareLoader(request);
  const base = await loadModel(request);
  const adapter = { r: 8, loraAlpha: 16, loraDropout: 0.1, targetModules: request.lora };
  const model = request.lora ? getPeftModel(base, adapter) : base;
  if (request.activation_checkpointing) model.activationCheckpointingEnable();
  new Accelerator({ mixedPrecision: request.bf16 ? "bf16" : "no" }).prepare(model);
  model.train(!request.evaluate);
  const [{ backend }] = model.parameters();
  const gflop = countProducts(backend.kernels);
  const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const optimizer = new AdamW(trained, { lr: 5e-5, weightDecay: 0 });
  const schedule = getScheduler("linear", optimizer, { numWarmupSteps: 0, numTrainingSteps: request.batches });
  const batches = await describeBatches(makeLoader());
  const iterator = makeLoader()[Symbol.asyncIterator]();

  function train(batch) {
    const { loss } = model.forward(batch);
    loss.backward();
    clipGradNorm(model.parameters(), 1.0);
    optimizer.step();
    schedule.step();
    optimizer.zeroGrad();
    return [loss];
  }

  function evaluate(batch) {
    const { loss, logits } = noGrad(() => model.forward(batch));
    return [loss, logits];
  }
  const step = request.evaluate ? evaluate : train;

  async function steps(n) {
    const seconds = [];
    const losses = [];
    const reads = [];
    const busyBefore = backend.statistics().busySeconds;
    const kernelsBefore = backend.profile();
    const gflopBefore = gflop();
    let last = performance.now();
    for (let i = 0; i < n; i++) {
      const { value: batch, done } = await iterator.next();
      if (done) break;
      const [loss, ...outputs] = step(batch);
      // Steps queue up: one ends when the engine passes the fence behind it, and lasts since the end of the one before.
      reads.push(
        loss.item().then((value) => losses.push(value)),
        ...outputs.map((output) => output.data()),
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
      product_gflop: gflop() - gflopBefore,
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
