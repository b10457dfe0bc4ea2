// Loading a dataset: its splits, rows, columns and features; then the section's exercise on two of its rows.
//   npx tsx examples/loading.ts --dataset glue --config mrpc
import { parseArgs } from "node:util";
import { type GlueRow, loadDataset } from "attune/datasets";

const { values } = parseArgs({
  options: { dataset: { type: "string", default: "glue" }, config: { type: "string", default: "mrpc" } },
});

// Every configuration that has these columns will do; for the Hub's "glue", the rows' type is known by itself.
const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config);
console.log(raw);
console.log(raw.train.at(0));
console.log(raw.train.slice(0, 2));
console.log(raw.train.columns(0, 2));
console.log(raw.train.features);

// The exercise: element 15 of the training set and element 87 of the validation set. What are their labels?
const { label } = raw.train.features;
for (const row of [raw.train.at(15), raw.validation.at(87)]) {
  console.log(`${row.sentence1}\n${row.sentence2}\n-> ${label.int2str(row.label)}`);
}

// Parts of a split, and the same rows one after another, without loading them all.
const [most, rest] = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config, {
  split: ["train[:90%]", "train[90%:]"],
});
console.log("train[:90%]", most.length, "train[90%:]", rest.length);
const streamed = await loadDataset<GlueRow<"mrpc">>(values.dataset, values.config, { split: "train", streaming: true });
const equivalent = streamed.filter((row) => row.label === 1).take(2);
for await (const row of equivalent) console.log("equivalent:", row.idx);
