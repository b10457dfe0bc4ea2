// What can go wrong between two processes: `fault.ts KIND`.
import { Accelerator } from "../../../src/accelerate/index.js";
import { tensor } from "../../../src/tensor/index.js";

const accelerator = new Accelerator();
const [kind] = process.argv.slice(2);
const rank = accelerator.processIndex;
await accelerator.waitForEveryone();
console.log("both are here");

if (rank === 1) {
  if (kind === "throw") throw new Error("the error of rank 1");
  if (kind === "kill") process.kill(process.pid, "SIGKILL");
  if (kind === "stall") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (kind === "exit") process.exit(5);
  if (kind === "leave") process.exit(0);
}
if (kind === "shapes") accelerator.gather(tensor(rank === 0 ? [1, 2] : [1, 2, 3]));
if (kind === "calls") {
  if (rank === 0) accelerator.gather(tensor([1]));
  else accelerator.reduce(tensor([1]));
}
await accelerator.waitForEveryone();
