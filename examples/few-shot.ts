// Classification from eight examples, in the manner of SetFit: a model of sentences learns from pairs of them what belongs
// together, and a logistic regression on its embeddings learns the classes. The examples are written for this file.
//   npx tsx examples/few-shot.ts --model sentence-transformers/all-MiniLM-L6-v2 --output runs/few-shot
import { parseArgs } from "node:util";
import { FewShotClassifier, SentenceTransformer } from "attune/embeddings";
import { trainFewShot } from "attune/tasks";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "sentence-transformers/all-MiniLM-L6-v2" },
    output: { type: "string", default: "runs/few-shot" },
    iterations: { type: "string", default: "10" },
  },
});

const examples = [
  { text: "Where is my parcel? It should have come on Monday.", label: "delivery" },
  { text: "The courier left the box at the wrong house.", label: "delivery" },
  { text: "Nothing has arrived yet, and the tracking page is empty.", label: "delivery" },
  { text: "I was away when the driver rang; can you send it again?", label: "delivery" },
  { text: "You charged my card twice for one order.", label: "payment" },
  { text: "The invoice shows another amount than the shop did.", label: "payment" },
  { text: "My refund is still not on my account.", label: "payment" },
  { text: "Can I pay by bank transfer in place of a card?", label: "payment" },
];
const model = await SentenceTransformer.fromPretrained(values.model);
const classifier = await trainFewShot(model, examples, { numIterations: Number(values.iterations) });
await classifier.savePretrained(values.output);

const again = await FewShotClassifier.fromPretrained(values.output);
const asked = [
  "The package never came.",
  "Why was I billed two times?",
  "Is the shipment on its way?",
  "I want my money back.",
];
for (const [i, { label, score }] of (await again.predict(asked)).entries())
  console.log(label, score.toFixed(2), asked[i]);
