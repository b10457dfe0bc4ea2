// How far several processes carry, on paper: the simulation of scaling/simulate.ts with what bench/processes.ts has measured,
// held against its figures first. Prints the tables of docs/scaling.md, and draws its plots.
//   npx tsx bench/scaling.ts [--measured bench/scaling/measured.json] [--plots docs/images]
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Measured } from "./processes.js";
import { type Model, modelOf, models } from "./scaling/models.js";
import { drawPanels, type Line } from "./scaling/plot.js";
import { type Device, type Network, type Setting, type Step, simulate } from "./scaling/simulate.js";

const { values: options } = parseArgs({
  options: {
    measured: { type: "string", default: fileURLToPath(new URL("scaling/measured.json", import.meta.url)) },
    plots: { type: "string" },
  },
});
const measured = JSON.parse(readFileSync(options.measured, "utf8")) as Measured[];
const MIB = 2 ** 20;

/** MRPC in batches of 8 rows, by the tokenizer of these models: tokens, and different ones among them. */
const TOKENS = 426;
const TOKENS_DEVIATION = 37;
const TOUCHED_ROWS = 183;
/** Share of MiniLM's step that the optimizer and the norm of gradients take on this machine (bench/RESULTS.md). */
const OPTIMIZER_SHARE = 0.08;
/** Of a frame of Ethernet, what is TCP's content. */
const GOODPUT = 1448 / 1538;

const named: Readonly<Record<string, Model>> = Object.fromEntries(models.map((shape) => [shape.name, modelOf(shape)]));
const modelNames: Readonly<Record<string, string>> = { "all-MiniLM-L6-v2": "MiniLM", "bert-base-uncased": "bert-base" };

/** What a process had to compute with: its steps without sums tell. */
function deviceOf(one: Measured, model: Model): Device {
  const work = model.dense.reduce((sum, parameter) => sum + parameter.work, 0);
  const elements = model.dense.reduce((sum, parameter) => sum + parameter.elements, 0);
  const all = elements + model.table.rows * model.table.width;
  const small = named.MiniLM.dense.reduce((sum, parameter) => sum + parameter.work, 0);
  const smallElements =
    named.MiniLM.dense.reduce((sum, parameter) => sum + parameter.elements, 0) +
    named.MiniLM.table.rows * named.MiniLM.table.width;
  // seconds = work / flops + parameters / updates, in which the second is its share of MiniLM's
  const perOperation = (one.secondsApart * (1 - OPTIMIZER_SHARE)) / (6 * small * TOKENS);
  const perUpdate = (one.secondsApart * OPTIMIZER_SHARE) / smallElements;
  const scale = one.secondsApart / (6 * work * TOKENS * perOperation + all * perUpdate);
  return { flops: 1 / (perOperation * scale), updates: 1 / (perUpdate * scale) };
}

/** Cost of a sum that is the same for any size, and for each byte: a line through the measured ones, by least squares. */
function lineThrough(sums: Measured["sums"]): { readonly fixed: number; readonly perByte: number } {
  const weights = sums.map(({ seconds }) => 1 / seconds ** 2); // each counts by its own size
  const total = (value: (i: number) => number) => sums.reduce((sum, _, i) => sum + weights[i] * value(i), 0);
  const [n, x, y] = [total(() => 1), total((i) => sums[i].bytes), total((i) => sums[i].seconds)];
  const perByte =
    (n * total((i) => sums[i].bytes * sums[i].seconds) - x * y) / (n * total((i) => sums[i].bytes ** 2) - x * x);
  return { fixed: Math.max(0, (y - perByte * x) / n), perByte };
}

const find = (where: string, model = "all-MiniLM-L6-v2") => {
  const found = measured.find((one) => one.model === model && one.where.startsWith(where));
  if (found) return found;
  throw new Error(`${options.measured} has no "${where}" of ${model}: run bench/processes.ts --json`);
};

const memory = { two: lineThrough(find("this machine, 2").sums), four: lineThrough(find("this machine, 4").sums) };
const cable = lineThrough(find("two hosts, no limit").sums);
/** Four processes send four more messages a sum than two do. */
const messageSeconds = Math.max(1e-6, (memory.four.fixed - memory.two.fixed) / 4);

/** Through shared memory, or a cable that is as fast as the machine. */
function networkOf(line: { readonly fixed: number; readonly perByte: number }, bits = Infinity): Network {
  return {
    bytesPerSecond: (GOODPUT * bits) / 8,
    latencySeconds: Math.max(0, line.fixed / 2 - messageSeconds),
    messageSeconds,
    secondsPerByte: line.perByte,
  };
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(0)} ms`;
const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

// ---- against what was measured ----

function check(one: Measured): string[] {
  const model = named[modelNames[one.model]];
  const line = one.where.startsWith("two hosts") ? cable : one.processes === 4 ? memory.four : memory.two;
  const step = simulate({
    ...common(model, deviceOf(one, model), networkOf(line, one.rate)),
    processes: one.processes,
    bucketBytes: one.bucketBytes,
    tokensDeviation: TOKENS_DEVIATION,
    sharedProcessor: true,
  });
  const off = step.seconds / one.seconds - 1;
  return [
    `${one.model}, ${one.where}`,
    milliseconds(one.seconds),
    milliseconds(step.seconds),
    `${off < 0 ? "" : "+"}${percent(off)}`,
    mib(one.bytesSent),
    mib(step.bytesSent),
    milliseconds(one.heldSeconds),
    milliseconds(step.heldSeconds),
  ];
}

function common(model: Model, device: Device, network: Network) {
  const sizes = { tokens: TOKENS, tokensDeviation: TOKENS_DEVIATION, touchedRows: TOUCHED_ROWS };
  return { model, device, network, ...sizes, bucketBytes: 4 * MIB };
}

const several = measured.filter(({ processes }) => processes > 1);
console.log("### The simulation against what was measured\n");
console.log(
  table(
    ["", "step", "simulated", "off by", "sent by each", "simulated", "held", "simulated"],
    several.map((one) => check(one)),
  ),
);

// ---- on paper ----

/** Gbit/s; latency of the wire, one way; and what a byte costs: the last stands for a network that spares copies, as RDMA does. */
const NETWORKS = [
  { gigabits: 1, latency: 50e-6, line: cable, color: "#c44e52" },
  { gigabits: 10, latency: 20e-6, line: cable, color: "#4c72b0" },
  { gigabits: 100, latency: 5e-6, line: memory.two, color: "#55a868" },
] as const;

const here = deviceOf(find("this machine, 1"), named.MiniLM);

function onPaper(
  model: Model,
  network: (typeof NETWORKS)[number],
  processes: number,
  change: Partial<Setting> = {},
): Step {
  const own = networkOf(network.line, 1e9 * network.gigabits);
  const wire = { ...own, latencySeconds: own.latencySeconds + network.latency };
  return simulate({ ...common(model, here, wire), processes, ...change });
}

const SIZES = [8, 64, 512];
const faster: Device = { flops: 10 * here.flops, updates: 10 * here.updates };
/** Buckets whose parts stay as long, however many processes there are. */
const grown = (processes: number) => Math.max(4, processes / 2) * MIB;

function scalingTable(change: (processes: number) => Partial<Setting>): string {
  return table(
    ["", ...NETWORKS.flatMap(({ gigabits }) => SIZES.map((size) => `${gigabits} Gbit/s, ${size}`))],
    Object.values(named).map((model) => [
      model.name,
      ...NETWORKS.flatMap((network) =>
        SIZES.map((size) => {
          const step = onPaper(model, network, size, change(size));
          return `${percent(step.efficiency)} (${(step.seconds).toFixed(2)} s)`;
        }),
      ),
    ]),
  );
}

console.log("\n### Efficiency, and seconds a step\n");
console.log(scalingTable(() => ({})));
console.log("\n### The same with a device ten times as fast\n");
console.log(scalingTable(() => ({ device: faster })));

const MOST = 4096;
console.log("\n### Where it stops: the most processes, as powers of two, with an efficiency of at least one half\n");
const last = (model: Model, network: (typeof NETWORKS)[number], change: (processes: number) => Partial<Setting>) => {
  let most = 1;
  for (let size = 2; size <= MOST; size *= 2) {
    if (onPaper(model, network, size, change(size)).efficiency < 0.5) break;
    most = size;
  }
  return most === MOST ? `${MOST} or more` : most === 1 ? "none" : String(most);
};
const CHANGES: readonly (readonly [string, (processes: number) => Partial<Setting>])[] = [
  ["as it is", () => ({})],
  ["four batches a step (gradientAccumulationSteps)", () => ({ accumulate: 4 })],
  ["buckets that grow with the processes (bucketBytes)", (processes) => ({ bucketBytes: grown(processes) })],
  ["batches of equal length", () => ({ tokensDeviation: 0 })],
  ["gradients of two bytes (not there yet)", () => ({ bytesOfElement: 2 })],
  ["a device ten times as fast", () => ({ device: faster })],
  [
    "the same with four batches a step and larger buckets",
    (processes) => ({ device: faster, accumulate: 4, bucketBytes: grown(processes) }),
  ],
];
console.log(
  table(
    ["", ...Object.keys(named).flatMap((name) => NETWORKS.map(({ gigabits }) => `${name}, ${gigabits} Gbit/s`))],
    CHANGES.map(([what, change]) => [
      what,
      ...Object.values(named).flatMap((model) => NETWORKS.map((network) => last(model, network, change))),
    ]),
  ),
);

// ---- plots ----

function lines(model: Model, change: (processes: number) => Partial<Setting>): Line[] {
  return NETWORKS.map((network) => ({
    label: `${network.gigabits} Gbit/s`,
    color: network.color,
    points: Array.from({ length: 10 }, (_, i) => {
      const processes = 2 ** i;
      return { processes, efficiency: onPaper(model, network, processes, change(processes)).efficiency };
    }),
  }));
}

if (options.plots !== undefined) {
  for (const [name, title, change] of [
    ["scaling", "Efficiency of several processes", () => ({})],
    ["scaling-faster", "The same, a device ten times as fast", () => ({ device: faster })],
  ] as const) {
    const panels = Object.values(named).map((model) => ({ title: model.name, lines: lines(model, change) }));
    writeFileSync(join(options.plots, `${name}.svg`), drawPanels(title, panels));
  }
}
