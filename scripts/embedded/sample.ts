// The labelled sample as a folder in the Hub's layout: one Parquet file a split and a card, as Python's datasets writes
// them, so that `loadDataset("assets/sample")` and Python's `load_dataset` read the same columns and label names.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { writeFileAtomic } from "../../src/support/atomic.js";
import type { Pair } from "./grammar.js";

const LABELS = ["not_equivalent", "equivalent"];

/** MRPC's columns and types. */
const FEATURES = {
  sentence1: { dtype: "string", _type: "Value" },
  sentence2: { dtype: "string", _type: "Value" },
  label: { names: LABELS, _type: "ClassLabel" },
  idx: { dtype: "int32", _type: "Value" },
};

/** Writes `folder`/train.parquet, validation.parquet and README.md. */
export async function writeSample(folder: string, splits: Readonly<Record<string, readonly Pair[]>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [split, pairs] of Object.entries(splits)) {
    await writeFileAtomic(join(folder, `${split}.parquet`), parquet(pairs));
  }
  await writeFileAtomic(join(folder, "README.md"), card(splits));
}

function parquet(pairs: readonly Pair[]): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: "sentence1", data: pairs.map((pair) => pair.sentences[0]), type: "STRING" },
      { name: "sentence2", data: pairs.map((pair) => pair.sentences[1]), type: "STRING" },
      { name: "label", data: pairs.map((pair) => BigInt(pair.equivalent)), type: "INT64" },
      { name: "idx", data: pairs.map((_, index) => index), type: "INT32" },
    ],
    kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features: FEATURES } }) }],
    rowGroupSize: 1000,
  });
  return new Uint8Array(buffer);
}

function card(splits: Readonly<Record<string, readonly Pair[]>>): string {
  const counts = Object.entries(splits).map(([name, pairs]) => `  - name: ${name}\n    num_examples: ${pairs.length}`);
  const files = Object.keys(splits).map((name) => `  - split: ${name}\n    path: ${name}.parquet`);
  return `---
language:
- en
license: apache-2.0
pretty_name: Attune's sentence pairs
task_categories:
- text-classification
task_ids:
- paraphrase-identification
configs:
- config_name: default
  data_files:
${files.join("\n")}
dataset_info:
  features:
  - name: sentence1
    dtype: string
  - name: sentence2
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
${LABELS.map((name, index) => `          '${index}': ${name}`).join("\n")}
  - name: idx
    dtype: int32
  splits:
${counts.join("\n")}
---
# Sentence pairs: do they say the same?
English sentences from a grammar, in pairs: \`equivalent\` where both say the same in other words or another order,
\`not_equivalent\` where they differ in one place or more. For every pair of one label there is one of the other with sentences of
the same lengths and as many words and word pairs in common. Written by \`npx tsx scripts/embedded/make.ts\`, never by
hand; docs/embedded.md tells how and why.
`;
}
