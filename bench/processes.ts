// What several processes cost: step time, bytes sent, and how much of the communication is hidden behind backward. Blocks of
// steps alternate with blocks that are the same but for the sums over processes (peers/attune_processes.js). Prints a section
// for RESULTS.md.
//   npx tsx bench/processes.ts                       one, two and four processes on this machine
//   npx tsx bench/processes.ts --rates 1gbit,none    two hosts joined by such a cable (bench/hosts.ts; needs root)
//   npx tsx bench/processes.ts --json FILE           adds the figures to a file, against which bench/scaling.ts holds its own
//   npx tsx bench/processes.ts --small               a few steps of two processes, to see that it runs
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Hosts, withHosts } from "./hosts.js";
import { shapes } from "./shapes.js";
import { commit, mean, median, milliseconds, percent, standardDataset, standardModel } from "./twin.js";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: standardModel },
    shape: { type: "string" }, // random weights of a shape of bench/shapes.ts
    dataset: { type: "string", default: standardDataset },
    processes: { type: "string", default: "1,2,4" },
    rates: { type: "string" },
    "batch-size": { type: "string", default: "8" },
    rounds: { type: "string", default: "8" },
    block: { type: "string", default: "5" },
    bucket: { type: "string", default: String(4 * 2 ** 20) },
    json: { type: "string" },
    small: { type: "boolean", default: false },
  },
});
const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const program = fileURLToPath(new URL("peers/attune_processes.js", import.meta.url));
const MIB = 2 ** 20;
const SIZES = [4096, MIB / 4, MIB, 4 * MIB, 16 * MIB];

interface Round {
  readonly seconds: readonly number[];
  readonly apart: readonly number[];
  readonly others: number;
  readonly each: readonly {
    readonly bytesSent: number;
    readonly movingSeconds: number;
    readonly heldSeconds: number;
  }[];
}

/** What the main process prints; peers/attune_processes.js says what each part means. */
interface Printed {
  readonly device: string;
  readonly rounds: readonly Round[];
  readonly tokens: readonly number[];
  readonly sums: readonly { readonly bytes: number; readonly seconds: number }[];
}

/** A job as measured; bench/scaling.ts reads it. */
export interface Measured {
  readonly where: string;
  readonly model: string;
  readonly processes: number;
  /** Bits a second of the cable between hosts. */
  readonly rate?: number;
  readonly rows: number;
  readonly tokens: number;
  readonly bucketBytes: number;
  /** Medians of steps. */
  readonly seconds: number;
  readonly secondsApart: number;
  /** Of a step, means over processes. */
  readonly bytesSent: number;
  readonly movingSeconds: number;
  readonly heldSeconds: number;
  /** How many rounds were quiet and count; 0: none was, and all count. */
  readonly quietRounds: number;
  readonly sums: Printed["sums"];
}

const modelName = options.shape ?? basename(options.model);
const rounds = options.small ? 1 : Number(options.rounds);
const block = options.small ? 2 : Number(options.block);
const batch = Number(options["batch-size"]);
/** A round in which other programs used more of the machine than this says little. */
const QUIET_SHARE = 0.1;

/** Runs a job by `attune launch`, as a user does. */
async function run(processes: number, threads: number, hosts: Hosts | undefined): Promise<Printed> {
  const { model, dataset } = options;
  const shape = options.shape === undefined ? undefined : shapes[options.shape];
  const sizes = options.small ? SIZES.slice(0, 2) : SIZES;
  const work = { model, shape, dataset, batch, rounds, block, bucket: Number(options.bucket), sizes };
  const far = hosts ? ["--hosts", hosts.list, "--mpi-args", hosts.mpiArguments] : [];
  const flags = ["launch", "--processes", String(processes), "--threads", String(threads), ...far];
  const words = [process.execPath, main, ...flags, program, JSON.stringify(work)];
  const [command, ...args] = hosts ? hosts.first(words) : words;
  const child = spawn(command, args, {
    env: { ...process.env, ATTUNE_LOG: "warn" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const status = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  const json = /^\[0\] (\{.*\})$/m.exec(stdout)?.[1];
  if (status === 0 && json !== undefined) return JSON.parse(json) as Printed;
  throw new Error(`the job of ${processes} processes ended with status ${status}:\n${stderr}${stdout}`);
}

async function measure(where: string, processes: number, hosts?: Hosts, rate?: string): Promise<Measured> {
  const threads = Math.max(1, Math.floor(availableParallelism() / processes));
  const printed = await run(processes, threads, hosts);
  const quiet = printed.rounds.filter(({ others }) => others <= QUIET_SHARE);
  const counted = quiet.length > 0 ? quiet : printed.rounds;
  const perStep = (name: keyof Round["each"][number]) =>
    mean(counted.flatMap(({ each }) => each.map((own) => own[name]))) / block;
  return {
    where: `${where}, ${processes} x ${threads} ${threads === 1 ? "thread" : "threads"}`,
    model: modelName,
    processes,
    rate: rate === undefined ? undefined : bitsOf(rate),
    rows: batch * processes,
    tokens: mean(printed.tokens),
    bucketBytes: Number(options.bucket),
    seconds: median(counted.flatMap(({ seconds }) => seconds)),
    secondsApart: median(counted.flatMap(({ apart }) => apart)),
    bytesSent: perStep("bytesSent"),
    movingSeconds: perStep("movingSeconds"),
    heldSeconds: perStep("heldSeconds"),
    quietRounds: quiet.length,
    sums: printed.sums,
  };
}

function bitsOf(rate: string): number | undefined {
  const [, number, unit] = /^([\d.]+)([mg])bit$/.exec(rate) ?? [];
  if (number === undefined) throw new Error(`--rates ${rate} is not known: 100mbit, 1gbit, ..., or none`);
  return Number(number) * (unit === "g" ? 1e9 : 1e6);
}

function report(all: readonly Measured[]): string {
  const row = (...cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    `## ${new Date().toISOString().slice(0, 10)}, several processes, ${modelName}, ${batch} rows of MRPC each`,
    "",
    `- machine: ${cpus()[0].model}, ${cpus().length} cores; Node ${process.version}; commit ${commit()}`,
    `- medians of up to ${rounds} rounds of ${block} steps, those in which other programs used at most ${percent(QUIET_SHARE)} of the machine; buckets of ${(Number(options.bucket) / MIB).toFixed(0)} MiB`,
    "",
    row(
      "processes",
      "step",
      "the same without sums",
      "rows/s",
      "sent by each",
      "on the way",
      "held",
      "hidden",
      "quiet rounds",
    ),
    row("---", "---", "---", "---", "---", "---", "---", "---", "---"),
    ...all.map((one) =>
      row(
        one.where,
        milliseconds(one.seconds),
        milliseconds(one.secondsApart),
        (one.rows / one.seconds).toFixed(1),
        `${(one.bytesSent / MIB).toFixed(1)} MiB`,
        milliseconds(one.movingSeconds),
        milliseconds(one.heldSeconds),
        one.movingSeconds > 0 ? percent(1 - one.heldSeconds / one.movingSeconds) : "",
        String(one.quietRounds),
      ),
    ),
  ].join("\n");
}

const measured: Measured[] = [];
if (options.rates === undefined) {
  for (const processes of options.small ? [2] : options.processes.split(",").map(Number)) {
    measured.push(await measure("this machine", processes));
  }
} else {
  for (const rate of options.rates.split(",")) {
    const limit = rate === "none" ? undefined : rate;
    const where = limit ? `two hosts, ${limit}` : "two hosts, no limit";
    measured.push(await withHosts(limit, (hosts) => measure(where, 2, hosts, limit)));
  }
}
console.log(report(measured));
if (options.json !== undefined) {
  const before = existsSync(options.json) ? (JSON.parse(readFileSync(options.json, "utf8")) as Measured[]) : [];
  const kept = before.filter(({ where, model }) => !measured.some((one) => one.where === where && one.model === model));
  writeFileSync(options.json, `${JSON.stringify([...kept, ...measured], undefined, 2)}\n`);
}
