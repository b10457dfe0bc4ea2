// Collators beside transformers' and torch's on the same rows (python.json, written by python.py), and what is random in
// masked language modelling.
import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type Batch,
  DataCollatorForLanguageModeling,
  DataCollatorForMultipleChoice,
  DataCollatorForTokenClassification,
  DataCollatorWithFlattening,
  DataCollatorWithPadding,
  DefaultDataCollator,
  defaultCollate,
  type LanguageModelingCollatorOptions,
  type PaddingCollatorOptions,
} from "../../src/batches/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { Tensor, tensor } from "../../src/tensor/index.js";
import { small } from "../tokenizers/small.js";

const python = JSON.parse(readFileSync(new URL("python.json", import.meta.url), "utf8"));

/** A batch as Python lists; booleans of torch are integers here. */
async function lists(value: unknown): Promise<unknown> {
  if (value instanceof Tensor) return await value.toArray();
  if (Array.isArray(value)) return await Promise.all(value.map(lists));
  if (typeof value !== "object" || value === null) return typeof value === "boolean" ? Number(value) : value;
  const entries = Object.entries(value).map(async ([name, item]) => [name, await lists(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

const row = (length: number, fields: object = {}) => ({
  input_ids: Int32Array.from({ length }, (_, i) => 4 + i),
  attention_mask: new Int32Array(length).fill(1),
  ...fields,
});

describe("DataCollatorWithPadding", () => {
  const rows = [row(4, { token_type_ids: [0, 0, 1, 1], label: 1 }), row(2, { token_type_ids: [0, 1], label: 0 })];
  const paddings: Record<string, PaddingCollatorOptions> = {
    longest: {},
    max_length: { padding: "max_length", maxLength: 6 },
    multiple: { padToMultipleOf: 8 },
    "max_length multiple": { padding: "max_length", maxLength: 6, padToMultipleOf: 4 },
  };

  it.each(Object.entries(paddings))("pads as transformers' does: %s", async (name, options) => {
    for (const side of ["right", "left"] as const) {
      const tokenizer = small();
      tokenizer.paddingSide = side;
      const batch = new DataCollatorWithPadding(tokenizer, options).collate(rows);
      expect(await lists(batch)).toEqual(python.withPadding[`${name}, ${side}`]);
    }
  });

  it("takes label_ids, several a row", async () => {
    const several = [row(2, { label_ids: [0.5, 1, 0] }), row(2, { label_ids: [0, 0.25, 1] })];
    expect(await lists(new DataCollatorWithPadding(small()).collate(several))).toEqual(python.multiLabel);
  });
});

describe("DefaultDataCollator", () => {
  it("makes of rows what transformers' makes of them", async () => {
    const batches = [
      [row(2, { label: 1, name: "a" }), row(2, { label: 0, name: "b" })],
      [row(2, { label_ids: [0.5, 1] }), row(2, { label_ids: [0, 1] })],
      [
        { x: 1.5, label: 2.5 },
        { x: 2, label: 3 },
      ],
    ];
    const made = batches.map((rows) => new DefaultDataCollator().collate(rows));
    expect(await Promise.all(made.map(lists))).toEqual(python.default);
  });
});

describe("DataCollatorForTokenClassification", () => {
  const rows = [
    row(4, { labels: [-100, 1, 2, -100] }),
    row(2, { labels: [3, 4] }),
    row(5, { labels: [0, 0, 1, 1, 2] }),
  ];

  it.each(["right", "left"] as const)("pads labels with the tokens, on the %s", async (side) => {
    const tokenizer = small();
    tokenizer.paddingSide = side;
    const collator = new DataCollatorForTokenClassification(tokenizer, { padToMultipleOf: 4 });
    expect(await lists(collator.collate(rows))).toEqual(python.tokenClassification[side]);
    const other = new DataCollatorForTokenClassification(small(), { padToMultipleOf: 4, paddingSide: side });
    expect(await lists(other.collate(rows))).toEqual(python.tokenClassification[side]);
  });

  it("takes rows without labels, and labels of another name and padding", async () => {
    const collator = new DataCollatorForTokenClassification(small(), { labelPadTokenId: -1 });
    expect(Object.keys(collator.collate([row(2)]))).toEqual(["input_ids", "attention_mask"]);
    const { labels } = collator.collate([row(2, { label: [1n, 2n] }), row(1, { label: [0n] })]);
    expect(await labels.toArray()).toEqual([
      [1, 2],
      [0, -1],
    ]);
  });

  it.each([
    ["too few labels", [row(3, { labels: [1, 2] })], /row 0 of the batch has 2 labels for 3 tokens/],
    ["one label for all", [row(3, { labels: 1 })], /the label 1 for 3 tokens/],
    ["a label that is none", [row(1, { labels: ["B-PER"] })], /label 0 of row 0 of the batch is B-PER/],
  ])("refuses %s", (_, data, message) => {
    const collate = () => new DataCollatorForTokenClassification(small()).collate(data);
    expect(collate).toThrow(DataError);
    expect(collate).toThrow(message);
  });
});

describe("DataCollatorForMultipleChoice", () => {
  const rows = [
    {
      input_ids: [
        [4, 5],
        [4, 5, 6],
      ],
      attention_mask: [
        [1, 1],
        [1, 1, 1],
      ],
      label: 1,
    },
    { input_ids: [[7], [8, 9]], attention_mask: [[1], [1, 1]], label: 0 },
  ];

  it("pads the choices of all rows to one length", async () => {
    const batch = new DataCollatorForMultipleChoice(small()).collate(rows);
    expect(await lists(batch)).toEqual(python.multipleChoice);
    expect(batch.input_ids.host).toBeDefined(); // padding is planned from the values of the mask
    expect(batch.attention_mask.host).toBeDefined();
  });

  it("refuses rows of unequally many choices", () => {
    const collate = () =>
      new DataCollatorForMultipleChoice(small()).collate([rows[0], { ...rows[1], input_ids: [[7]] }]);
    expect(collate).toThrow(DataError);
    expect(collate).toThrow(/"input_ids" of row 1 of the batch has 1 entries, one for each of 2 choices/);
  });
});

describe("DataCollatorWithFlattening", () => {
  it("makes one sequence of the rows", async () => {
    const collator = new DataCollatorWithFlattening({ returnFlashAttnKwargs: true, returnSeqIdx: true });
    const { max_length_q: _, max_length_k: __, ...expected } = python.flattening; // numbers, no tensors
    expect(await lists(collator.collate([row(3), row(2), row(1)]))).toEqual(expected);
    const other = new DataCollatorWithFlattening({ positionIdsStart: 2, separatorId: -1 });
    expect(await lists(other.collate([row(3, { labels: [7, 8, 9] }), row(2, { labels: [-100, 1] })]))).toEqual(
      python.flatteningLabels,
    );
    expect(Object.keys(new DataCollatorWithFlattening({ returnPositionIds: false }).collate([row(2)]))).toEqual([
      "input_ids",
      "labels",
    ]);
  });

  it("refuses rows without ids, or with other labels", () => {
    const collator = new DataCollatorWithFlattening();
    expect(() => collator.collate([{ text: "a" }])).toThrow(/have no "input_ids"/);
    expect(() => collator.collate([row(2, { labels: [1] })])).toThrow(
      /row 0 of the batch has 2 input_ids and 1 labels/,
    );
    expect(() => collator.collate([{ input_ids: [1.5] }])).toThrow(DataError);
  });
});

describe("defaultCollate", () => {
  it("says which collator pads rows of tokens", () => {
    expect(() => defaultCollate([row(3), row(2)])).toThrow(
      /"input_ids" of row 1 .*a list of 2.*\[3\]: pass collator: new DataCollatorWithPadding\(tokenizer\)/,
    );
  });

  it("goes into rows as torch's does", async () => {
    const rows = [
      { x: 1, name: "a", inner: { score: 0.5, on: true }, vector: Int32Array.of(1, 2) },
      { x: 2, name: "b", inner: { score: 2, on: false }, vector: Int32Array.of(3, 4) },
    ];
    const batch = defaultCollate(rows);
    expectTypeOf(batch.inner.score).toEqualTypeOf<Tensor>();
    expectTypeOf(batch.name).toEqualTypeOf<string[]>();
    const expected = python.defaultCollate;
    expected.inner.on = expected.inner.on.map(Number);
    expect(await lists(batch)).toEqual(expected);
    expect([batch.x.dtype, batch.inner.score.dtype, batch.vector.dtype]).toEqual(["int32", "float32", "int32"]);
  });

  it("stacks lists of numbers, and goes into other lists place by place", async () => {
    const batch = defaultCollate([
      { ids: [1, 2], pair: [{ a: 1 }, { a: 2 }], words: ["x", "y"] },
      { ids: [3, 4], pair: [{ a: 3 }, { a: 4 }], words: ["z", "w"] },
    ]);
    expect(await lists(batch)).toEqual({
      ids: [
        [1, 2],
        [3, 4],
      ],
      pair: [{ a: [1, 3] }, { a: [2, 4] }],
      words: [
        ["x", "z"],
        ["y", "w"],
      ],
    });
    expect(await lists(defaultCollate([1.5, 2]))).toEqual([1.5, 2]);
  });

  it("puts tensors one on another", async () => {
    const ids = [
      [1, 2],
      [3, 4],
    ];
    const rows = ids.map((row) => ({ scores: tensor(row), ids: tensor(row, { dtype: "int32" }), one: tensor([0.5]) }));
    const batch = defaultCollate(rows);
    expect(await lists(batch)).toEqual({ scores: ids, ids, one: [[0.5], [0.5]] });
    expect([batch.scores.dtype, batch.ids.dtype]).toEqual(["float32", "int32"]);
    expect(batch.ids.host).toEqual(Int32Array.of(1, 2, 3, 4));
  });

  it("makes floats where the dataset says so", () => {
    const batch = defaultCollate([{ score: 1, inner: { y: 2 } }], {
      features: { score: { dtype: "float32" }, inner: { y: { dtype: "float64" } } },
    });
    expect([batch.score.dtype, batch.inner.y.dtype]).toEqual(["float32", "float32"]);
  });

  it.each<[string, readonly unknown[], RegExp]>([
    ["no rows", [], /at least one row/],
    ["a null", [{ a: null }], /"a" of row 0 of the batch is null/],
    [
      "lists of unequal length",
      [{ a: ["x"] }, { a: ["x", "y"] }],
      /"a" of row 1 of the batch is a list of 2.*list of 1/,
    ],
    ["ragged numbers", [{ a: [1] }, { a: [1, 2] }], /"a" of row 1/],
    ["a missing field", [{ a: { b: 1 } }, { a: {} }], /row 1 of the batch has no "a\.b"/],
    ["a number among strings", [{ a: "x" }, { a: 1 }], /"a" of row 1 of the batch is 1, and that of row 0 a string/],
    ["ragged tensors", [{ a: tensor([1]) }, { a: tensor([1, 2]) }], /"a" of row 1 .*Tensor\(\[2\].*of shape \[1\]/],
    ["a tensor among numbers", [{ a: tensor([1]) }, { a: [1] }], /"a" of row 1 .*a list of 1/],
  ])("refuses %s", (_, rows, message) => {
    expect(() => defaultCollate(rows)).toThrow(DataError);
    expect(() => defaultCollate(rows)).toThrow(message);
  });
});

describe("DataCollatorForLanguageModeling", () => {
  const tokenizer = small();
  const many = Array.from({ length: 200 }, (_, i) =>
    tokenizer(`the fox jumped over ${"abcdefghij "[i % 10]} the foxes`),
  );
  const host = (batch: Batch, name: string) => batch[name].host as Int32Array;
  const masked = (options: LanguageModelingCollatorOptions, context = {}) =>
    new DataCollatorForLanguageModeling(tokenizer, options).collate(many, context);

  it("asks for 15 % of the tokens, of which 80 % are [MASK] and 10 % another token", () => {
    const batch = masked({});
    expect(Object.keys(batch)).toEqual(["input_ids", "token_type_ids", "attention_mask", "labels"]);
    const original = many.flatMap(({ input_ids }) => Array.from(input_ids));
    const [ids, labels] = [host(batch, "input_ids"), host(batch, "labels")];
    const counts = { free: 0, asked: 0, masked: 0, kept: 0 };
    original.forEach((id, at) => {
      if (tokenizer.allSpecialIds.includes(id)) {
        expect([ids[at], labels[at]]).toEqual([id, -100]);
        return;
      }
      counts.free++;
      if (labels[at] === -100) {
        expect(ids[at]).toBe(id);
        return;
      }
      expect(labels[at]).toBe(id);
      counts.asked++;
      if (ids[at] === tokenizer.maskTokenId) counts.masked++;
      else if (ids[at] === id) counts.kept++;
      expect(ids[at]).toBeLessThan(tokenizer.length);
    });
    // Four standard deviations of the binomial distributions: n p (1 - p).
    const near = (found: number, n: number, p: number) =>
      expect(Math.abs(found - n * p)).toBeLessThan(4 * Math.sqrt(n * p * (1 - p)));
    near(counts.asked, counts.free, 0.15);
    near(counts.masked, counts.asked, 0.8);
    near(counts.kept, counts.asked, 0.1); // and one of a hundred replaced by itself
  });

  it("draws the same for the same seed, epoch and batch, and else another", () => {
    const labels = (options: LanguageModelingCollatorOptions, context: object) =>
      host(masked(options, context), "labels");
    const one = labels({ seed: 1 }, { epoch: 2, batch: 3 });
    expect(labels({ seed: 1 }, { epoch: 2, batch: 3 })).toEqual(one);
    expect(labels({ seed: 2 }, { epoch: 2, batch: 3 })).not.toEqual(one);
    expect(labels({ seed: 1 }, { epoch: 3, batch: 2 })).not.toEqual(one);
    const collator = new DataCollatorForLanguageModeling(tokenizer);
    expect(host(collator.collate(many), "labels")).not.toEqual(host(collator.collate(many), "labels"));
  });

  it("gives causal labels without masking", async () => {
    const rows = [row(3), row(1)];
    const batch = new DataCollatorForLanguageModeling(tokenizer, { mlm: false }).collate(rows);
    expect(await lists(batch)).toEqual(python.causal);
  });

  it("asks for whole words", () => {
    const { offsets, special, ids: words } = python.words as Record<string, number[][]>;
    const rows = offsets.map((spans, i) => ({
      input_ids: spans.map((_, at) => 5 + at),
      offset_mapping: spans,
      special_tokens_mask: special[i],
    }));
    const seen = new Set<string>();
    for (let batch = 0; batch < 60; batch++) {
      const collator = new DataCollatorForLanguageModeling(tokenizer, { wholeWordMask: true, mlmProbability: 0.5 });
      const made = collator.collate(rows, { batch });
      expect(made.special_tokens_mask).toBeUndefined();
      rows.forEach(({ input_ids }, i) => {
        const asked = new Set<number>();
        input_ids.forEach((_, at) => {
          const flat = i * input_ids.length + at;
          const label = host(made, "labels")[flat];
          if (label === -100) return;
          expect(host(made, "input_ids")[flat]).toBe(tokenizer.maskTokenId);
          asked.add(words[i][at]);
        });
        // Whoever is asked for a token of a word is asked for all of them, and for no special token.
        const expected = input_ids.map((id, at) => (asked.has(words[i][at]) ? id : -100));
        expect(Array.from(host(made, "labels").subarray(i * 9, i * 9 + 9))).toEqual(expected);
        expect(asked.has(-1)).toBe(false);
        seen.add(`${i}:${[...asked].join()}`);
      });
    }
    expect(seen.size).toBe(8 + 2); // every subset of three words, and of one
  });

  it.each<[string, () => unknown, RegExp]>([
    ["a share above one", () => masked({ mlmProbability: 2 }), /mlmProbability is 2/],
    ["NaN", () => masked({ mlmProbability: Number.NaN }), /mlmProbability is NaN/],
    [
      "shares above one together",
      () => masked({ maskReplaceProb: 0.9, randomReplaceProb: 0.2 }),
      /together more than 1/,
    ],
    ["whole words of a causal model", () => masked({ mlm: false, wholeWordMask: true }), /goes with mlm: true/],
    ["whole words without offsets", () => masked({ wholeWordMask: true }), /returnOffsetsMapping: true/],
    [
      "a tokenizer without mask token",
      () => new DataCollatorForLanguageModeling({ ...padder, maskTokenId: undefined }),
      /the tokenizer has none: pass mlm: false/,
    ],
  ])("refuses %s", (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(message.source.includes("returnOffsets") ? DataError : ConfigError);
  });

  const padder = {
    pad: tokenizer.pad.bind(tokenizer),
    paddingSide: tokenizer.paddingSide,
    length: tokenizer.length,
    padTokenId: 0,
    allSpecialIds: [],
  };
});
