// Rows of token classification and question answering, answers from scores, and SQuAD 2's measures, against transformers'
// tokenizer and the rules of its examples (token-tasks.py).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ClassLabel, Dataset, List } from "../../src/datasets/index.js";
import { squadV2 } from "../../src/metrics/index.js";
import {
  alignLabels,
  answerFeatures,
  findAnswers,
  findTagColumns,
  tokenizeTagged,
  trainFeatures,
} from "../../src/tasks/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";

const place = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const reference = JSON.parse(readFileSync(place("token-tasks.json"), "utf8"));
const tokenizer = await AutoTokenizer.fromPretrained(place("../pipelines/fixtures/tokens"));

describe("tagged words", () => {
  const rows = reference.sentences.map(([tokens, ner_tags]: [string[], number[]]) => ({ tokens, ner_tags }));
  const features = { ner_tags: new List(new ClassLabel({ names: reference.labels })) };
  const dataset = Dataset.fromRows(rows, { features }) as unknown as Dataset;

  it.each([
    ["first", false],
    ["all", true],
  ])("become labelled tokens as in Python: %s tokens of a word", async (name, labelAllTokens) => {
    const columns = findTagColumns(dataset);
    expect(columns).toEqual({ words: "tokens", tags: "ner_tags", labelNames: reference.labels });
    const found = await tokenizeTagged(dataset, columns, tokenizer, { maxLength: 24, labelAllTokens });
    expect(found.columnNames).toEqual(expect.arrayContaining(["input_ids", "attention_mask", "labels"]));
    for (const [i, { input_ids, labels }] of reference[name].entries()) {
      expect(Array.from(found.at(i).input_ids as number[])).toEqual(input_ids);
      expect(Array.from(found.at(i).labels as number[], Number)).toEqual(labels);
    }
  });

  it("may have names for tags, and are found or asked for", async () => {
    const named = Dataset.fromRows([
      { words: ["Ada", "wrote"], tags: ["B-PER", "O"] },
      { words: ["the"], tags: ["O"] },
    ]);
    const columns = findTagColumns(named as Dataset);
    expect(columns).toEqual({ words: "words", tags: "tags", labelNames: ["O", "B-PER"] });
    const found = await tokenizeTagged(named as Dataset, columns, tokenizer, { maxLength: 8 });
    expect(Array.from(found.at(0).labels as number[], Number)).toEqual([-100, 1, 0, -100]);
    expect(() => findTagColumns(named as Dataset, { tagsColumn: "labels" })).toThrow("--label-column labels");
    expect(() => findTagColumns(dataset.renameColumn("tokens", "text"))).toThrow(
      /--text-column which of text, ner_tags/,
    );
    expect(() => alignLabels([null, 0, 1, null], [1])).toThrow("word 1 has no label: the row has 1 labels");
  });
});

describe("questions with contexts", () => {
  const rows = reference.questions.map(([id, question, context, text, answer_start]: unknown[]) => ({
    id,
    question,
    context,
    answers: { text, answer_start },
  }));
  const dataset = Dataset.fromRows(rows as Record<string, unknown>[]) as Dataset;
  const options = { maxLength: 24, docStride: 6 };

  it("become rows with the places of answers, as in Python", async () => {
    const found = await trainFeatures(dataset, tokenizer, options);
    expect(found.length).toBe(reference.features.length);
    for (const [i, { input_ids, start, end }] of reference.features.entries()) {
      const row = found.at(i);
      expect(Array.from(row.input_ids as number[]), `row ${i}`).toEqual(input_ids);
      expect([Number(row.start_positions), Number(row.end_positions)], `row ${i}`).toEqual([start, end]);
    }
  });

  it.each([
    ["answers", false],
    ["answersOrNone", true],
  ])("are answered from scores as in Python: %s", async (name, withoutAnswers) => {
    const features = await answerFeatures(dataset, tokenizer, options);
    const { starts, ends } = reference;
    const scores = (values: number[][]) => ({
      shape: [values.length, values[0].length],
      data: Float64Array.from(values.flat()),
    });
    const both = { start_logits: scores(starts), end_logits: scores(ends) };
    const found = findAnswers(dataset, features, both, { withoutAnswers, maxAnswerLength: 8 });
    expect(Object.fromEntries(found.map(({ id, prediction_text }) => [id, prediction_text]))).toEqual(reference[name]);
    for (const [i, { span, prediction_text }] of found.entries()) {
      expect((rows[i].context as string).slice(...span)).toBe(prediction_text);
    }
    const fewer = { start_logits: scores(starts.slice(1)), end_logits: scores(ends.slice(1)) };
    expect(() => findAnswers(dataset, features, fewer)).toThrow(/rows of scores for/);
  });

  it("need SQuAD's columns", async () => {
    await expect(trainFeatures(dataset.removeColumns(["answers"]), tokenizer)).rejects.toThrow(
      "answers is missing among id, question, context",
    );
  });
});

describe("squad_v2", () => {
  it.each(["1.0", "0.5"])("scores as Python's script does, threshold %s", (threshold) => {
    const predictions = Object.entries(reference.predictions as Record<string, [string, number]>).map(
      ([id, [prediction_text, no_answer_probability]]) => ({ id, prediction_text, no_answer_probability }),
    );
    const references = Object.entries(reference.wanted as Record<string, string[]>).map(([id, text]) => ({
      id,
      answers: { text },
    }));
    const found = squadV2({ noAnswerThreshold: Number(threshold) }).compute({ predictions, references });
    const wanted = reference.squadV2[threshold];
    expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
    for (const [key, value] of Object.entries(wanted)) {
      expect(Math.abs(found[key] - (value as number)), `${key}: ${found[key]}, not ${value}`).toBeLessThan(1e-9);
    }
    expect(() => squadV2().compute()).toThrow("nothing to compute");
    expect(() => squadV2().compute({ predictions: [], references })).toThrow("question q1 has no prediction");
  });
});
