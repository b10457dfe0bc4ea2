// One worker of workers.ts: adds its seed up a thousand times; or works until it is terminated.
import { parentPort, workerData } from "node:worker_threads";
import { createNativeBackend } from "../../../src/backends/native/index.js";
import { empty, enqueueWork } from "../work.js";

const { seed, forever } = workerData as { seed: number; forever: boolean };
const backend = createNativeBackend({ threads: 2 });
const x = empty(backend, 10_000);
backend.kernels.fill(x, 10_000, 0);
for (let i = 0; i < 1000; i++) backend.kernels.unary("affine", x, x, 10_000, 1, seed);
const [first] = await backend.read(x, 1);
if (forever) enqueueWork(backend, 5000);
parentPort?.postMessage(first);
if (forever) await backend.fence().wait();
