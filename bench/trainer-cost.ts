// What does the Trainer cost over a bare loop? Both train on the same batches of MRPC, in turn within one process; what is
// counted is the processor time of the JavaScript thread, on which all of the Trainer's bookkeeping runs, against the
// processor time of a whole step. Needs Linux (/proc/self/task).
//   npx tsx bench/trainer-cost.ts [--steps 40] [--rounds 5]
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  AdamW,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  clipGradNorm,
  DataCollatorWithPadding,
  DataLoader,
  getScheduler,
  type Tensor,
  Trainer,
} from "attune";
import { type GlueRow, loadDataset } from "attune/datasets";

const { values } = parseArgs({
  options: { steps: { type: "string", default: "40" }, rounds: { type: "string", default: "5" } },
});
const steps = Number(values.steps);
const BATCH = 8;
const WARM = 2; // steps that fill caches and pools
const LIMIT = 0.02;

const shared = fileURLToPath(new URL("../../shared/hub/", import.meta.url));
const checkpoint = `${shared}models/sentence-transformers/all-MiniLM-L6-v2`;
const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
const raw = await loadDataset<GlueRow<"mrpc">>(`${shared}datasets/nyu-mll/glue`, "mrpc");
const rows = await raw.train
  .select(Array(steps * BATCH).keys())
  .map((columns, { tokenizer }) => tokenizer(columns.sentence1, columns.sentence2, { truncation: true }), {
    batched: true,
    with: { tokenizer },
    removeColumns: ["sentence1", "sentence2", "idx"],
  });
const trainDataset = rows.renameColumn("label", "labels");
const collator = new DataCollatorWithPadding(tokenizer);
const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint, { numLabels: 2, seed: 1 });

interface Spent {
  /** Milliseconds of the JavaScript thread. */
  readonly thread: number;
  /** Milliseconds of all threads. */
  readonly process: number;
}

/** The scheduler counts a thread's time in nanoseconds. */
function spent(): Spent {
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
  const { user, system } = process.cpuUsage();
  return { thread: Number(nanoseconds) / 1e6, process: (user + system) / 1e3 };
}

const perStep = (from: Spent, to: Spent): Spent => ({
  thread: (to.thread - from.thread) / (steps - WARM),
  process: (to.process - from.process) / (steps - WARM),
});

async function bareLoop(): Promise<Spent> {
  const loader = new DataLoader(trainDataset, { batchSize: BATCH, collator });
  const parameters = model.parameters();
  const adamw = new AdamW(parameters, { lr: 5e-5, weightDecay: 0 });
  const schedule = getScheduler("linear", adamw, { numWarmupSteps: 0, numTrainingSteps: steps });
  model.train();
  let [step, from] = [0, spent()];
  const losses: Promise<number>[] = [];
  let norm: Tensor | undefined;
  for await (const batch of loader) {
    const { loss } = model.forward(batch);
    loss.backward();
    norm = clipGradNorm(parameters, 1);
    adamw.step();
    schedule.step();
    adamw.zeroGrad();
    losses.push(loss.item()); // as a loop that shows its loss
    if (++step !== WARM) continue;
    await norm.item();
    from = spent();
  }
  await norm?.item();
  await Promise.all(losses);
  return perStep(from, spent());
}

async function withTrainer(): Promise<Spent> {
  let [from, to] = [spent(), spent()];
  const trainer = new Trainer({
    model,
    args: {
      maxSteps: steps,
      perDeviceTrainBatchSize: BATCH,
      trainSamplingStrategy: "sequential",
      loggingSteps: 10,
      saveStrategy: "no",
    },
    trainDataset,
    dataCollator: collator,
    callbacks: [
      {
        async onStepEnd({ state, model }) {
          if (state.globalStep !== WARM && state.globalStep !== steps) return;
          await model.parameters().at(-1)?.data(); // waits for the device; the bias of the head is small
          if (state.globalStep === WARM) from = spent();
          else to = spent();
        },
      },
    ],
  });
  await trainer.train();
  return perStep(from, to);
}

process.env.ATTUNE_LOG = "warn";
const bare: Spent[] = [];
const ours: Spent[] = [];
await bareLoop();
for (let round = 0; round < Number(values.rounds); round++) {
  bare.push(await bareLoop());
  ours.push(await withTrainer());
}
const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const thread = (some: readonly Spent[]) => median(some.map((each) => each.thread));
const whole = median(bare.map((each) => each.process));
const cost = (thread(ours) - thread(bare)) / whole;
console.log(
  `JavaScript thread, medians of ${values.rounds} rounds of ${steps} steps: bare loop ${thread(bare).toFixed(2)} ms a step, ` +
    `Trainer ${thread(ours).toFixed(2)} ms; a step of the bare loop takes ${whole.toFixed(1)} ms of all processors. ` +
    `The Trainer costs ${(100 * cost).toFixed(2)} % of it.`,
);
if (!(cost <= LIMIT)) process.exitCode = 1;
