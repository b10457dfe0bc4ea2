// Preprocessing: text to tokens, a function over the whole dataset, batches that are padded to their own longest row; then
// the section's exercises.
//   npx tsx examples/preprocessing.ts --model bert-base-uncased --dataset glue
import { parseArgs } from "node:util";
import { AutoTokenizer, DataCollatorWithPadding, type PreTrainedTokenizer } from "attune";
import { type GlueConfig, type GlueRow, glueTask, loadDataset } from "attune/datasets";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    dataset: { type: "string", default: "glue" },
  },
});

const raw = await loadDataset<GlueRow<"mrpc">>(values.dataset, "mrpc");
const tokenizer = await AutoTokenizer.fromPretrained(values.model);

const inputs = tokenizer("This is the first sentence.", "This is the second one.");
console.log(inputs.input_ids, inputs.token_type_ids);
console.log(tokenizer.convertIdsToTokens(inputs.input_ids));

const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } }, // the second argument of the function holds what `with` declares
);
console.log(tokenized);

// Dynamic padding: eight rows of many lengths, and one batch as long as the longest of them.
const collator = new DataCollatorWithPadding(tokenizer);
const samples = tokenized.train.removeColumns(["idx", "sentence1", "sentence2"]).slice(0, 8);
console.log(samples.map((sample) => sample.input_ids.length));
for (const [name, column] of Object.entries(collator.collate(samples))) console.log(name, column.shape);

// An exercise: element 15 of the training set, its sentences apart and as a pair. What is the difference?
const { sentence1, sentence2 } = raw.train.at(15);
const [first, second] = [tokenizer(sentence1), tokenizer(sentence2)];
const pair = tokenizer(sentence1, sentence2);
console.log("apart:", first.input_ids.length, second.input_ids.length, "pair:", pair.input_ids.length);
// The pair has one [CLS], before the first sentence, and a type of 1 for each token of the second.
console.log("of type 1:", Array.from(pair.token_type_ids ?? []).filter((type) => type === 1).length);

// An exercise: the same for SST-2, whose rows have one sentence.
const sst2 = await loadDataset<GlueRow<"sst2">>(values.dataset, "sst2", { split: "validation" });
const sentences = await sst2.map((rows, { tokenizer }) => tokenizer(rows.sentence, { truncation: true }), {
  batched: true,
  with: { tokenizer },
});
console.log(
  "sst2:",
  sentences.slice(0, 4).map((row) => row.input_ids.length),
);

// The harder one: a function for any task of GLUE, whose table says which columns hold text.
function preprocess(config: GlueConfig) {
  const [one, two] = glueTask(config).textColumns;
  return (rows: Record<string, unknown[]>, inputs: { tokenizer: PreTrainedTokenizer }) => {
    const texts = rows[one] as string[];
    if (two === undefined) return inputs.tokenizer(texts, { truncation: true });
    return inputs.tokenizer(texts, rows[two] as string[], { truncation: true });
  };
}
for (const config of ["mrpc", "sst2", "cola", "stsb"] as const) {
  const rows = await loadDataset(values.dataset, config, { split: "validation[:4]" });
  const tokens = await rows.map(preprocess(config), { batched: true, with: { tokenizer } });
  console.log(
    `${config}:`,
    tokens.column("input_ids").map((ids) => ids.length),
  );
}
