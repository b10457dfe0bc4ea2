// Two worker threads, each with an engine of its own, work at the same time; then a third is terminated at work.
import { Worker } from "node:worker_threads";

// On Node 20 a worker does not inherit the loader of TypeScript.
const program = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL("./worker.ts", import.meta.url).href)});
})`;

async function result(seed: number): Promise<unknown> {
  const worker = new Worker(program, { eval: true, workerData: { seed, forever: false } });
  const message = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await new Promise((resolve) => worker.once("exit", resolve));
  return message;
}

console.log(JSON.stringify(await Promise.all([result(1), result(2)])));

const endless = new Worker(program, { eval: true, workerData: { seed: 3, forever: true } });
await new Promise((resolve) => endless.once("message", resolve));
console.log("terminated", await endless.terminate());
