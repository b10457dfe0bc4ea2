// Remakes everything in assets/: `npx tsx scripts/embedded/make.ts`, a few minutes. The sample and the vocabulary come out
// the same on every machine, the weights on every machine of one instruction set.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pretrainingText, sampleSplits } from "./corpus.js";
import { pretrain, trainTokenizer } from "./pretrain.js";
import { writeSample } from "./sample.js";

const assets = process.argv[2] ?? fileURLToPath(new URL("../../assets/", import.meta.url));
const [sample, checkpoint] = [join(assets, "sample"), join(assets, "model")];

await rm(sample, { recursive: true, force: true });
await writeSample(sample, sampleSplits());

const text = pretrainingText();
const tokenizer = trainTokenizer(text);
console.log(`${tokenizer.length} tokens, ${text.length} documents`);
const model = await pretrain(text, tokenizer);

await rm(checkpoint, { recursive: true, force: true });
await model.savePretrained(checkpoint);
await tokenizer.savePretrained(checkpoint);
