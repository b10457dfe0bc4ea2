// A loop that saves its state half-way, or goes on from one that another number of processes has saved. Prints on the main
// process the loss of each step, of the rows of all processes, and a hash of the weights at the end.
//   node --import tsx state.ts FOLDER save|load
import { createHash } from "node:crypto";
import { Accelerator } from "../../../src/accelerate/index.js";
import { DataLoader } from "../../../src/batches/index.js";
import { Dataset } from "../../../src/datasets/index.js";
import { Linear } from "../../../src/nn/index.js";
import { AdamW, getScheduler } from "../../../src/optim/index.js";
import { manualSeed, mse } from "../../../src/tensor/index.js";

const SAVED_AT = 5; // the first step of the second epoch
const STEPS = 10;
const [folder, what] = process.argv.slice(2);
const ROWS_OF_A_STEP = 8;

const accelerator = new Accelerator({ scheduleSteps: 1 }); // a step is of as many rows on any number of processes
const dataset = Dataset.fromRows(
  Array.from({ length: 32 }, (_, i) => ({ x: [Math.sin(i), Math.cos(3 * i), 0.1 * i], y: [Math.sin(2 * i + 1)] })),
);
manualSeed(what === "save" ? 7 : 8); // other weights and another order, were they not loaded
const model = new Linear(3, 1);
const adamw = new AdamW(model.parameters(), { lr: 0.05 });
const schedule = getScheduler("linear", adamw, { numWarmupSteps: 0, numTrainingSteps: 20 });
const batchSize = ROWS_OF_A_STEP / accelerator.numProcesses;
const loader = new DataLoader(dataset, { batchSize, shuffle: true, seed: 3 });
const [m, o, s, batches] = accelerator.prepare(model, adamw, schedule, loader);
const counter = {
  steps: 0,
  stateDict: () => ({ steps: counter.steps }),
  loadStateDict: ({ steps }: { steps: number }) => {
    counter.steps = steps;
  },
};
accelerator.registerForCheckpointing(counter);

if (what === "load") await accelerator.loadState(folder);
const losses: number[] = [];
while (counter.steps < STEPS) {
  for await (const { x, y } of batches) {
    const loss = mse(m.forward(x), y);
    accelerator.backward(loss);
    o.step();
    s.step();
    o.zeroGrad();
    losses.push(await accelerator.reduce(loss).item());
    counter.steps++;
    if (what === "save" && counter.steps === SAVED_AT) await accelerator.saveState(folder);
    if (counter.steps === STEPS) break;
  }
}
await accelerator.checkParameters(m);
const hash = createHash("sha256")
  .update(Buffer.from((await m.weight.data()).buffer))
  .digest("hex");
accelerator.print(JSON.stringify({ losses, hash, steps: counter.steps, rate: s.getLastLr()[0] }));
