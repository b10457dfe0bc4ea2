// Collators: rows and columns in, tensors out, with the right types and shapes.
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type CollateContext,
  DataCollatorForLanguageModeling,
  DataCollatorWithFlattening,
  DataCollatorWithPadding,
  DataLoader,
  DefaultDataCollator,
  paddingShare,
} from "../../src/batches/index.js";
import { Dataset } from "../../src/datasets/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import type { Tensor } from "../../src/tensor/index.js";
import { describeShared, sharedPath } from "../shared.js";
import { minilm } from "../tokenizers/shared-model.js";
import { small } from "../tokenizers/small.js";

const tokenizer = small();
const collator = new DataCollatorWithPadding(tokenizer);

describe("DataCollatorWithPadding", () => {
  const rows = [
    { input_ids: Int32Array.of(2, 5, 6, 3), attention_mask: [1, 1, 1, 1], label: 1 },
    { input_ids: [2, 3], attention_mask: [1, 1], label: 0 },
  ];

  it("pads rows to the longest and renames the label", async () => {
    const batch = collator.collate(rows);
    expectTypeOf(batch.input_ids).toEqualTypeOf<Tensor>();
    expectTypeOf(batch).toExtend<Readonly<Record<string, Tensor>>>();
    expect(Object.keys(batch)).toEqual(["input_ids", "attention_mask", "labels"]);
    expect(await batch.input_ids.toArray()).toEqual([
      [2, 5, 6, 3],
      [2, 3, 0, 0],
    ]);
    expect(await batch.attention_mask.toArray()).toEqual([
      [1, 1, 1, 1],
      [1, 1, 0, 0],
    ]);
    expect([batch.input_ids.dtype, batch.labels.dtype]).toEqual(["int32", "int32"]);
    expect(batch.input_ids.host).toEqual(Int32Array.of(2, 5, 6, 3, 2, 3, 0, 0)); // known without asking the device
    expect(await batch.labels.toArray()).toEqual([1, 0]);
  });

  it("takes columns as well, and makes the mask where there is none", async () => {
    const batch = collator.collate({
      input_ids: [
        [2, 3],
        [2, 5, 3],
      ],
      label_ids: [3, 4],
    });
    expect(await batch.attention_mask.toArray()).toEqual([
      [1, 1, 0],
      [1, 1, 1],
    ]);
    expect(await batch.labels.toArray()).toEqual([3, 4]);
    expect(collator.collate({ ...tokenizer(["a", "b c"]) }).token_type_ids.shape).toEqual([2, 4]);
  });

  it("tells how much of a batch is padding", () => {
    expect(paddingShare(collator.collate(rows))).toBe(0.25);
    expect(paddingShare(collator.collate(rows.slice(0, 1)))).toBe(0);
  });

  it("pads to a fixed length or a multiple, on the tokenizer's side", async () => {
    const fixed = new DataCollatorWithPadding(tokenizer, { padding: "max_length", maxLength: 6 });
    expect(fixed.collate(rows).input_ids.shape).toEqual([2, 6]);
    expect(new DataCollatorWithPadding(tokenizer, { padding: "max_length" }).collate(rows).input_ids.shape).toEqual([
      2, 16,
    ]);
    expect(new DataCollatorWithPadding(tokenizer, { padToMultipleOf: 8 }).collate(rows).input_ids.shape).toEqual([
      2, 8,
    ]);
    const left = small();
    left.paddingSide = "left";
    expect(await new DataCollatorWithPadding(left).collate(rows).input_ids.toArray()).toEqual([
      [2, 5, 6, 3],
      [0, 0, 2, 3],
    ]);
  });

  it("makes floats of scores, of vectors with floats, and of what the dataset says are floats", async () => {
    const dtypes = (values: readonly unknown[], context?: CollateContext) => {
      const { labels } = collator.collate(
        values.map((label) => ({ input_ids: [2, 3], label })),
        context,
      );
      return [labels.dtype, ...labels.shape];
    };
    expect(dtypes([1, 2])).toEqual(["int32", 2]);
    expect(dtypes([true, false])).toEqual(["int32", 2]);
    expect(dtypes([3.8, 2])).toEqual(["float32", 2]);
    expect(
      dtypes([
        [0, 1, 0],
        [1, 0.5, 0],
      ]),
    ).toEqual(["float32", 2, 3]);
    expect(dtypes([Float32Array.of(0, 1), Float32Array.of(1, 1)])).toEqual(["float32", 2, 2]);
    // A batch of scores that happen to be whole, and vectors of zeros and ones: only the dataset knows.
    expect(dtypes([5, 4], { features: { label: { dtype: "float32" } } })).toEqual(["float32", 2]);
    expect(
      dtypes(
        [
          [0, 1],
          [1, 1],
        ],
        { features: { label: { feature: { dtype: "float64" } } } },
      ),
    ).toEqual(["float32", 2, 2]);
    expect(
      dtypes(
        [
          [0, 1],
          [1, 1],
        ],
        { features: { label: { feature: { dtype: "int64" } } } },
      ),
    ).toEqual(["int32", 2, 2]);
  });

  it("takes a dataset in the format of tensors, as Python's chapter sets it before a loop", async () => {
    const dataset = Dataset.fromColumns({
      input_ids: [Int32Array.of(2, 5, 6, 3), Int32Array.of(2, 3)],
      attention_mask: [Int32Array.of(1, 1, 1, 1), Int32Array.of(1, 1)],
      label: [1, 0],
      score: [0.5, 2.5],
    });
    const loader = <Row extends object>(rows: Dataset<Row>) =>
      new DataLoader(rows, { batchSize: 2, groupByLength: true, collator });
    const [plain, formatted] = [loader(dataset), loader(dataset.withFormat("tensor"))];
    for await (const batch of formatted) {
      const expected = (await plain[Symbol.asyncIterator]().next()).value as typeof batch;
      expect(Object.keys(batch)).toEqual(Object.keys(expected));
      for (const [name, values] of Object.entries(batch)) {
        expect(values.dtype).toBe(expected[name].dtype);
        expect(await values.toArray()).toEqual(await expected[name].toArray());
      }
      expect(paddingShare(batch)).toBe(0.25); // known without asking the device
    }
  });

  it("refuses options that it does not have", () => {
    const options = { pad_to_multiple_of: 8 } as object;
    expect(() => new DataCollatorWithPadding(tokenizer, options)).toThrow(
      new ConfigError('the collator has no option "pad_to_multiple_of"; did you mean padToMultipleOf?'),
    );
    expect(() => new DataCollatorWithFlattening({ return_seq_idx: true } as object)).toThrow(
      /did you mean returnSeqIdx/,
    );
    expect(() => new DataCollatorForLanguageModeling(tokenizer, { mlm_probability: 1 } as object)).toThrow(
      /did you mean mlmProbability/,
    );
  });

  it.each<[string, readonly object[] | Record<string, unknown[]>, RegExp]>([
    ["no rows", [], /at least one row/],
    ["no input_ids", [{ ids: [1] }], /needs input_ids; it was given ids/],
    ["a text column", [{ ...rows[0], sentence: "He said it ." }], /"sentence" of row 0 .*the string "He said it \."/],
    ["a null label", [rows[0], { ...rows[1], label: null }], /"label" of row 1 .*null|"labels" of row 1 .*null/],
    [
      "a row without a column",
      [rows[0], { input_ids: [2], attention_mask: [1] }],
      /row 1 of the batch has no "label"; it has input_ids/,
    ],
    [
      "ragged vectors",
      [
        { input_ids: [2], tags: [1, 2] },
        { input_ids: [2], tags: [1] },
      ],
      /"tags" of row 1 .*a list of 1.*row 0 is of shape \[2\]/,
    ],
    [
      "a number among vectors",
      [
        { input_ids: [2], tags: [1] },
        { input_ids: [2], tags: 1 },
      ],
      /"tags" of row 1 .*number 1/,
    ],
    ["columns of unequal length", { input_ids: [[1], [2]], label: [1] }, /differ in length: input_ids 2, label 1/],
    [
      "a mask of another length",
      [{ input_ids: [2, 3], attention_mask: [1] }],
      /row 0 has 2 input_ids and 1 of attention_mask/,
    ],
  ])("refuses %s", (_, data, message) => {
    const collate = () => collator.collate(data as readonly object[]);
    expect(collate).toThrow(message);
    expect(collate).toThrow(DataError);
  });
});

describe("DefaultDataCollator", () => {
  it("makes a tensor of each column of numbers and leaves out texts and nulls", async () => {
    const batch = new DefaultDataCollator().collate([
      { x: [1, 2], score: 0.5, label: 3, name: "a", nothing: null },
      { x: [3, 4], score: 1, label: 4, name: "b", nothing: null },
    ]);
    expect(Object.keys(batch)).toEqual(["x", "score", "labels"]);
    expect([batch.x.dtype, batch.score.dtype, batch.labels.dtype]).toEqual(["int32", "float32", "int32"]);
    expect(await batch.x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => new DefaultDataCollator().collate([{ x: [1] }, { x: [1, 2] }])).toThrow(/"x" of row 1/);
  });
});

describeShared("MRPC's first eight rows", () => {
  it("have the chapter's lengths and collate to 8 x 67", async () => {
    const file = await asyncBufferFromFile(sharedPath("hub/datasets/nyu-mll/glue/mrpc/train-00000-of-00001.parquet"));
    const rows = (await parquetReadObjects({ file, rowEnd: 8 })) as {
      sentence1: string;
      sentence2: string;
      label: bigint;
    }[];
    const pretrained = await minilm();
    const samples = rows.map(({ sentence1, sentence2, label }) => ({
      ...pretrained(sentence1, sentence2, { truncation: true }),
      label: Number(label),
    }));
    expect(samples.map(({ input_ids }) => input_ids.length)).toEqual([50, 59, 47, 67, 59, 50, 62, 32]);
    const batch = new DataCollatorWithPadding(pretrained).collate(samples);
    expect(Object.entries(batch).map(([name, { shape }]) => [name, shape])).toEqual([
      ["input_ids", [8, 67]],
      ["token_type_ids", [8, 67]],
      ["attention_mask", [8, 67]],
      ["labels", [8]],
    ]);
  });
});
