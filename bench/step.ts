// Twin run of a training step: PyTorch and Attune on the same real batches, alternating in blocks within one run, so
// that whatever else the machine does meets both alike. Prints a section for RESULTS.md.
//   npx tsx bench/step.ts                 100 MRPC batches of 8, all-MiniLM-L6-v2, PyTorch as installed
//   npx tsx bench/step.ts --tuned         PyTorch with jemalloc preloaded, its decay off
//   npx tsx bench/step.ts --shape roberta-base     another model's shape (bench/shapes.ts) with random weights
//   npx tsx bench/step.ts --activation-checkpointing   both sides compute activations twice
//   npx tsx bench/step.ts --no-peer       Attune alone
//   npx tsx bench/step.ts --small         a few steps, to see that it runs
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { shapes } from "./shapes.js";
import { machineSeconds, Side } from "./side.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/", import.meta.url));

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: `${shared}hub/models/sentence-transformers/all-MiniLM-L6-v2` },
    shape: { type: "string" },
    "activation-checkpointing": { type: "boolean", default: false },
    dataset: { type: "string", default: `${shared}hub/datasets/nyu-mll/glue` },
    config: { type: "string", default: "mrpc" },
    "batch-size": { type: "string", default: "8" },
    batches: { type: "string", default: "100" },
    block: { type: "string", default: "10" },
    tuned: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
    "no-peer": { type: "boolean", default: false },
  },
});
if (options.shape !== undefined && !Object.hasOwn(shapes, options.shape)) {
  throw new Error(`--shape ${options.shape} is not known; there are ${Object.keys(shapes).join(", ")}`);
}
const work = {
  /** Tokenizer, and weights where there is no shape. */
  model: options.model,
  shape: options.shape && shapes[options.shape],
  activation_checkpointing: options["activation-checkpointing"],
  dataset: options.dataset,
  config: options.config,
  batch_size: Number(options["batch-size"]),
  batches: 1 + (options.small ? 4 : Number(options.batches)), // the first step is the start's
};
const blockSteps = options.small ? 2 : Number(options.block);
/** Thread pools spin for a while after their last task: the other side starts when they have parked. */
const SETTLE_MILLISECONDS = 300;
/** A round in which other processes used more of the machine than this, beside either side, says little of the sides. */
const QUIET_SHARE = 0.05;

interface Loaded {
  readonly name: string;
  readonly batches: readonly { readonly shape: readonly number[]; readonly tokens: number }[];
}

interface Block {
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
  /** Inside kernels; Attune only. */
  readonly busy_seconds?: number;
  /** By kernel; Attune only. */
  readonly kernel_seconds?: Readonly<Record<string, number>>;
}

/** A block and what the machine did meanwhile, in processor seconds. */
interface Measured extends Block {
  /** Number of the block's first batch. */
  readonly first: number;
  /** Of the side's first thread. */
  readonly mainThread: number;
  /** Of the waiting side. */
  readonly twin: number;
  readonly others: number;
  /** All that there were. */
  readonly machine: number;
}

/** One side of the run and what it did. */
class Runner {
  name = "";
  batches: Loaded["batches"] = [];
  startSeconds = 0;
  /** All blocks after the first step; `report` is given those that count. */
  blocks: Measured[] = [];
  readonly side: Side;

  constructor(side: Side) {
    this.side = side;
  }

  /** Loads, and makes the first step: what a user waits for after starting a script. */
  async start(): Promise<void> {
    const loaded = await this.side.ask<Loaded>({ cmd: "load", ...work });
    this.name = loaded.name;
    this.batches = loaded.batches;
    await this.side.ask<Block>({ cmd: "steps", n: 1 });
    this.startSeconds = (performance.now() - this.side.startedAt) / 1000;
  }

  async runBlock(first: number, steps: number, twin: Runner | undefined): Promise<Measured> {
    const before = this.clocks(twin);
    const block = await this.side.ask<Block>({ cmd: "steps", n: steps });
    const after = this.clocks(twin);
    const twinSeconds = after.twin - before.twin;
    const measured = {
      ...block,
      first,
      mainThread: after.mainThread - before.mainThread,
      twin: twinSeconds,
      others: Math.max(0, after.busy - before.busy - (after.own - before.own) - twinSeconds),
      machine: after.total - before.total,
    };
    this.blocks.push(measured);
    return measured;
  }

  get seconds(): number[] {
    return this.blocks.flatMap(({ seconds }) => seconds);
  }

  get tokensPerSecond(): number[] {
    return this.blocks.flatMap(({ first, seconds }) => seconds.map((s, i) => this.batches[first + i].tokens / s));
  }

  /** Sum of one figure over the blocks. */
  total(figure: "mainThread" | "twin" | "others" | "machine"): number {
    return sum(this.blocks.map((block) => block[figure]));
  }

  private clocks(twin: Runner | undefined) {
    return {
      ...machineSeconds(),
      own: this.side.cpuSeconds(),
      mainThread: this.side.mainThreadSeconds(),
      twin: twin?.side.cpuSeconds() ?? 0,
    };
  }
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * fraction;
  const below = Math.floor(position);
  return sorted[below] + (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]) * (position - below);
}

const median = (values: readonly number[]) => quantile(values, 0.5);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

function startPeer(): Side {
  const python = `${here}.venv/bin/python`;
  if (!existsSync(python)) throw new Error(`${python} is not there: run bench/setup.sh first, or pass --no-peer`);
  const environment: Record<string, string> = {};
  if (options.tuned) {
    const jemalloc = ["x86_64", "aarch64"]
      .map((machine) => `/usr/lib/${machine}-linux-gnu/libjemalloc.so.2`)
      .find((path) => existsSync(path));
    if (jemalloc === undefined) throw new Error("--tuned preloads jemalloc: apt-get install libjemalloc2");
    environment.LD_PRELOAD = jemalloc;
    environment.MALLOC_CONF = "dirty_decay_ms:-1,muzzy_decay_ms:-1";
  }
  return new Side(python, [`${here}peers/pytorch_step.py`], environment);
}

function startAttune(): Side {
  if (!existsSync(`${here}../dist/index.js`)) throw new Error("dist/ is not there: run npm run build first");
  return new Side(process.execPath, [`${here}peers/attune_step.js`]);
}

/** Both sides must have been given the same work, or the figures mean nothing. */
function requireSameBatches(peer: Runner, attune: Runner): void {
  if (JSON.stringify(peer.batches) === JSON.stringify(attune.batches)) return;
  const index = peer.batches.findIndex((b, i) => JSON.stringify(b) !== JSON.stringify(attune.batches[i]));
  const [ours, theirs] = [attune.batches[index], peer.batches[index]].map((b) => JSON.stringify(b));
  throw new Error(`The sides differ in batch ${index}: Attune has ${ours}, the peer ${theirs}`);
}

function commit(): string {
  const git = (...args: string[]) => execFileSync("git", ["-C", here, ...args], { encoding: "utf8" }).trim();
  return (
    git("rev-parse", "--short", "HEAD") +
    (git("status", "--porcelain", "--", "../src", "../native") ? " + changes" : "")
  );
}

const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;
const percent = (fraction: number) => `${(fraction * 100).toFixed(1)} %`;

/** A line of the report: its label, its figure, and how the figure is written. */
type Row = [string, (side: Runner) => number, (value: number) => string];

/**
 * Leaves only the blocks of quiet rounds, the same of both sides; all where there is no quiet one. Says which it did.
 */
function keepQuietRounds(sides: readonly Runner[]): string {
  const loud = (block: Measured) => block.others > QUIET_SHARE * block.machine;
  const all = sides[0].blocks.length;
  const quiet = [...Array(all).keys()].filter((round) => !sides.some(({ blocks }) => loud(blocks[round])));
  if (quiet.length === 0)
    return `no quiet round: other processes used more than ${percent(QUIET_SHARE)} in each of ${all}`;
  for (const side of sides) side.blocks = quiet.map((round) => side.blocks[round]);
  return `${quiet.length} of ${all} rounds count, those in which other processes used at most ${percent(QUIET_SHARE)} of the machine`;
}

const title = [
  options.shape ?? basename(work.model),
  ...(work.activation_checkpointing ? ["activation checkpointing"] : []),
  ...(options.tuned ? ["PyTorch tuned"] : []),
].join(", ");

function report(attune: Runner, peer: Runner | undefined, rounds: string): string {
  const tokens = attune.batches.map((batch) => batch.tokens);
  const compared: Row[] = [
    ["step, median", (side) => median(side.seconds), milliseconds],
    ["step, minimum", (side) => Math.min(...side.seconds), milliseconds],
    ["real tokens/s, median", (side) => median(side.tokensPerSecond), (value) => value.toFixed(0)],
    ["peak memory (RssAnon)", (side) => side.side.peakAnonymousBytes / 2 ** 20, (value) => `${value.toFixed(0)} MiB`],
    ["process start to end of first step", (side) => side.startSeconds, (value) => `${value.toFixed(2)} s`],
  ];
  const shown: Row[] = [
    ["middle half of the steps, from", (side) => quantile(side.seconds, 0.25), milliseconds],
    ["middle half of the steps, to", (side) => quantile(side.seconds, 0.75), milliseconds],
    [
      "mean loss of the last ten steps",
      (side) => mean(side.blocks.flatMap(({ losses }) => losses).slice(-10)),
      (value) => value.toFixed(3),
    ],
    ["processor used by the waiting side", (side) => side.total("twin") / side.total("machine"), percent],
    ["processor used by other processes", (side) => side.total("others") / side.total("machine"), percent],
  ];
  const ofAttune: Row[] = [
    [
      "JavaScript thread's processor time a step",
      (side) => side.total("mainThread") / side.seconds.length,
      milliseconds,
    ],
    [
      "time outside kernels",
      (side) => 1 - sum(side.blocks.map((block) => block.busy_seconds ?? 0)) / sum(side.seconds),
      percent,
    ],
  ];
  const padded = sum(attune.batches.map(({ shape }) => shape[0] * shape[1]));
  const sides = peer ? [peer, attune] : [attune];
  const lines = [
    `## ${new Date().toISOString().slice(0, 10)}, ${work.config} batch ${work.batch_size}, ${title}`,
    "",
    `- machine: ${cpus()[0].model}, ${cpus().length} cores; Node ${process.version}; commit ${commit()}`,
    `- ${rounds}`,
    `- ${tokens.length} batches, ${sum(tokens)} real tokens (${padded} with padding), blocks of ${blockSteps} in turn`,
    ...sides.map((side) => `- ${side.name}`),
    "",
    `| |${peer ? " PyTorch |" : ""} Attune |${peer ? " Attune / PyTorch |" : ""}`,
    `|---|${peer ? "---|" : ""}---|${peer ? "---|" : ""}`,
  ];
  const row = (label: string, ...cells: string[]) => lines.push(`| ${[label, ...cells].join(" | ")} |`);
  for (const [label, figure, format] of compared) {
    const ratio = peer ? [(figure(attune) / figure(peer)).toFixed(3)] : [];
    row(label, ...sides.map((side) => format(figure(side))), ...ratio);
  }
  for (const [label, figure, format] of shown) {
    row(label, ...sides.map((side) => format(figure(side))), ...(peer ? [""] : []));
  }
  for (const [label, figure, format] of ofAttune) {
    row(label, ...(peer ? [""] : []), format(figure(attune)), ...(peer ? [""] : []));
  }
  lines.push("", `Attune's kernels by their time: ${kernelShares(attune)}.`);
  return lines.join("\n");
}

/** "gemm 80.1 %, adamw 9.3 %, ...", down to one percent. */
function kernelShares(attune: Runner): string {
  const totals = new Map<string, number>();
  for (const { kernel_seconds = {} } of attune.blocks) {
    for (const [name, seconds] of Object.entries(kernel_seconds)) totals.set(name, (totals.get(name) ?? 0) + seconds);
  }
  const all = sum([...totals.values()]);
  return [...totals]
    .sort(([, a], [, b]) => b - a)
    .filter(([, seconds]) => seconds > 0.01 * all)
    .map(([name, seconds]) => `${name} ${percent(seconds / all)}`)
    .join(", ");
}

const sides: Runner[] = [];
try {
  const peer = options["no-peer"] ? undefined : new Runner(startPeer());
  if (peer) {
    sides.push(peer);
    await peer.start();
    await sleep(SETTLE_MILLISECONDS);
  }
  const attune = new Runner(startAttune());
  sides.push(attune);
  await attune.start();
  if (peer) requireSameBatches(peer, attune);
  const turns: { side: Runner; twin?: Runner }[] = [{ side: attune, twin: peer }];
  if (peer) turns.unshift({ side: peer, twin: attune });
  for (let done = 1; done < work.batches; done += blockSteps) {
    const steps = Math.min(blockSteps, work.batches - done);
    for (const { side, twin } of turns) {
      await sleep(SETTLE_MILLISECONDS);
      const { seconds, others, machine } = await side.runBlock(done, steps, twin);
      const last = done + steps - 1;
      console.error(
        `batches ${done} to ${last}, ${side.name}: ${milliseconds(median(seconds))} a step, others used ${percent(others / machine)}`,
      );
    }
  }
  const rounds = keepQuietRounds(sides);
  console.log(report(attune, peer, rounds));
} finally {
  await Promise.all(sides.map(({ side }) => side.close()));
}
