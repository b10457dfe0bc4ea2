// Remakes everything in assets/: `npx tsx scripts/embedded/make.ts`. The labelled sample and the vocabulary come out the
// same everywhere; the weights come out the same on processors of one instruction set.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBertTokenizer, trainWordPiece } from "../../src/tokenizers/index.js";
import { documents, sampleSplits } from "./corpus.js";
import { CONFIG, pretrain } from "./pretrain.js";
import { writeSample } from "./sample.js";

const DOCUMENTS = 160_000;
const VOCABULARY = 1000;

const assets = process.argv[2] ?? fileURLToPath(new URL("../../assets/", import.meta.url));
const splits = sampleSplits();
const text = documents(DOCUMENTS, 2, [...splits.train, ...splits.validation]);
const vocabulary = trainWordPiece(text.slice(0, 20_000).flat(), { vocabSize: VOCABULARY });
const tokenizer = createBertTokenizer(vocabulary, { modelMaxLength: CONFIG.max_position_embeddings });
console.log(`${vocabulary.length} tokens, ${text.length} documents, ${splits.train.length} labelled pairs to train on`);

await rm(join(assets, "sample"), { recursive: true, force: true });
await writeSample(join(assets, "sample"), splits);
const model = await pretrain(text, tokenizer);
await rm(join(assets, "model"), { recursive: true, force: true });
await model.savePretrained(join(assets, "model"));
await tokenizer.savePretrained(join(assets, "model"));
