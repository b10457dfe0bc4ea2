// A task small enough to train in a second: is "bad" among the words? A BERT of one narrow layer, its tokenizer, rows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { ClassLabel, Dataset } from "../../src/datasets/index.js";
import { AutoModelForSequenceClassification, type SequenceClassificationModel } from "../../src/models/index.js";
import { createBertTokenizer } from "../../src/tokenizers/index.js";

const words = ["good", "bad", "day", "night", "the", "a", "was", "very", "long", "short"];
export const tokenizer = createBertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...words]);

export const config = {
  model_type: "bert",
  vocab_size: 5 + words.length,
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 32,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.2,
};

export function tinyModel(overrides: Readonly<Record<string, unknown>> = {}): SequenceClassificationModel {
  return AutoModelForSequenceClassification.fromConfig({ ...config }, { seed: 5, ...overrides });
}

export interface TextRow {
  text: string;
  label: number;
}

/** Sentences of 2 to 8 words, the label being whether "bad" is among them; the same for the same count. */
export function sentences(count: number): TextRow[] {
  return Array.from({ length: count }, (_, i) => {
    const length = 2 + (i % 7);
    const neutral = words.filter((word) => word !== "bad");
    const chosen = Array.from({ length }, (_, j) => neutral[(i * 7 + j * j + 3 * j) % neutral.length]);
    const label = i % 2;
    if (label === 1) chosen[(i * 5) % length] = "bad";
    return { text: chosen.join(" "), label };
  });
}

/** The sentences as tokens, with the text beside them and named classes. */
export function tokenized(count: number): Dataset<TextRow & { input_ids: Int32Array; attention_mask: Int32Array }> {
  const rows = sentences(count).map((row) => {
    const { input_ids, attention_mask } = tokenizer(row.text, { returnTensors: false });
    return { ...row, input_ids, attention_mask };
  });
  return Dataset.fromRows(rows, { features: { label: new ClassLabel({ names: ["fine", "bad"] }) } });
}

/** A folder that goes away after the tests of the file. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `attune-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
