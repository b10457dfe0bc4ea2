// The speed table: what a step, or an evaluation's batch, takes beside PyTorch as installed, tuned (jemalloc preloaded, decay
// off), and tuned with rows grouped by length, in twin runs (twin.ts). Then Attune's own loader with rows grouped and with a
// budget of tokens, and how near matrix products come to what the processor's registers can do at the same moment.
//   npx tsx bench/table.ts                               all rows and columns: some 25 minutes
//   npx tsx bench/table.ts --rows mrpc,sst2 --columns tuned,loaders   some of them
//   npx tsx bench/table.ts --batches 50                  fewer batches in each run
//   npx tsx bench/table.ts --no-peer                     Attune alone
//   npx tsx bench/table.ts --small                       a few steps of each, to see that it runs
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { compileFmaLoop, type FmaLoop } from "./machine/fma.js";
import { shapes } from "./shapes.js";
import {
  commit,
  median,
  milliseconds,
  percent,
  type Runner,
  runTwins,
  standardDataset,
  standardModel,
  sum,
  type Twins,
  type Work,
} from "./twin.js";

const COLUMNS = { installed: "as installed", tuned: "tuned", grouped: "tuned and grouped" } as const;
type Column = keyof typeof COLUMNS;
/** What --columns names, too: Attune's own loader, by itself. */
const LOADERS = "loaders";

interface TableRow {
  readonly label: string;
  readonly work: Pick<Work, "config" | "batch_size" | "shape" | "evaluate">;
  /** Times as fast as PyTorch. */
  readonly goals: Readonly<Record<Column, number>>;
  /** Peak memory as a part of PyTorch's as installed, and how many times sooner the first step ends. */
  readonly startGoals?: { readonly memory: number; readonly start: number };
  /** Of our loader's row with a budget of tokens: about what batches of `batch_size` rows have. */
  readonly tokens: number;
}

const rows: Readonly<Record<string, TableRow>> = {
  mrpc: {
    label: "MRPC batch 8, MiniLM",
    work: { config: "mrpc", batch_size: 8 },
    goals: { installed: 3.2, tuned: 2.6, grouped: 2.1 },
    startGoals: { memory: 0.4, start: 6 },
    tokens: 426,
  },
  "bert-base": {
    label: "MRPC batch 8, bert-base (random weights)",
    work: { config: "mrpc", batch_size: 8, shape: shapes["bert-base-uncased"] },
    goals: { installed: 2.8, tuned: 1.7, grouped: 1.5 },
    tokens: 426,
  },
  sst2: {
    label: "SST-2 batch 32, MiniLM",
    work: { config: "sst2", batch_size: 32 },
    goals: { installed: 5, tuned: 4, grouped: 2.2 },
    tokens: 365,
  },
  evaluation: {
    label: "evaluation, MRPC batch 32, MiniLM",
    work: { config: "mrpc", batch_size: 32, evaluate: true },
    goals: { installed: 3, tuned: 2, grouped: 1.5 },
    tokens: 1704,
  },
};

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: Object.keys(rows).join(",") },
    columns: { type: "string", default: [...Object.keys(COLUMNS), LOADERS].join(",") },
    batches: { type: "string", default: "100" },
    block: { type: "string", default: "10" },
    "no-peer": { type: "boolean", default: false },
    small: { type: "boolean", default: false },
  },
});

/** The names of a list; throws where one is not known. */
function chosen<Name extends string>(flag: string, list: string, known: readonly Name[]): Name[] {
  return list.split(",").map((name) => {
    const found = known.find((candidate) => candidate === name);
    if (found === undefined) throw new Error(`--${flag} ${name} is not known; there are ${known.join(", ")}`);
    return found;
  });
}

const chosenRows = chosen("rows", options.rows, Object.keys(rows));
const parts = chosen("columns", options.columns, [...(Object.keys(COLUMNS) as Column[]), LOADERS]);
const columns = parts.filter((part) => part !== LOADERS);
/** Alone, Attune has no columns to differ in. */
const chosenColumns = options["no-peer"] ? columns.slice(0, 1) : columns;
const batches = options.small ? 3 : 1 + Number(options.batches); // the first step is the start's
const blockSteps = options.small ? 1 : Number(options.block);

/** One run: its rounds that count, and the FMA loop's rate after each of them. */
interface Run extends Twins {
  readonly fma: readonly number[];
}

async function runOne(work: Work, tuned: boolean, noPeer: boolean, loop: FmaLoop | undefined): Promise<Run> {
  const rates: number[] = [];
  const threads = cpus().length;
  const afterRound = async () => void (loop && rates.push(loop.measure(threads)));
  const twins = await runTwins(work, { tuned, noPeer, blockSteps, afterRound });
  return { ...twins, fma: loop ? twins.quiet.map((round) => rates[round]) : [] };
}

const mebibytes = (side: Runner) => side.side.peakAnonymousBytes / 2 ** 20;
const met = (holds: boolean) => (holds ? "met" : "not met");
const times = (ratio: number) => `${ratio.toFixed(2)}x`;

/** "PyTorch's figure, Attune's, and how many times less that is". */
function both(run: Run, figure: (side: Runner) => number, format: (value: number) => string): string {
  const ours = figure(run.attune);
  if (!run.peer) return format(ours);
  const theirs = figure(run.peer);
  return `${format(theirs)}, ${format(ours)} (${times(theirs / ours)})`;
}

function cells(run: Run, goal: number): string[] {
  const { attune, peer } = run;
  const ratio = peer && median(peer.seconds) / median(attune.seconds);
  return [
    both(run, (side) => median(side.seconds), milliseconds),
    both(run, (side) => Math.min(...side.seconds), milliseconds),
    ratio === undefined ? "" : `${times(goal)}, ${met(ratio >= goal)}`,
    both(
      run,
      (side) => 1 / median(side.tokensPerSecond),
      (value) => (1 / value).toFixed(0),
    ),
    both(run, mebibytes, (value) => `${value.toFixed(0)} MiB`),
    both(
      run,
      (side) => side.startSeconds,
      (value) => `${value.toFixed(2)} s`,
    ),
    milliseconds(attune.total("mainThread") / attune.seconds.length),
    `${run.quiet.length}`,
  ];
}

/** The goals of memory and start, for the row that has them, beside PyTorch as installed. */
function startLine({ label, startGoals }: TableRow, { attune, peer }: Run): string[] {
  if (!peer || !startGoals) return [];
  const memory = mebibytes(attune) / mebibytes(peer);
  const start = peer.startSeconds / attune.startSeconds;
  return [
    `- ${label}: peak memory ${memory.toFixed(2)} of PyTorch's as installed (goal ${startGoals.memory}: ${met(memory <= startGoals.memory)}), ` +
      `start to the end of the first step ${times(start)} (goal ${times(startGoals.start)}: ${met(start >= startGoals.start)})`,
  ];
}

/** Matrix products beside the FMA loop, and what else a step does: at least, and less than. */
const machineGoals = { products: 0.85, rest: 0.2 };

/** Rates of matrix products in each round, beside the FMA loop's, and the part of the time that is not theirs. */
function machineLine({ attune, fma }: Run): string {
  const seconds = attune.blocks.map(({ kernel_seconds = {} }) => kernel_seconds.gemm ?? 0);
  const rates = attune.blocks.map(({ product_gflop = 0 }, i) => product_gflop / seconds[i]);
  const outside = 1 - sum(seconds) / sum(attune.seconds);
  const rate = `matrix products ${median(rates).toFixed(0)} GFLOP/s`;
  const share = fma.length > 0 ? median(rates.map((r, i) => r / fma[i])) : undefined;
  const beside =
    share === undefined
      ? ""
      : `, ${percent(share)} of a register-only FMA loop at the same moment (${median(fma).toFixed(0)}), ${met(share >= machineGoals.products)}`;
  return `${rate}${beside}; outside of them ${percent(outside)} of a step, ${met(outside < machineGoals.rest)}`;
}

/** A table with an empty line behind it. */
const section = (header: readonly string[], lines: readonly string[]): string[] => [
  lines.length > 0 ? `| ${header.join(" | ")} |\n|${header.map(() => "---|").join("")}` : "(not asked for)",
  ...lines,
  "",
];
const mainHeader = [
  ...[
    "",
    "PyTorch",
    "step, median",
    "step, minimum",
    "goal of the median",
    "real tokens/s",
    "peak memory",
    "start to end of first step",
  ],
  ...["JavaScript thread a step", "quiet rounds"],
];
const loaderHeader = [
  "",
  "batches",
  "step, median",
  "step, minimum",
  "real tokens/s",
  "real tokens of a batch",
  "padding, not computed",
];
const line = (values: readonly string[]): string => `| ${values.join(" | ")} |`;

const loop = compileFmaLoop();
const names = new Set<string>();
const main: string[] = [];
const starts: string[] = [];
const machine: string[] = [];
const loaders: string[] = [];
try {
  for (const name of chosenRows) {
    const { label, work, goals, tokens } = rows[name];
    const common: Work = { model: standardModel, dataset: standardDataset, batches, ...work };
    for (const column of chosenColumns) {
      const grouped = column === "grouped";
      const run = await runOne({ ...common, grouped }, column !== "installed", options["no-peer"], loop);
      for (const side of run.peer ? [run.peer, run.attune] : [run.attune]) names.add(side.name);
      main.push(line([label, COLUMNS[column], ...cells(run, goals[column])]));
      if (column === "installed") starts.push(...startLine(rows[name], run));
      machine.push(line([label, COLUMNS[column], machineLine(run)]));
    }
    if (!parts.includes(LOADERS)) continue;
    const own = [
      ["as they come", {}],
      ["groupByLength", { grouped: true }],
      [`maxTokensPerBatch: ${tokens}, shuffle`, { max_tokens: tokens }],
    ] as const;
    for (const [kind, option] of own) {
      const { attune } = await runOne({ ...common, ...option }, false, true, undefined);
      const perBatch = attune.batches.map(({ tokens: real }) => real);
      const padded = sum(attune.batches.map(({ shape }) => shape[0] * shape[1]));
      loaders.push(
        line([
          label,
          kind,
          milliseconds(median(attune.seconds)),
          milliseconds(Math.min(...attune.seconds)),
          median(attune.tokensPerSecond).toFixed(0),
          `${Math.min(...perBatch)} to ${Math.max(...perBatch)}`,
          percent(1 - sum(perBatch) / padded),
        ]),
      );
    }
  }
} finally {
  loop?.remove();
}
console.log(
  [
    `## ${new Date().toISOString().slice(0, 10)}, the speed table`,
    "",
    `- machine: ${cpus()[0].model}, ${cpus().length} cores; Node ${process.version}; commit ${commit()}`,
    `- ${batches - 1} batches each, in blocks of ${blockSteps}; figures are PyTorch's, Attune's (how many times less)`,
    ...[...names].map((name) => `- ${name}`),
    "",
    ...section(mainHeader, main),
    ...starts,
    ...(starts.length > 0 ? [""] : []),
    `Goals: matrix products at ${percent(machineGoals.products)} of the loop or more, all else under ${percent(machineGoals.rest)} of a step.`,
    "",
    ...section(["", "beside", "the machine"], machine),
    "Batches of Attune's own loader:",
    "",
    ...section(loaderHeader, loaders),
  ].join("\n"),
);
