// Do Python's sentence-transformers and Attune read what the other saved, with the same embeddings, and learn the same from
// MultipleNegativesRankingLoss with hard negatives?
//   npx tsx bench/embeddings.ts [--python /path/to/python]     the interpreter needs sentence-transformers
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AdamW, getPeftModel } from "attune";
import { loadDataset } from "attune/datasets";
import { MultipleNegativesRankingLoss, SentenceTransformer } from "attune/embeddings";
import { askPeer, largestDifference, report } from "./peer.js";
import { standardDataset, standardModel } from "./twin.js";

const EMBEDDING = 1e-5; // of rows of elements of order 0.1 to 1, computed in another order of sums
const LOSS = 1e-4; // of a loss of order one, after steps that each add their rounding

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    model: { type: "string", default: standardModel },
    texts: { type: "string", default: "64" },
    steps: { type: "string", default: "20" },
  },
});
const [steps, batchSize, learningRate] = [Number(values.steps), 8, 5e-5];

const { train } = await loadDataset<{ sentence1: string; sentence2: string; label: number; idx: number }>(
  standardDataset,
  "mrpc",
);
const texts = train.slice(0, Number(values.texts)).map(({ sentence1 }) => sentence1);
const pairs = train.slice(0, steps * batchSize);
// pairs of MRPC, and as a hard negative the first sentence of the row after
const rows = {
  anchor: pairs.map(({ sentence1 }) => sentence1),
  positive: pairs.map(({ sentence2 }) => sentence2),
  negative: pairs.map((_, i) => train.at(i + 1).sentence1),
};

const folder = mkdtempSync(join(tmpdir(), "attune-embeddings-"));
try {
  const saved = new Map<string, readonly Float32Array[]>();
  for (const [pooling, normalize] of [
    ["mean", true],
    ["cls", false],
    ["max", false],
  ] as const) {
    const model = await SentenceTransformer.fromPretrained(values.model, { pooling, normalize });
    const place = join(folder, `ours-${pooling}`);
    await model.savePretrained(place);
    saved.set(place, await model.encode(texts));
  }
  const adapted = await SentenceTransformer.fromPretrained(values.model);
  getPeftModel(adapted.encoder, { r: 4, loraAlpha: 8, initLoraWeights: false });
  const place = join(folder, "ours-adapter");
  await adapted.savePretrained(place);
  saved.set(place, await adapted.encode(texts));

  const model = await SentenceTransformer.fromPretrained(values.model);
  const loss = new MultipleNegativesRankingLoss(model, { negatives: ["negative"] });
  const optimizer = new AdamW(loss.parameters(), { lr: learningRate, weightDecay: 0 });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const [from, to] = [step * batchSize, (step + 1) * batchSize];
    const batch = Array.from({ length: to - from }, (_, i) => ({
      anchor: rows.anchor[from + i],
      positive: rows.positive[from + i],
      negative: rows.negative[from + i],
    }));
    const output = loss.forward(loss.collator.collate(batch, {}));
    output.loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    losses.push(await output.loss.item());
  }
  const trained = await model.encode(texts);

  const answer = askPeer<{
    readonly name: string;
    readonly read: Readonly<Record<string, number[][]>>;
    readonly written: Readonly<Record<string, { readonly plain: number[][]; readonly query: number[][] }>>;
    readonly losses: number[];
    readonly trained: number[][];
  }>(
    "python_embeddings.py",
    {
      read: [...saved.keys()],
      write: join(folder, "theirs"),
      model: values.model,
      texts,
      rows,
      steps,
      batch_size: batchSize,
      learning_rate: learningRate,
    },
    values.python,
  );
  console.log(`${answer.name}, ${texts.length} texts`);
  const name = (path: string) => path.slice(folder.length + 1);
  for (const [path, embedded] of saved) {
    report(`${name(path)}, read by Python`, largestDifference(embedded, answer.read[path]), EMBEDDING);
  }
  for (const [path, { plain, query }] of Object.entries(answer.written)) {
    const read = await SentenceTransformer.fromPretrained(path);
    report(`${name(path)}, read by Attune`, largestDifference(await read.encode(texts), plain), EMBEDDING);
    const asked = await read.encode(texts, { promptName: "query" });
    report(`${name(path)} with its prompt, read by Attune`, largestDifference(asked, query), EMBEDDING);
  }
  report(`losses of ${steps} steps with hard negatives`, largestDifference([losses], [answer.losses]), LOSS);
  console.log(
    `      ${losses[0].toFixed(4)} to ${losses[steps - 1].toFixed(4)}; Python ${answer.losses[0].toFixed(4)} to ${answer.losses[steps - 1].toFixed(4)}`,
  );
  report("embeddings after them", largestDifference(trained, answer.trained), 1e-3); // weights that differ by rounding, 20 times
} finally {
  rmSync(folder, { recursive: true, force: true });
}
