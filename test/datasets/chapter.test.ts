// The course's chapter, from the dataset to tokenized rows: what datasets and tokenizers promise each other.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, expectTypeOf, it } from "vitest";
import { type GlueRow, loadDataset } from "../../src/datasets/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { describeShared, sharedPath } from "../shared.js";

describeShared("the chapter's preprocessing", () => {
  it("maps MRPC to Python's ids, and its first rows to the chapter's lengths", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(
      sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2"),
    );
    const raw = await loadDataset<GlueRow<"mrpc">>(sharedPath("hub/datasets/nyu-mll/glue"), "mrpc");
    const tokenized = await raw.map(
      (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
      { batched: true, with: { tokenizer } },
    );
    const samples = tokenized.train.removeColumns(["idx", "sentence1", "sentence2"]).slice(0, 8);
    expect(samples.map((row) => row.input_ids.length)).toEqual([50, 59, 47, 67, 59, 50, 62, 32]);
    expect(Object.keys(samples[0])).toEqual(["label", "input_ids", "token_type_ids", "attention_mask"]);
    expectTypeOf(samples[0].label).toExtend<number>();

    const path = sharedPath("fixtures/tokenizers/all-MiniLM-L6-v2-mrpc-input_ids.json.gz");
    const ids = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Record<string, number[][]>;
    for (const [split, dataset] of tokenized) {
      expect(dataset.column("input_ids").map((row) => Array.from(row ?? []))).toEqual(ids[split]);
    }

    const byRow = await raw.validation.map((row, { tokenizer }) => tokenizer(row.sentence1, row.sentence2), {
      with: { tokenizer },
    });
    expect(Array.from(byRow.at(5).input_ids)).toEqual(ids.validation[5]);
  });
});
