// Tokenizing SST-2's 67,349 training sentences in one call: Attune beside transformers, WordPiece, BPE and Unigram.
//   npx tsx bench/tokenize.ts [--rounds 5]
// Each side is a process of its own and makes its tokenizer anew each round, so that no word is known from before; sides
// take turns. The ids are compared by a checksum over rows and tokens.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { peerPython } from "./peer.js";
import { Side } from "./side.js";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const shared = (name: string): string => path(`../../shared/${name}`);
const file = shared("hub/datasets/nyu-mll/glue/sst2/train-00000-of-00001.parquet");
if (!existsSync(file)) throw new Error(`${file} is not there: this benchmark reads the data beside the project`);

/** By the model, a tokenizer's folder and the share of Python's time that is the goal. */
const TOKENIZERS = {
  WordPiece: { folder: shared("hub/models/sentence-transformers/all-MiniLM-L6-v2"), goal: 0.1 },
  BPE: { folder: shared("fixtures/tokenizers/roberta-like"), goal: 0.2 },
  Unigram: { folder: shared("fixtures/tokenizers/albert-like"), goal: 0.2 },
};

interface Hello {
  readonly texts: number;
  readonly versions: string;
}

interface Answer {
  readonly seconds: number;
  readonly tokens: number;
  readonly check: number;
}

const python = new Side(peerPython(), [path("peers/python_tokenizer.py"), file], {
  TOKENIZERS_PARALLELISM: "true",
});
const attune = new Side(process.execPath, [path("peers/attune_tokenizer.js"), file]);
const [theirs, ours] = [await python.hear<Hello>(), await attune.hear<Hello>()];
console.log(`${theirs.texts} sentences; ${theirs.versions}; ${ours.versions}`);
console.log(
  "| tokenizer | Python, median | Attune, median | Attune / Python | goal | tokens |\n|---|---|---|---|---|---|",
);
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
for (const [name, { folder, goal }] of Object.entries(TOKENIZERS)) {
  const times: [python: number[], attune: number[]] = [[], []];
  let tokens = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    const a = await python.ask<Answer>({ folder });
    const b = await attune.ask<Answer>({ folder });
    if (a.check !== b.check || a.tokens !== b.tokens)
      throw new Error(`${name}: the ids differ: ${JSON.stringify([a, b])}`);
    times[0].push(a.seconds);
    times[1].push(b.seconds);
    tokens = a.tokens;
  }
  const [p, t] = times.map(median);
  console.log(`| ${name} | ${p.toFixed(3)} s | ${t.toFixed(3)} s | ${(t / p).toFixed(3)} | ${goal} | ${tokens} |`);
}
await Promise.all([python.close(), attune.close()]);
