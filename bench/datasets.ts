// Twin run of the data path: Python's datasets and Attune on SST-2's and MRPC's rows, request after request in turn within one
// run. Prints a section for RESULTS.md.
//   npx tsx bench/datasets.ts              three rounds, and a saved dataset of 4 GB
//   npx tsx bench/datasets.ts --tasks mrpc one of the tasks
//   npx tsx bench/datasets.ts --no-peer    Attune alone
//   npx tsx bench/datasets.ts --small      one round, 100 MB, to see that it runs
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadDataset } from "../src/datasets/index.js";
import { peerPython } from "./peer.js";
import { Side } from "./side.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/", import.meta.url));

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: `${shared}hub/models/sentence-transformers/all-MiniLM-L6-v2` },
    glue: { type: "string", default: `${shared}hub/datasets/nyu-mll/glue` },
    tasks: { type: "string", default: "sst2,mrpc" },
    rounds: { type: "string", default: "3" },
    small: { type: "boolean", default: false },
    "no-peer": { type: "boolean", default: false },
  },
});
const rounds = options.small ? 1 : Number(options.rounds);

const fileOf = (task: string): string => join(options.glue, task, "train-00000-of-00001.parquet");
/** The tasks, and the columns of their texts. */
const TEXTS: Readonly<Record<string, readonly string[]>> = { sst2: ["sentence"], mrpc: ["sentence1", "sentence2"] };
const NAMES: Readonly<Record<string, string>> = { sst2: "SST-2", mrpc: "MRPC" };

interface Answer {
  readonly seconds: number;
  readonly rows: number;
  /** The most anonymous memory of the process while it answered. */
  readonly memory: number;
  /** Until the result was on the disk too; Attune only. */
  readonly settled?: number;
}

/** One kind of work, in the order in which it builds on what was before. */
const WORK: readonly (readonly [command: string, label: string])[] = [
  ["read", "load from Parquet, empty cache"],
  ["reread", "load again, from the cache"],
  ["tokenize", "map, tokenizer, batches of 1000"],
  ["rows", "map, row by row"],
  ["filter", "filter, row by row"],
  ["random", "rows at random after shuffle, tokenized"],
];
/** The same rows in files of text, and as streams. */
const FORMATS: readonly (readonly [command: string, label: string])[] = [
  ["csv", "load from CSV, empty cache"],
  ["json", "load from JSON Lines, empty cache"],
  ["stream", "stream from Parquet, row by row"],
  ["streamJson", "stream from JSON Lines, row by row"],
];
const LARGE: readonly (readonly [command: string, label: string])[] = [
  ["open", "open the large dataset, read a row"],
  ["scan", "rows at random of the large dataset"],
];

class Runner {
  readonly side: Side;
  name = "";
  readonly answers = new Map<string, Answer[]>();

  constructor(side: Side) {
    this.side = side;
  }

  async start(task: string): Promise<void> {
    const request = { cmd: "load", files: [fileOf(task)], texts: TEXTS[task], tokenizer: options.model };
    const { name } = await this.side.ask<{ name: string }>(request);
    this.name = name;
  }

  async ask(cmd: string, request: object): Promise<void> {
    this.side.peakAnonymousBytes = 0;
    const answer = await this.side.ask<Omit<Answer, "memory">>({ cmd, ...request });
    const memory = this.side.peakAnonymousBytes;
    this.answers.set(cmd, [...(this.answers.get(cmd) ?? []), { ...answer, memory }]);
  }

  /** The most memory of all answers. */
  get memory(): number {
    return Math.max(...[...this.answers.values()].flat().map(({ memory }) => memory));
  }

  /** The median of a figure over the rounds. */
  median(cmd: string, figure: (answer: Answer) => number): number {
    const sorted = (this.answers.get(cmd) ?? []).map(figure).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }
}

function startSides(): Runner[] {
  const attune = () => new Runner(new Side(process.execPath, [`${here}peers/attune_datasets.js`]));
  if (options["no-peer"]) return [attune()];
  const python = peerPython(undefined, ", or pass --no-peer");
  return [new Runner(new Side(python, [`${here}peers/python_datasets.py`], { HF_HUB_OFFLINE: "1" })), attune()];
}

/** A saved dataset of one file of about 100 MB, listed `times` times. */
async function saveLarge(folder: string, times: number): Promise<number> {
  const rows = await loadDataset(fileOf("sst2"), { split: "train" });
  await rows.repeat(20).saveToDisk(folder, { numShards: 1 });
  const state = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as { _data_files: object[] };
  const [file] = state._data_files;
  writeFileSync(join(folder, "state.json"), JSON.stringify({ ...state, _data_files: Array(times).fill(file) }));
  return statSync(join(folder, "data-00000-of-00001.arrow")).size * times;
}

/** The rows as CSV and as JSON Lines. */
async function writeTexts(task: string, folder: string): Promise<{ csv: string; json: string }> {
  const rows = await loadDataset(fileOf(task), { split: "train" });
  const files = { csv: join(folder, `${task}.csv`), json: join(folder, `${task}.jsonl`) };
  await rows.toCsv(files.csv);
  await rows.toJson(files.json);
  return files;
}

const seconds = (value: number) => (value < 0.1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`);
const perSecond = (value: number) => `${Math.round(value).toLocaleString("en-US")} rows/s`;
const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

/** One table: the kinds of work, both sides' times and memory. */
function table(sides: readonly Runner[], work: readonly (readonly [cmd: string, label: string])[]): string[] {
  const peers = sides.length > 1;
  const columns = [
    "",
    ...(peers ? ["datasets", "Attune", "times as fast", "its memory"] : ["Attune"]),
    peers ? "Attune's" : "memory",
  ];
  const lines = [`| ${columns.join(" | ")} |`, `|${"---|".repeat(columns.length)}`];
  for (const [cmd, label] of work) {
    const times = sides.map((side) => side.median(cmd, (answer) => answer.seconds));
    const cells = sides.map((side, i) => {
      const rows = side.answers.get(cmd)?.[0].rows ?? 0;
      return /load|open/.test(label) ? seconds(times[i]) : `${seconds(times[i])}, ${perSecond(rows / times[i])}`;
    });
    const memory = sides.map((side) => megabytes(side.median(cmd, (answer) => answer.memory)));
    const ratio = peers ? [(times[0] / times[1]).toFixed(1)] : [];
    lines.push(`| ${[label, ...cells, ...ratio, ...memory].join(" | ")} |`);
  }
  return lines;
}

type Sides = readonly Runner[];

function report(tasks: ReadonlyMap<string, Sides>, large: { sides: Sides; bytes: number }): string {
  const commit = execFileSync("git", ["-C", here, "rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const named = [...tasks].map(([task, [side]]) => `${NAMES[task]}'s ${side.answers.get("read")?.[0].rows} rows`);
  const lines = [
    `## ${new Date().toISOString().slice(0, 10)}, datasets: ${named.join(", ")}`,
    "",
    `- machine: ${cpus()[0].model}, ${cpus().length} cores; commit ${commit}; medians of ${rounds} rounds in turn`,
    ...large.sides.map(({ name }) => `- ${name}`),
    `- the large dataset: one saved file, listed again and again, ${(large.bytes / 1e9).toFixed(1)} GB`,
    "- memory: the most RssAnon of the process while it worked, with what earlier work left in it",
  ];
  for (const [task, sides] of tasks) {
    const attune = sides[sides.length - 1];
    const settled = attune.median("tokenize", (answer) => answer.settled ?? answer.seconds);
    const memory = sides.map((side) => megabytes(side.memory)).join(" and ");
    lines.push("", `### ${NAMES[task]}`, "", ...table(sides, [...WORK, ...FORMATS]));
    lines.push("", `Peak memory of all of it: ${memory}. Until the tokenized rows were synced to the disk, behind the`);
    lines.push(`caller's back: ${seconds(settled)}.`);
  }
  const memory = large.sides.map((side) => megabytes(side.memory)).join(" and ");
  lines.push("", "### The large dataset", "", ...table(large.sides, LARGE), "", `Peak memory: ${memory}.`);
  return lines.join("\n");
}

const scratch = mkdtempSync(join(tmpdir(), "attune-bench-"));
process.env.HF_DATASETS_CACHE = join(scratch, "cache");
const open: Runner[] = [];
try {
  const bytes = await saveLarge(join(scratch, "large"), options.small ? 1 : 40);
  const tasks = new Map<string, Sides>();
  for (const task of options.tasks.split(",")) {
    if (TEXTS[task] === undefined) throw new Error(`--tasks ${task}: it is ${Object.keys(TEXTS).join(" or ")}`);
    const sides = startSides();
    open.push(...sides);
    tasks.set(task, sides);
    for (const side of sides) await side.start(task);
    for (let round = 0; round < rounds; round++) {
      for (const [cmd] of WORK) for (const side of sides) await side.ask(cmd, { count: options.small ? 500 : 20_000 });
    }
    const texts = await writeTexts(task, scratch);
    for (let round = 0; round < rounds; round++) {
      for (const [cmd] of FORMATS) for (const side of sides) await side.ask(cmd, texts);
    }
    for (const { side } of sides) await side.close();
  }
  const large = startSides(); // processes of their own, for their memory
  open.push(...large);
  for (const side of large) await side.start("sst2");
  for (let round = 0; round < rounds; round++) {
    for (const [cmd] of LARGE) {
      for (const side of large)
        await side.ask(cmd, { folder: join(scratch, "large"), count: options.small ? 200 : 5000 });
    }
  }
  console.log(report(tasks, { sides: large, bytes }));
} finally {
  await Promise.all(open.map(({ side }) => side.close()));
  rmSync(scratch, { recursive: true, force: true });
}
