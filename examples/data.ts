// Data: a dataset's splits, rows, columns and features; then tokens, and a batch of them.
//   npx tsx examples/data.ts --model bert-base-uncased --dataset glue --config mrpc
import { parseArgs } from "node:util";
import { AutoTokenizer, DataCollatorWithPadding } from "attune";
import { type GlueRow, loadDataset } from "attune/datasets";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    dataset: { type: "string", default: "glue" },
    config: { type: "string", default: "mrpc" },
  },
});

// Every configuration that has these columns will do; for the Hub's "glue", the rows' type is known by itself.
const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config);
console.log(raw);
console.log(raw.train.at(0));
console.log(raw.train.slice(0, 2));
console.log(raw.train.columns(0, 2));
console.log(raw.train.features.label, raw.train.features.label.int2str(1));

const tokenizer = await AutoTokenizer.fromPretrained(values.model);
console.log(tokenizer("This is the first sentence.", "This is the second one.").input_ids);

const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } }, // the second argument of the function holds what `with` declares
);
const collator = new DataCollatorWithPadding(tokenizer);
const samples = tokenized.train.removeColumns(["idx", "sentence1", "sentence2"]).slice(0, 8);
console.log(samples.map((sample) => sample.input_ids.length));
for (const [name, column] of Object.entries(collator.collate(samples))) console.log(name, column.shape);
