// Sentence embeddings: questions lie close to the sentences that answer them, learned by ranking each answer before those of
// the other rows of a batch, and before a hard negative. The rows are made up (made-up.ts).
//   npx tsx examples/sentence-embeddings.ts --model sentence-transformers/all-MiniLM-L6-v2 --output runs/embeddings
import { parseArgs } from "node:util";
import { Trainer } from "attune";
import {
  evaluateRetrieval,
  MultipleNegativesRankingLoss,
  nearestTo,
  SentenceTransformer,
  similarity,
} from "attune/embeddings";
import { pairs } from "./made-up.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "sentence-transformers/all-MiniLM-L6-v2" },
    output: { type: "string", default: "runs/embeddings" },
    rows: { type: "string", default: "400" },
    epochs: { type: "string", default: "1" },
  },
});

const model = await SentenceTransformer.fromPretrained(values.model, { normalize: true }); // pooling: the mean of the tokens
const sentences = ["A man is eating food.", "Someone has a meal.", "The market fell on Monday."];
const embeddings = await model.encode(sentences);
console.log(similarity(embeddings, embeddings).map((row) => row.map((cosine) => cosine.toFixed(2)).join(" ")));

const [train, test] = [pairs(Number(values.rows), "train"), pairs(60, "test")];
const asked = { queries: test.column("anchor") as string[], answers: test.column("positive") as string[] };
const before = await evaluateRetrieval(model, asked);

const loss = new MultipleNegativesRankingLoss(model, { negatives: ["negative"] });
const trainer = new Trainer({
  model: loss, // which is saved as the model that it trains
  args: {
    outputDir: values.output,
    numTrainEpochs: Number(values.epochs),
    perDeviceTrainBatchSize: 16,
    learningRate: 5e-5,
  },
  trainDataset: train,
  dataCollator: loss.collator,
});
await trainer.train();
const after = await evaluateRetrieval(model, asked);
console.log(
  `answers found first: ${before["cosine_accuracy@1"].toFixed(2)}, then ${after["cosine_accuracy@1"].toFixed(2)}`,
);

// The folder is that of sentence-transformers; searching is comparing.
const again = await SentenceTransformer.fromPretrained(values.output);
const [query, corpus] = [await again.encode(asked.queries[0]), await again.encode(asked.answers)];
for (const { index, score } of nearestTo(query, corpus, 3)) console.log(score.toFixed(3), asked.answers[index]);
