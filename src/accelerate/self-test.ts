// The self-test that ships: a few calls of an Accelerator whose results are known, on the machines of whoever runs it.
import { Linear } from "../nn/index.js";
import { AdamW } from "../optim/index.js";
import { currentBackend, manualSeed, mse, type Tensor, tensor } from "../tensor/index.js";
import { Accelerator } from "./accelerator.js";

interface Check {
  readonly name: string;
  /** @returns What is wrong; nothing where all is well. */
  readonly run: (accelerator: Accelerator) => Promise<string | undefined>;
}

const CHECKS: readonly Check[] = [
  { name: "messages between programs", run: checkMessages },
  { name: "gather, reduce and broadcast of tensors", run: checkTensors },
  { name: "gradients of all processes, as one process has them", run: checkGradients },
  { name: "the same bits in all processes after ten steps", run: checkBits },
];

/** Runs all checks. @returns Whether all went well, in all processes. */
export async function runSelfTest(say: (line: string) => void): Promise<boolean> {
  const accelerator = new Accelerator();
  const { numProcesses } = accelerator;
  const places = await accelerator.gatherObject(`${accelerator.host}, ${currentBackend().description}`);
  say(`${numProcesses} ${numProcesses === 1 ? "process" : "processes"}`);
  for (const [rank, place] of places.entries()) say(`  rank ${rank}: ${place}`);
  let well = true;
  for (const { name, run } of CHECKS) {
    const started = performance.now();
    const wrong = await accelerator.gatherObject((await run(accelerator)) ?? null);
    const first = wrong.findIndex((text) => text !== null);
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    say(first < 0 ? `ok      ${name} (${seconds} s)` : `FAILED  ${name}: rank ${first}: ${wrong[first]}`);
    well &&= first < 0;
  }
  const { bytesSent } = accelerator.statistics();
  say(`${well ? "All is well" : "Something does not work"}; rank 0 has sent ${bytesSent} bytes`);
  return well;
}

async function checkMessages(accelerator: Accelerator): Promise<string | undefined> {
  const said = await accelerator.gatherObject({ rank: accelerator.processIndex, text: "ä".repeat(1000) });
  const right = said.every(({ rank, text }, i) => rank === i && text.length === 1000);
  return right && said.length === accelerator.numProcesses ? undefined : `heard ${said.length} messages`;
}

async function checkTensors(accelerator: Accelerator): Promise<string | undefined> {
  const { processIndex: rank, numProcesses: size } = accelerator;
  const own = tensor(Array.from({ length: 10_000 }, (_, i) => i + rank));
  const ranks = (size * (size - 1)) / 2;
  return (
    (await differs("gather", accelerator.gather(tensor([rank])), (i) => i)) ??
    (await differs("reduce", accelerator.reduce(own, "sum"), (i) => size * i + ranks)) ??
    (await differs("broadcast", accelerator.broadcast(own, size - 1), (i) => i + size - 1))
  );
}

async function differs(what: string, actual: Tensor, expected: (i: number) => number): Promise<string | undefined> {
  const values = await actual.data();
  const wrong = values.findIndex(
    (value: number, i: number) => !(Math.abs(value - expected(i)) <= 1e-6 * Math.abs(expected(i))),
  );
  return wrong < 0 ? undefined : `${what} gave ${values[wrong]} for element ${wrong}, and ${expected(wrong)} is right`;
}

const WIDTH = 64;
const ROWS = 16;

/** Rows of process `rank`: numbers, and what a model is to make of them. */
function rowsOf(rank: number): { x: number[][]; y: number[][] } {
  const numbers = (salt: number, width: number) =>
    Array.from({ length: ROWS }, (_, i) =>
      Array.from({ length: width }, (_, j) => Math.sin(salt + 7 * (rank * ROWS + i) + j)),
    );
  return { x: numbers(1, WIDTH), y: numbers(2, 1) };
}

/** The gradient of the loss over the rows of all processes, computed together and by this one alone. */
async function checkGradients(accelerator: Accelerator): Promise<string | undefined> {
  manualSeed(1);
  const model = new Linear(WIDTH, 1);
  accelerator.prepare(model);
  const loss = (ranks: readonly number[]) => {
    const parts = ranks.map(rowsOf);
    return mse(model.forward(tensor(parts.flatMap(({ x }) => x))), tensor(parts.flatMap(({ y }) => y)));
  };
  accelerator.backward(loss([accelerator.processIndex]));
  const together = await model.weight.grad?.data();
  model.zeroGrad();
  loss(Array.from({ length: accelerator.numProcesses }, (_, rank) => rank)).backward();
  const alone = await model.weight.grad?.data();
  const largest = Math.max(...(alone?.map(Math.abs) ?? [Number.NaN]));
  for (let i = 0; i < WIDTH; i++) {
    const [a = Number.NaN, b = Number.NaN] = [together?.[i], alone?.[i]];
    if (!(Math.abs(a - b) <= 1e-5 * largest)) return `element ${i} is ${a} together, and ${b} alone`;
  }
  return undefined;
}

async function checkBits(accelerator: Accelerator): Promise<string | undefined> {
  manualSeed(1);
  const [model, adamw] = accelerator.prepare(...withOptimizer(new Linear(WIDTH, 1)));
  const { x, y } = rowsOf(accelerator.processIndex);
  for (let step = 0; step < 10; step++) {
    accelerator.backward(mse(model.forward(tensor(x)), tensor(y)));
    adamw.step();
    adamw.zeroGrad();
  }
  return accelerator.checkParameters(model).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

function withOptimizer(model: Linear): [Linear, AdamW] {
  return [model, new AdamW(model.parameters())];
}
