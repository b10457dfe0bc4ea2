// Attune's side of tokenize.ts: a tokenizer's call on a list of texts, timed on request (JSON lines).
import { createInterface } from "node:readline";
import { loadDataset } from "../../dist/datasets/index.js";
import { AutoTokenizer } from "../../dist/index.js";

const dataset = await loadDataset(process.argv[2], { split: "train" });
const texts = [...dataset.column("sentence")];
console.log(JSON.stringify({ texts: texts.length, versions: `Node ${process.version}` }));
for await (const line of createInterface({ input: process.stdin })) {
  const tokenizer = await AutoTokenizer.fromPretrained(JSON.parse(line).folder); // anew: no words of the round before are known
  const start = performance.now();
  const { input_ids: ids } = tokenizer(texts);
  const seconds = (performance.now() - start) / 1000;
  const sum = (row) => row.reduce((total, id) => total + id, 0);
  const check = ids.reduce((total, row, i) => total + sum(row) * ((i % 1009) + 1), 0) % 2 ** 31;
  console.log(JSON.stringify({ seconds, tokens: ids.reduce((total, row) => total + row.length, 0), check }));
}
