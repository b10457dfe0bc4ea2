// Pipelines against transformers' own, on tiny models (fixtures by python.py): the same outputs for the same texts.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, expectTypeOf, it } from "vitest";
import { AutoModel, AutoModelForTokenClassification } from "../../src/models/index.js";
import { type EntityGroup, pipeline, type Question, type TokenLabel } from "../../src/pipelines/index.js";
import { ConfigError, DataError } from "../../src/support/errors.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const reference = JSON.parse(readFileSync(fixture("reference.json"), "utf8"));

/** Values of order one in float32, from weights so large that two layers multiply the rounding by about ten. */
const TOLERANCE = 2e-5;

/** The place of a code point, as Python counts, among UTF-16 units. */
const units = (text: string, point: number) => [...text].slice(0, point).join("").length;

/** Compares an output with Python's, whose places are those of code points in `text`. */
function expectSame(found: unknown, wanted: unknown, text = "", path = "output"): void {
  if (typeof wanted === "number") {
    const value = /\.(start|end)$/.test(path) ? units(text, wanted) : wanted;
    expect(Math.abs((found as number) - value), `${path}: ${found}, not ${value}`).toBeLessThan(TOLERANCE);
  } else if (typeof wanted === "object" && wanted !== null) {
    expect(Object.keys(found as object).sort(), path).toEqual(Object.keys(wanted).sort());
    for (const [key, value] of Object.entries(wanted)) {
      expectSame((found as Record<string, unknown>)[key], value, text, `${path}.${key}`);
    }
  } else expect(found, path).toBe(wanted);
}

describe("token-classification", () => {
  it.each(Object.keys(reference.tokens))("labels as Python does, strategy %s", async (strategy) => {
    const label = await pipeline("token-classification", fixture("tokens"));
    const options = { aggregationStrategy: strategy as "simple", batchSize: 3 };
    const found = await label(reference.texts as string[], options);
    expect(found).toHaveLength(reference.texts.length);
    for (const [i, text] of reference.texts.entries()) expectSame(found[i], reference.tokens[strategy][i], text);
    expectSame(await label(reference.texts[0], options), reference.tokens[strategy][0], reference.texts[0]);
  });

  it("gives all labels, reads long texts in parts, and takes words", async () => {
    const label = await pipeline("ner", fixture("tokens"));
    expectSame(await label(reference.texts[0], { ignoreLabels: [] }), reference.allTokens, reference.texts[0]);
    expectSame(
      await label(reference.long, { aggregationStrategy: "simple", stride: 8 }),
      reference.strided,
      reference.long,
    );
    const words = reference.words as string[];
    expectSame(
      await label(words, { isSplitIntoWords: true, aggregationStrategy: "first" }),
      reference.ofWords,
      words.join(" "),
    );
    expectTypeOf(await label("a")).toEqualTypeOf<TokenLabel[]>();
    expectTypeOf(await label("a", { aggregationStrategy: "simple" })).toEqualTypeOf<EntityGroup[]>();
    expectTypeOf(await label(["a"])).toEqualTypeOf<TokenLabel[][]>();
  });

  it("says what it does not take", async () => {
    const label = await pipeline("token-classification", fixture("tokens"));
    await expect(label(3 as never)).rejects.toThrow(TypeError); // nothing that could be walked
    await expect(label([3] as never)).rejects.toThrow(/input 0 of the pipeline is 3; a text is needed/);
    await expect(label("a", { aggregationStrategy: "some" as never })).rejects.toThrow(/"some" is not known/);
    await expect(label("a", { stride: -1 })).rejects.toThrow(/stride is -1/);
    const model = await AutoModelForTokenClassification.fromPretrained(fixture("tokens"));
    await expect(pipeline("token-classification", model)).rejects.toThrow(ConfigError);
    await expect(pipeline("token-clasification" as "ner", model)).rejects.toThrow(
      'did you mean "token-classification"?',
    );
  });
});

describe("question-answering", () => {
  it("answers as transformers 4 does", async () => {
    const answer = await pipeline("question-answering", fixture("answers"));
    for (const { input, options, output } of reference.answers) {
      const given = {
        maxSeqLen: options.max_seq_len ?? 32,
        ...(options.doc_stride ? { docStride: options.doc_stride as number } : {}),
        ...(options.max_answer_len ? { maxAnswerLen: options.max_answer_len as number } : {}),
        handleImpossibleAnswer: options.handle_impossible_answer ?? false,
        alignToWords: options.align_to_words ?? true,
      };
      const { top_k: topK } = options;
      const found = topK === undefined ? await answer(input, given) : await answer(input, { ...given, topK });
      expectSame(found, output, input.context, JSON.stringify([input.question, options]));
    }
  });

  it("answers many questions at once, and says what it does not take", async () => {
    const answer = await pipeline("question-answering", fixture("answers"));
    const inputs = (reference.answers as { input: Question }[]).map(({ input }) => input).slice(0, 8);
    const alone = await Promise.all(inputs.map((input) => answer(input)));
    const together = await answer(inputs, { batchSize: 3 });
    expect(together.map(({ answer }) => answer)).toEqual(alone.map(({ answer }) => answer));
    await expect(answer({ question: "what" } as never)).rejects.toThrow(DataError);
    await expect(answer({ question: "what", context: "" })).rejects.toThrow("the context not empty");
    await expect(answer(inputs[0], { topK: 0 })).rejects.toThrow("topK must be at least 1");
    await expect(answer(inputs[0], { maxSeqLen: 16, docStride: 17 })).rejects.toThrow(ConfigError);
  });
});

describe("fill-mask", () => {
  it("fills masks as Python does", async () => {
    const fill = await pipeline("fill-mask", fixture("words"));
    const { one, two, targets } = reference.masks;
    expectSame(await fill(one[0]), one[1]);
    expectSame(await fill(two[0], { topK: 2 }), two[1]);
    expectSame(await fill(targets[0], { targets: ["wrote", "built"] }), targets[1]);
    const many = await fill([one[0], two[0]], { topK: 2 });
    expectSame(many[1], two[1]);
    await expect(fill("no mask")).rejects.toThrow(/input 0 of the pipeline has no \[MASK\]/);
    await expect(fill("[MASK]".padEnd(200, " the"))).rejects.toThrow(/the model takes 32/);
  });
});

describe("feature-extraction", () => {
  it("gives the states that Python gives, and pools them", async () => {
    const extract = await pipeline("feature-extraction", fixture("words"));
    const { none, ...pooled } = reference.features;
    const rows = await extract(reference.texts[3]);
    expectSame(
      rows.map((row) => Array.from(row)),
      none,
    );
    for (const mode of ["mean", "cls", "max"] as const) {
      const found = await extract(reference.texts as string[], { pooling: mode, batchSize: 3 });
      expectSame(
        found.map((row) => Array.from(row)),
        pooled[mode],
      );
    }
    const unit = await extract(reference.texts as string[], { pooling: "mean", normalize: true });
    expectSame(
      unit.map((row) => Array.from(row)),
      pooled.normalized,
    );
    expectTypeOf(await extract("a", { pooling: "mean" })).toEqualTypeOf<Float32Array>();
    expectTypeOf(await extract("a")).toEqualTypeOf<Float32Array[]>();
    await expect(extract("a", { pooling: "median" as never })).rejects.toThrow(/pooling "median" is not known/);
    const model = await AutoModelForTokenClassification.fromPretrained(fixture("tokens"));
    await expect(pipeline("feature-extraction", model as never)).rejects.toThrow("needs an encoder");
    await expect(pipeline("feature-extraction", await AutoModel.fromPretrained(fixture("words")))).rejects.toThrow(
      "tokenizer",
    );
  });
});

describe("multiple-choice", () => {
  it("ranks choices by transformers' probabilities, whatever else is in the batch", async () => {
    const choose = await pipeline("multiple-choice", fixture("choices"));
    type Case = { readonly input: { text: string; choices: string[] }; readonly scores: number[] };
    const cases = reference.choices as readonly Case[];
    const found = await choose(cases.map(({ input }) => input));
    for (const [i, { input, scores }] of cases.entries()) {
      const wanted = scores.map((score, index) => ({ choice: input.choices[index], index, score }));
      expectSame(
        found[i],
        wanted.sort((a, b) => b.score - a.score),
      );
      expectSame(await choose(input, { topK: 1 }), [wanted[0]]);
    }
  });

  it("says what it does not take", async () => {
    const choose = await pipeline("multiple-choice", fixture("choices"));
    await expect(choose({ text: "a", choices: ["b"] })).rejects.toThrow(/with two choices at least/);
    await expect(choose("a" as never)).rejects.toThrow(/input 0 of the pipeline is "a"; \{ text, choices \} is needed/);
    await expect(choose({ text: "a", choices: ["b", "c"] }, { topK: 0 })).rejects.toThrow(ConfigError);
  });
});

describe("sentence-similarity", () => {
  it("gives the cosines of means of tokens", async () => {
    const { sourceSentence, sentences, cosines } = reference.sentences;
    const compare = await pipeline("sentence-similarity", fixture("words"));
    expectSame(await compare({ sourceSentence, sentences }), cosines);
    const twice = await compare([
      { sourceSentence, sentences: [sentences[1]] },
      { sourceSentence, sentences: [] },
    ]);
    expectSame(twice, [[cosines[1]], []]);
    await expect(compare({ sourceSentence } as never)).rejects.toThrow(/\{ sourceSentence, sentences \} is needed/);
  });
});
