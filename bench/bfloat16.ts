// Mixed precision beside float32 on both sides: the same 200 steps of MRPC without dropout, from the same head, in float32
// and in bfloat16 (PyTorch's autocast), their losses and times. Prints a section for RESULTS.md.
//   npx tsx bench/bfloat16.ts              PyTorch as installed
//   npx tsx bench/bfloat16.ts --tuned      jemalloc preloaded into PyTorch, its decay off
//   npx tsx bench/bfloat16.ts --small --no-peer   a few steps of Attune, to see that it runs
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import {
  commit,
  mean,
  median,
  milliseconds,
  type Runner,
  runTwins,
  standardDataset,
  standardModel,
  type Work,
} from "./twin.js";

const { values: options } = parseArgs({
  options: {
    batches: { type: "string", default: "200" },
    tuned: { type: "boolean", default: false },
    "no-peer": { type: "boolean", default: false },
    small: { type: "boolean", default: false },
  },
});
const batches = options.small ? 4 : Number(options.batches);
const blockSteps = options.small ? 1 : 20;
const work: Work = {
  ...{ model: standardModel, dataset: standardDataset, config: "mrpc", batch_size: 8, batches, comparable: true },
};

interface Curve {
  readonly name: string;
  readonly side: Runner;
}

async function curves(bf16: boolean): Promise<Curve[]> {
  const twinOptions = { tuned: options.tuned, noPeer: options["no-peer"], blockSteps };
  const { attune, peer } = await runTwins({ ...work, bf16 }, twinOptions);
  const precision = bf16 ? "bfloat16" : "float32";
  return [
    ...(peer ? [{ name: `PyTorch ${precision}`, side: peer }] : []),
    { name: `Attune ${precision}`, side: attune },
  ];
}

const all = [...(await curves(false)), ...(await curves(true))];
const window = (side: Runner, first: number) => mean(side.losses.slice(first, first + blockSteps));
const windows = Array.from({ length: Math.ceil(batches / blockSteps) }, (_, i) => i * blockSteps);
const line = (...values: string[]) => `| ${values.join(" | ")} |`;

/** Largest difference of two curves at a step, and that of their means. */
function differences(a: Runner, b: Runner): string {
  const largest = Math.max(...a.losses.map((loss, i) => Math.abs(loss - b.losses[i])));
  return `${largest.toExponential(1)} at a step, ${Math.abs(mean(a.losses) - mean(b.losses)).toExponential(1)} of the mean`;
}

const half = all.length / 2;
console.log(
  [
    `## ${new Date().toISOString().slice(0, 10)}, mixed precision, mrpc batch 8, all-MiniLM-L6-v2, no dropout${options.tuned ? ", PyTorch tuned" : ""}`,
    "",
    `- machine: ${cpus()[0].model}, ${cpus().length} cores; Node ${process.version}; commit ${commit()}`,
    ...all.slice(0, half).map(({ side }) => `- ${side.name}`),
    "",
    line("mean loss of steps", ...all.map(({ name }) => name)),
    line(...["", ...all].map(() => "---")),
    ...windows.map((first) =>
      line(
        `${first + 1} to ${Math.min(first + blockSteps, batches)}`,
        ...all.map(({ side }) => window(side, first).toFixed(4)),
      ),
    ),
    line("step, median", ...all.map(({ side }) => milliseconds(median(side.seconds)))),
    line("peak memory", ...all.map(({ side }) => `${(side.side.peakAnonymousBytes / 2 ** 20).toFixed(0)} MiB`)),
    "",
    "Largest differences of the losses:",
    "",
    ...all
      .slice(0, half)
      .map(({ name, side }, i) => `- ${name} and ${all[half + i].name}: ${differences(side, all[half + i].side)}`),
    ...(half === 2
      ? [
          `- ${all[0].name} and ${all[1].name}: ${differences(all[0].side, all[1].side)}`,
          `- ${all[2].name} and ${all[3].name}: ${differences(all[2].side, all[3].side)}`,
        ]
      : []),
  ].join("\n"),
);
