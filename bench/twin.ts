// Two sides in turn within one run: what every benchmark of steps (step.ts, table.ts, precision.ts) is made of.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { peerPython } from "./peer.js";
import { machineSeconds, Side } from "./side.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/", import.meta.url));

/** What both sides are asked to do; peers/pytorch_step.py says what each part means. */
export interface Work {
  /** Folder of the tokenizer, and of the weights where there is no shape. */
  readonly model: string;
  /** config.json of a model with random weights. */
  readonly shape?: object;
  readonly dataset: string;
  readonly config: string;
  readonly batch_size: number;
  /** The first one is the start's. */
  readonly batches: number;
  readonly activation_checkpointing?: boolean;
  readonly bf16?: boolean;
  /** Layers that get a LoRA adapter of rank 8, which trains in place of the weights. */
  readonly lora?: string | readonly string[];
  /** Forward alone, without gradients and dropout. */
  readonly evaluate?: boolean;
  /** Rows of about equal length in a batch, as Python's Trainer groups them. */
  readonly grouped?: boolean;
  /** Attune alone: tokens of a batch at most, in place of rows. */
  readonly max_tokens?: number;
  /** No dropout, and a head that is the same on both sides: their losses can be compared. */
  readonly comparable?: boolean;
}

/** all-MiniLM-L6-v2 and GLUE, where the data beside the project has them. */
export const standardModel = `${shared}hub/models/sentence-transformers/all-MiniLM-L6-v2`;
export const standardDataset = `${shared}hub/datasets/nyu-mll/glue`;

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
  /** Operations of its matrix products, in 1e9; Attune only. */
  readonly product_gflop?: number;
}

/** A block and what the machine did meanwhile, in processor seconds. */
export interface Measured extends Block {
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
export class Runner {
  name = "";
  batches: Loaded["batches"] = [];
  startSeconds = 0;
  /** All blocks after the first step; `report` is given those that count. */
  blocks: Measured[] = [];
  /** Of all steps. */
  readonly losses: number[] = [];
  readonly side: Side;
  readonly #work: Work;

  constructor(side: Side, work: Work) {
    this.side = side;
    this.#work = work;
  }

  /** Loads, and makes the first step: what a user waits for after starting a script. */
  async start(): Promise<void> {
    const loaded = await this.side.ask<Loaded>({ cmd: "load", ...this.#work });
    this.name = loaded.name;
    this.batches = loaded.batches;
    const first = await this.side.ask<Block>({ cmd: "steps", n: 1 });
    this.losses.push(...first.losses);
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
    this.losses.push(...block.losses);
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

export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * fraction;
  const below = Math.floor(position);
  return sorted[below] + (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]) * (position - below);
}

export const median = (values: readonly number[]) => quantile(values, 0.5);
export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
export const mean = (values: readonly number[]) => sum(values) / values.length;

function startPeer(tuned: boolean): Side {
  const python = peerPython(undefined, ", or pass --no-peer");
  const environment: Record<string, string> = {};
  if (tuned) {
    const jemalloc = ["x86_64", "aarch64"]
      .map((machine) => `/usr/lib/${machine}-linux-gnu/libjemalloc.so.2`)
      .find((path) => existsSync(path));
    if (jemalloc === undefined) throw new Error("PyTorch tuned preloads jemalloc: apt-get install libjemalloc2");
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

export function commit(): string {
  const git = (...args: string[]) => execFileSync("git", ["-C", here, ...args], { encoding: "utf8" }).trim();
  return (
    git("rev-parse", "--short", "HEAD") +
    (git("status", "--porcelain", "--", "../src", "../native") ? " + changes" : "")
  );
}

export const milliseconds = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;
export const percent = (fraction: number) => `${(fraction * 100).toFixed(1)} %`;

/**
 * Leaves only the blocks of quiet rounds, the same of both sides; all where there is no quiet one. Says which it did.
 */
function keepQuietRounds(sides: readonly Runner[]): { quiet: readonly number[]; rounds: string } {
  const loud = (block: Measured) => block.others > QUIET_SHARE * block.machine;
  const all = sides[0].blocks.length;
  const quiet = [...Array(all).keys()].filter((round) => !sides.some(({ blocks }) => loud(blocks[round])));
  if (quiet.length === 0) {
    const rounds = `no quiet round: other processes used more than ${percent(QUIET_SHARE)} in each of ${all}`;
    return { quiet: [...Array(all).keys()], rounds };
  }
  for (const side of sides) side.blocks = quiet.map((round) => side.blocks[round]);
  const rounds = `${quiet.length} of ${all} rounds count, those in which other processes used at most ${percent(QUIET_SHARE)} of the machine`;
  return { quiet, rounds };
}

export interface TwinOptions {
  /** jemalloc preloaded into PyTorch, its decay off. */
  readonly tuned: boolean;
  /** Attune alone. */
  readonly noPeer: boolean;
  /** Steps of a side before it is the other's turn. */
  readonly blockSteps: number;
  /** Called after each round, when both sides wait. */
  readonly afterRound?: () => Promise<void>;
}

export interface Twins {
  readonly attune: Runner;
  readonly peer: Runner | undefined;
  /** Numbers of the rounds that count, and a line about them. */
  readonly quiet: readonly number[];
  readonly rounds: string;
}

/** Runs both sides over all batches, in turn, and ends them. Their blocks are those of the rounds that count. */
export async function runTwins(work: Work, options: TwinOptions): Promise<Twins> {
  const { blockSteps } = options;
  const sides: Runner[] = [];
  try {
    const peer = options.noPeer ? undefined : new Runner(startPeer(options.tuned), work);
    if (peer) {
      sides.push(peer);
      await peer.start();
      await sleep(SETTLE_MILLISECONDS);
    }
    const attune = new Runner(startAttune(), work);
    sides.push(attune);
    await attune.start();
    if (peer) requireSameBatches(peer, attune);
    const turns: { side: Runner; twin?: Runner }[] = [{ side: attune, twin: peer }];
    if (peer) turns.unshift({ side: peer, twin: attune });
    for (let done = 1; done < attune.batches.length; done += blockSteps) {
      const steps = Math.min(blockSteps, attune.batches.length - done);
      for (const { side, twin } of turns) {
        await sleep(SETTLE_MILLISECONDS);
        const { seconds, others, machine } = await side.runBlock(done, steps, twin);
        const last = done + steps - 1;
        console.error(
          `batches ${done} to ${last}, ${side.name}: ${milliseconds(median(seconds))} a step, others used ${percent(others / machine)}`,
        );
      }
      await options.afterRound?.();
    }
    return { attune, peer, ...keepQuietRounds(sides) };
  } finally {
    await Promise.all(sides.map(({ side }) => side.close()));
  }
}
