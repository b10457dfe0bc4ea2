// More words than the checkpoint has: room for tokens that were added to its tokenizer.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AutoModel, AutoModelForMaskedLM } from "../../src/models/index.js";
import { terminal } from "../../src/support/terminal.js";
import { noGrad, tensor } from "../../src/tensor/index.js";
import { describeShared, sharedPath } from "../shared.js";
import { SMALL_VOCABULARY, small } from "../tokenizers/small.js";

const NEW = 3;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "attune-vocabulary-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

describeShared("a larger vocab_size", () => {
  it.each(["albert", "bert", "distilbert", "electra", "modernbert", "roberta"])(
    "keeps what %s scores, and scores a new word as the mean of the others without their biases",
    async (family) => {
      const folder = sharedPath(`fixtures/models/${family}-masked-lm`);
      const before = await AutoModelForMaskedLM.fromPretrained(folder);
      const words = Number(before.config.vocab_size);
      const after = await AutoModelForMaskedLM.fromPretrained(folder, { vocab_size: words + NEW });
      const again = join(root, family);
      await after.savePretrained(again);
      const saved = await AutoModelForMaskedLM.fromPretrained(again);
      const batch = { input_ids: tensor([[5, 9, 7, 6]], { dtype: "int32" }) };
      const [old, grown, loaded] = await Promise.all(
        [before, after, saved].map((model) => noGrad(() => model.forward(batch)).logits.toArray()),
      );
      expect(loaded).toEqual(grown);
      const [bias] = Array.from(after.namedParameters()).filter(
        ([, { shape }]) => shape.join() === String(words + NEW),
      );
      const biases = Array.from(await bias[1].data());
      expect(biases.slice(words)).toEqual([0, 0, 0]);
      const meanBias = biases.reduce((sum, value) => sum + value, 0) / words;
      for (const [i, scores] of (old as number[][][])[0].entries()) {
        const now = (grown as number[][][])[0][i];
        expect(now).toHaveLength(words + NEW);
        // A score is linear in the row and the bias of its word; the two tables are one.
        const mean = scores.reduce((sum, score) => sum + score, 0) / words - meanBias;
        for (const score of now.slice(words)) expect(Math.abs(score - mean)).toBeLessThan(1e-5);
        scores.forEach((score, word) => {
          expect(Math.abs(now[word] - score)).toBeLessThan(1e-5);
        });
      }
    },
  );
});

describe("tokens that were added", () => {
  const config = {
    model_type: "bert",
    vocab_size: SMALL_VOCABULARY.length,
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 24,
    max_position_embeddings: 16,
  };

  it("have rows in a model of as many words as the tokenizer has, and are learned", async () => {
    const folder = join(root, "added");
    await AutoModelForMaskedLM.fromConfig(config, { seed: 1 }).savePretrained(folder);
    const tokenizer = small();
    tokenizer.addTokens(["<new>", "<newer>"]);
    const said = vi.spyOn(terminal, "writeLine").mockImplementation(() => {});
    const model = await AutoModelForMaskedLM.fromPretrained(folder, { vocab_size: tokenizer.length });
    expect(said.mock.calls.flat().join("\n")).toContain(
      `2 words that the checkpoint has not begin as the mean of its ${SMALL_VOCABULARY.length}: ` +
        "bert.embeddings.word_embeddings.weight, cls.predictions.bias",
    );
    said.mockRestore();
    const inputs = tokenizer(["a <new> b"], { returnTensors: true });
    const { loss } = model.forward({ ...inputs, labels: inputs.input_ids });
    loss.backward();
    const gradient = await model.parameter("bert.embeddings.word_embeddings.weight").grad?.data();
    const row = gradient?.slice(-2 * config.hidden_size, -config.hidden_size); // of <new>
    expect(row?.some((value) => value !== 0)).toBe(true);
  });

  it("do not fit without: fewer words are an error that names both shapes", async () => {
    const folder = join(root, "fewer");
    await AutoModel.fromConfig(config, { seed: 1 }).savePretrained(folder);
    await expect(AutoModel.fromPretrained(folder, { vocab_size: 20 })).rejects.toThrow(
      /word_embeddings.weight: \[\d+, 16\] in the checkpoint, \[20, 16\] in the model/,
    );
  });
});
