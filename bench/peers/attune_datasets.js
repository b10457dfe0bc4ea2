// Attune's side of bench/datasets.ts: the same work as python_datasets.py, timed here, one JSON line per request.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cacheSettled } from "../../dist/datasets/cache/entries.js";
import { loadDataset, loadFromDisk } from "../../dist/datasets/index.js";
import { AutoTokenizer } from "../../dist/index.js";

process.env.ATTUNE_LOG = "warn";
const scratch = mkdtempSync(join(tmpdir(), "attune-bench-"));
process.env.HF_DATASETS_CACHE = scratch;

let files;
let isPair;
let tokenizer;
let dataset;
let tokenized;
let round = 0;

async function timed(work) {
  const start = performance.now();
  const rows = await work();
  const seconds = (performance.now() - start) / 1000;
  await cacheSettled(); // results reach the disk after they are there to be read: not left to the next request
  return { seconds, rows, settled: (performance.now() - start) / 1000 };
}

/** Loads files into a cache that is empty. */
function afresh(path) {
  process.env.HF_DATASETS_CACHE = mkdtempSync(join(scratch, "cache-"));
  return timed(async () => (await loadDataset(path, { split: "train" })).length);
}

function streamed(path) {
  return timed(async () => {
    let rows = 0;
    for await (const { sentence, sentence1 = sentence } of await loadDataset(path, {
      split: "train",
      streaming: true,
    })) {
      if (sentence1.length > 0) rows++;
    }
    return rows;
  });
}

const commands = {
  async load(request) {
    files = request.files;
    isPair = request.texts.length === 2;
    tokenizer = await AutoTokenizer.fromPretrained(request.tokenizer);
    return { name: `Attune, Node ${process.version}` };
  },
  read: () => {
    process.env.HF_DATASETS_CACHE = mkdtempSync(join(scratch, "cache-"));
    return timed(async () => {
      dataset = await loadDataset(files, { split: "train" });
      return dataset.length;
    });
  },
  reread: () => timed(async () => (await loadDataset(files, { split: "train" })).length),
  csv: ({ csv }) => afresh(csv),
  json: ({ json }) => afresh(json),
  stream: () => streamed(files),
  streamJson: ({ json }) => streamed(json),
  tokenize: () => {
    round++;
    return timed(async () => {
      const single = (rows, { tokenizer }) => tokenizer(rows.sentence, { truncation: true });
      const pair = (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true });
      tokenized = await dataset.map(isPair ? pair : single, { batched: true, with: { tokenizer, round } });
      return tokenized.length;
    });
  },
  rows: () => {
    round++;
    const single = ({ sentence }) => ({ upper: sentence.toUpperCase(), words: sentence.split(" ").length });
    const pair = ({ sentence1 }) => ({ upper: sentence1.toUpperCase(), words: sentence1.split(" ").length });
    return timed(async () => (await dataset.map(isPair ? pair : single, { with: { round } })).length);
  },
  filter: () => {
    round++;
    const single = ({ sentence }) => sentence.length > 40;
    const pair = ({ sentence1 }) => sentence1.length > 40;
    return timed(async () => {
      await dataset.filter(isPair ? pair : single, { with: { round } });
      return dataset.length;
    });
  },
  random: ({ count }) => {
    const shuffled = tokenized.shuffle({ seed: round });
    return timed(() => {
      let total = 0;
      for (let i = 0; i < count; i++) total += shuffled.at(i % shuffled.length).input_ids.length;
      return total > 0 ? count : 0;
    });
  },
  open: ({ folder }) =>
    timed(() => {
      const large = loadFromDisk(folder);
      if (large.at(Math.floor(large.length / 2)).sentence.length === 0) throw new Error("an empty row");
      return large.length;
    }),
  scan: ({ folder, count }) => {
    const large = loadFromDisk(folder);
    const step = 7919 * 1009;
    return timed(() => {
      let total = 0;
      for (let i = 0; i < count; i++) total += large.at((i * step) % large.length).sentence.length;
      return total > 0 ? count : 0;
    });
  },
};

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const { cmd, ...request } = JSON.parse(line);
    console.log(JSON.stringify(await commands[cmd](request)));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
