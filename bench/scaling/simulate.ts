// A step of several processes, simulated: when each gradient is complete, when each bucket has come through, when the slowest
// process is done. It follows src/accelerate/gradients.ts and native/mpi/operations.cpp: buckets of the same cut, one after
// another, each scattered to the processes that sum a part, and gathered from them; then the rows of the table.
import { cutBuckets } from "../../src/accelerate/buckets.js";
import type { Model } from "./models.js";

/** What a process computes with. */
export interface Device {
  /** Operations of matrix products a second, everything of forward and backward included. */
  readonly flops: number;
  /** Parameters that the optimizer changes in a second. */
  readonly updates: number;
}

/** What processes talk over. */
export interface Network {
  /** Of each process, in either direction at the same time. */
  readonly bytesPerSecond: number;
  /** From when a sum may begin until it has, and once more from the sum to its way back: latency, and threads that wake up. */
  readonly latencySeconds: number;
  /** For each message that is sent or received. */
  readonly messageSeconds: number;
  /** For each byte of a sum: copying it, summing it. */
  readonly secondsPerByte: number;
}

export interface Setting {
  readonly model: Model;
  readonly device: Device;
  readonly network: Network;
  readonly processes: number;
  /** Tokens of a batch of one process: their mean and standard deviation. */
  readonly tokens: number;
  readonly tokensDeviation: number;
  /** Rows of the table that a batch touches. */
  readonly touchedRows: number;
  readonly bucketBytes: number;
  /** Batches of a step; all but the last are computed without sending anything. Default 1. */
  readonly accumulate?: number;
  /** Bytes of an element on its way. Default 4. */
  readonly bytesOfElement?: number;
  /** The processor that communicates is one that computes, too: what communication costs it is not hidden. Default false. */
  readonly sharedProcessor?: boolean;
}

export interface Step {
  /** Mean seconds of a step. */
  readonly seconds: number;
  /** Of one process alone. */
  readonly computeSeconds: number;
  /** While something is on its way. */
  readonly movingSeconds: number;
  /** For which the device waits. */
  readonly heldSeconds: number;
  /** By each process. */
  readonly bytesSent: number;
  /** Share of the speed that as many processes would have if communication and waiting cost nothing. */
  readonly efficiency: number;
}

const DRAWS = 64; // steps, whose batches differ in length

/** Of a fused multiplication, forward and twice in backward. */
const OPERATIONS = 6;

export function simulate(setting: Setting): Step {
  const { model, network, processes } = setting;
  const { accumulate = 1, bytesOfElement = 4 } = setting;
  const work = model.dense.reduce((sum, parameter) => sum + parameter.work, 0);
  const elements = model.dense.reduce((sum, parameter) => sum + parameter.elements, 0);
  const { rows, width } = model.table;
  const buckets = cutBuckets(
    model.dense.map((_, i) => i),
    model.dense.map((parameter) => parameter.elements),
    setting.bucketBytes,
  );
  const sparse = processes * setting.touchedRows < 2 * rows;
  const sums = buckets.map((bucket) => bytesOfElement * bucket.reduce((sum, i) => sum + model.dense[i].elements, 0));
  const durations = sums.map((bytes) => sumSeconds(network, processes, bytes));
  const ofTable = sparse
    ? gatherSeconds(network, processes, bytesOfElement * setting.touchedRows * width)
    : sumSeconds(network, processes, bytesOfElement * rows * width);
  const moving = processes === 1 ? 0 : durations.reduce((sum, seconds) => sum + seconds, 0) + ofTable;

  // what the processor does for communication, where it is one that computes
  const ownWork = setting.sharedProcessor && processes > 1 ? processorSeconds(network, processes, sums) : 0;
  const optimizer = (elements + rows * width) / setting.device.updates;
  const whole = (tokens: number) => (OPERATIONS * work * tokens) / setting.device.flops;
  const compute = accumulate * whole(setting.tokens) + optimizer;
  let [seconds, held] = [0, 0];
  const random = generator(1);
  const doneWork = cumulative(model.dense.map((parameter) => parameter.work / work));
  for (let draw = 0; draw < DRAWS; draw++) {
    // the process with the longest batches is the one that all wait for
    const lengths = Array.from({ length: processes }, () => draws(setting, accumulate, random));
    const longest = Math.max(...lengths);
    const all = whole(longest);
    const last = all / accumulate; // the batch whose backward sends
    const start = all - (2 / 3) * last; // of that backward
    const slowdown = 1 + ownWork / all;
    let at = 0;
    for (const [i, bucket] of buckets.entries()) {
      const ready = (start + (2 / 3) * last * doneWork[bucket[bucket.length - 1]]) * slowdown;
      at = Math.max(at, ready) + durations[i];
    }
    const end = all * slowdown;
    const sent = processes === 1 ? end : Math.max(at, end) + ofTable;
    const own = whole(lengths[0]) * slowdown; // the device of one process waits for the longest, too
    held += sent - own;
    seconds += sent + optimizer;
  }
  const parts = 2 * (1 - 1 / processes);
  const tableBytes = sparse ? (processes - 1) * setting.touchedRows * width : parts * rows * width;
  return {
    seconds: seconds / DRAWS,
    computeSeconds: compute,
    movingSeconds: moving,
    heldSeconds: processes === 1 ? 0 : held / DRAWS,
    bytesSent: bytesOfElement * (parts * elements + tableBytes),
    efficiency: compute / (seconds / DRAWS),
  };
}

/** A sum over all processes: each sends a part to every other, sums its own, and sends that to every other. */
export function sumSeconds(network: Network, processes: number, bytes: number): number {
  if (processes === 1) return 0;
  const moved = 2 * (1 - 1 / processes) * bytes;
  const messages = 2 * (processes - 1) * network.messageSeconds;
  return 2 * network.latencySeconds + messages + moved / network.bytesPerSecond + bytes * network.secondsPerByte;
}

/** Everybody's bytes for everybody. */
function gatherSeconds(network: Network, processes: number, bytes: number): number {
  if (processes === 1) return 0;
  const moved = (processes - 1) * bytes;
  const messages = (processes - 1) * network.messageSeconds;
  return network.latencySeconds + messages + moved / network.bytesPerSecond + moved * network.secondsPerByte;
}

function processorSeconds(network: Network, processes: number, sums: readonly number[]): number {
  return sums.reduce((total, bytes) => {
    const messages = 2 * (processes - 1) * network.messageSeconds;
    return total + messages + bytes * network.secondsPerByte;
  }, 0);
}

function draws({ tokens, tokensDeviation }: Setting, count: number, random: () => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.max(0.2 * tokens, tokens + tokensDeviation * random());
  return sum;
}

function cumulative(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

/** Normal deviates, the same for the same seed (mulberry32; Box and Muller). */
function generator(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
