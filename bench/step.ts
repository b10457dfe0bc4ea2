// Twin run of a training step: PyTorch and Attune on the same real batches, alternating in blocks within one run, so
// that whatever else the machine does meets both alike. Prints a section for RESULTS.md.
//   npx tsx bench/step.ts                 100 MRPC batches of 8, all-MiniLM-L6-v2, PyTorch as installed
//   npx tsx bench/step.ts --tuned         PyTorch with jemalloc preloaded, its decay off
//   npx tsx bench/step.ts --shape roberta-base     another model's shape (bench/shapes.ts) with random weights
//   npx tsx bench/step.ts --activation-checkpointing   both sides compute activations twice
//   npx tsx bench/step.ts --bf16          mixed precision on both sides: autocast to bfloat16 in PyTorch
//   npx tsx bench/step.ts --lora query,value   an adapter in place of all weights; or all-linear. The peer needs peft
//   npx tsx bench/step.ts --no-peer       Attune alone
//   npx tsx bench/step.ts --small         a few steps, to see that it runs
import { cpus } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { shapes } from "./shapes.js";
import {
  commit,
  mean,
  median,
  milliseconds,
  percent,
  quantile,
  type Runner,
  runTwins,
  standardDataset,
  standardModel,
  sum,
  type Work,
} from "./twin.js";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: standardModel },
    shape: { type: "string" },
    "activation-checkpointing": { type: "boolean", default: false },
    bf16: { type: "boolean", default: false },
    lora: { type: "string" },
    dataset: { type: "string", default: standardDataset },
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
const work: Work = {
  model: options.model,
  shape: options.shape === undefined ? undefined : shapes[options.shape],
  activation_checkpointing: options["activation-checkpointing"],
  bf16: options.bf16,
  /** Rank 8, alpha 16, dropout 0.1: an adapter of these layers. */
  lora: options.lora === "all-linear" ? options.lora : options.lora?.split(","),
  dataset: options.dataset,
  config: options.config,
  batch_size: Number(options["batch-size"]),
  batches: 1 + (options.small ? 4 : Number(options.batches)), // the first step is the start's
};
const blockSteps = options.small ? 2 : Number(options.block);
/** A line of the report: its label, its figure, and how the figure is written. */
type Row = [string, (side: Runner) => number, (value: number) => string];

const title = [
  options.shape ?? basename(work.model),
  ...(work.bf16 ? ["mixed precision"] : []),
  ...(work.activation_checkpointing ? ["activation checkpointing"] : []),
  ...(options.lora ? [`LoRA of ${options.lora}`] : []),
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
      "matrix products a step",
      (side) => sum(side.blocks.map((block) => block.product_gflop ?? 0)) / side.seconds.length,
      (value) => `${value.toFixed(2)} GFLOP`,
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

const { attune, peer, rounds } = await runTwins(work, {
  tuned: options.tuned,
  noPeer: options["no-peer"],
  blockSteps,
});
console.log(report(attune, peer, rounds));
