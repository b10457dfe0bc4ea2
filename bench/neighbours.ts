// Two Attune processes on one machine, each with a thread for every processor: what each keeps of the speed that it has
// alone. Rounds of three turns: one alone, the other alone, both at once. Prints a section for RESULTS.md.
//   npx tsx bench/neighbours.ts          all-MiniLM-L6-v2 on batches of 8 rows of MRPC
//   npx tsx bench/neighbours.ts --small  a few steps, to see that it runs
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Side } from "./side.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/", import.meta.url));
const { values: options } = parseArgs({ options: { small: { type: "boolean", default: false } } });
const [rounds, steps] = options.small ? [1, 2] : [8, 8];
/** Thread pools spin for a while after their last task. */
const SETTLE_MILLISECONDS = 300;
/** How long a process at rest is watched. */
const IDLE_MILLISECONDS = options.small ? 200 : 1000;

interface Batch {
  readonly tokens: number;
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

/** A process that trains, and where it is in its batches. */
class Trainer {
  readonly alone: number[] = [];
  readonly together: number[] = [];
  readonly idle: number[] = [];
  readonly #side = new Side(process.execPath, [`${here}peers/attune_step.js`]);
  #batches: readonly Batch[] = [];
  #next = 0;

  async start(): Promise<string> {
    const { name, batches } = await this.#side.ask<{ name: string; batches: readonly Batch[] }>({
      ...{ cmd: "load", model: `${shared}hub/models/sentence-transformers/all-MiniLM-L6-v2`, config: "mrpc" },
      ...{ dataset: `${shared}hub/datasets/nyu-mll/glue`, batch_size: 8, batches: 1 + 2 * rounds * steps },
    });
    this.#batches = batches;
    await this.run(1);
    return name;
  }

  /** Trains; returns real tokens a second. */
  async run(count: number): Promise<number> {
    const tokens = this.#batches.slice(this.#next, this.#next + count).reduce((sum, batch) => sum + batch.tokens, 0);
    this.#next += count;
    const start = performance.now();
    await this.#side.ask({ cmd: "steps", n: count });
    return (tokens / (performance.now() - start)) * 1000;
  }

  /** Milliseconds of processor time that the process uses while nobody asks anything of it, a second. */
  async rest(): Promise<number> {
    const before = this.#side.cpuSeconds();
    await sleep(IDLE_MILLISECONDS);
    return ((this.#side.cpuSeconds() - before) / IDLE_MILLISECONDS) * 1e6;
  }

  close(): Promise<void> {
    return this.#side.close();
  }
}

if (!existsSync(`${here}../dist/index.js`)) throw new Error("dist/ is not there: run npm run build first");
const trainers = [new Trainer(), new Trainer()];
try {
  let name = "";
  for (const trainer of trainers) name = await trainer.start();
  for (let round = 0; round < rounds; round++) {
    for (const trainer of trainers) {
      await sleep(SETTLE_MILLISECONDS);
      trainer.alone.push(await trainer.run(steps));
      await sleep(100);
      trainer.idle.push(await trainer.rest());
    }
    await sleep(SETTLE_MILLISECONDS);
    const speeds = await Promise.all(trainers.map((trainer) => trainer.run(steps)));
    for (const [i, trainer] of trainers.entries()) trainer.together.push(speeds[i]);
  }
  const kept = trainers.map(({ alone, together }) => median(together.map((speed, i) => speed / alone[i])));
  const row = (label: string, of: (trainer: Trainer) => string): string =>
    `| ${label} | ${trainers.map(of).join(" | ")} |`;
  const speed = (values: readonly number[]): string => median(values).toFixed(0);
  console.log(
    [
      `## ${new Date().toISOString().slice(0, 10)}, two processes side by side, mrpc batch 8, all-MiniLM-L6-v2`,
      "",
      `- machine: ${cpus()[0].model}, ${cpus().length} cores; Node ${process.version}`,
      `- each: ${name}`,
      `- medians of ${rounds} rounds of ${steps} steps`,
      "",
      "| | first | second |",
      "|---|---|---|",
      row("real tokens/s, alone", ({ alone }) => speed(alone)),
      row("real tokens/s, side by side", ({ together }) => speed(together)),
      row("kept of the speed alone", (trainer) => `${(kept[trainers.indexOf(trainer)] * 100).toFixed(0)} %`),
      row("processor time at rest, ms a second", ({ idle }) => median(idle).toFixed(1)),
      "",
      `Together ${(kept.reduce((sum, value) => sum + value, 0) * 100).toFixed(0)} % of one process alone.`,
    ].join("\n"),
  );
} finally {
  await Promise.all(trainers.map((trainer) => trainer.close()));
}
