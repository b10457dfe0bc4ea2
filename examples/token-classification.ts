// Token classification: names of people, places and companies in sentences, measured by entities. The rows are made up
// (made-up.ts); CoNLL-2003 and its like have the same columns.
//   npx tsx examples/token-classification.ts --model bert-base-uncased --output runs/names
import { parseArgs } from "node:util";
import {
  AutoModelForTokenClassification,
  AutoTokenizer,
  DataCollatorForTokenClassification,
  pipeline,
  Trainer,
} from "attune";
import { seqeval } from "attune/metrics";
import { alignLabels } from "attune/tasks";
import { TAGS, tagged } from "./made-up.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    output: { type: "string", default: "runs/names" },
    rows: { type: "string", default: "400" },
    epochs: { type: "string", default: "2" },
  },
});

const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForTokenClassification.fromPretrained(values.model, { id2label: TAGS });

// A word's label stands at its first token; its others, and special tokens, have -100, which no loss counts.
const tokenize = (split: ReturnType<typeof tagged>) =>
  split.map(
    (rows, { tokenizer, alignLabels }) => {
      const encoding = tokenizer(rows.tokens as string[][], { isSplitIntoWords: true, truncation: true });
      const labels = (rows.ner_tags as number[][]).map((tags, i) => alignLabels(encoding.wordIds(i), tags));
      return { ...encoding, labels };
    },
    { batched: true, with: { tokenizer, alignLabels }, removeColumns: ["tokens", "ner_tags"] },
  );
const [train, test] = await Promise.all([tagged(Number(values.rows), "train"), tagged(100, "test")].map(tokenize));

const trainer = new Trainer({
  model,
  args: {
    outputDir: values.output,
    numTrainEpochs: Number(values.epochs),
    learningRate: 2e-4,
    saveStrategy: "epoch",
    saveTotalLimit: 1,
  },
  trainDataset: train,
  evalDataset: test,
  dataCollator: new DataCollatorForTokenClassification(tokenizer),
  processingClass: tokenizer,
  computeMetrics: seqeval({ labels: TAGS }),
});
await trainer.train();
const metrics = await trainer.evaluate();
console.log(`f1 ${metrics.eval_overall_f1.toFixed(3)}, of people ${metrics.eval_PER_f1.toFixed(3)}`);

const label = await pipeline("token-classification", values.output);
const text = "Grace Fisher left Hooli for a year in Vienna .";
for (const { entity_group, word, start, end } of await label(text, { aggregationStrategy: "first" })) {
  console.log(`${entity_group}: ${word} (${start} to ${end})`);
}
