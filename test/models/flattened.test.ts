// Rows that a collator flattened into one: models keep them apart, as if each had come by itself.
import { describe, expect, it } from "vitest";
import { DataCollatorForTokenClassification, DataCollatorWithFlattening } from "../../src/batches/index.js";
import { AutoModelForMaskedLM } from "../../src/models/index.js";
import { noGrad, tensor } from "../../src/tensor/index.js";
import { describeShared, sharedPath } from "../shared.js";
import { small } from "../tokenizers/small.js";

const ROWS = [
  { input_ids: [2, 9, 7, 6, 3], labels: [-100, -100, 8, 6, -100] },
  { input_ids: [2, 5, 3], labels: [-100, 5, -100] },
  { input_ids: [2, 11, 12, 13, 14, 15, 3], labels: [-100, 11, -100, -100, 9, 15, -100] },
];

/** Where RoBERTa and its kin begin to count: behind the padding token's id. */
const POSITIONS_START: Readonly<Record<string, number>> = { roberta: 2 };

describeShared("a flattened batch", () => {
  it.each(["albert", "bert", "distilbert", "electra", "modernbert", "roberta"])("in %s", async (family) => {
    const model = await AutoModelForMaskedLM.fromPretrained(sharedPath(`fixtures/models/${family}-masked-lm`));
    const takesPositions = model.inputNames.includes("position_ids");
    expect(takesPositions).toBe(true);
    const collator = new DataCollatorWithFlattening({ positionIdsStart: POSITIONS_START[family] ?? 0 });
    const padded = new DataCollatorForTokenClassification(small()).collate(ROWS);
    // The padding token of the fixtures is not that of the collator's tokenizer; what stands at padding is not read.
    const flattened = collator.collate(ROWS);
    const [together, apart] = noGrad(() => [model.forward(flattened), model.forward(padded)]);
    expect(flattened.input_ids.shape).toEqual([1, 15]);
    expect(Math.abs((await together.loss.item()) - (await apart.loss.item()))).toBeLessThan(1e-6);
    const logits = (await together.logits.toArray()) as number[][][];
    const rows = (await apart.logits.toArray()) as number[][][];
    const expected = ROWS.flatMap(({ input_ids }, row) => rows[row].slice(0, input_ids.length));
    logits[0].forEach((scores, token) => {
      scores.forEach((score, word) => {
        expect(Math.abs(score - expected[token][word])).toBeLessThan(1e-5);
      });
    });
  });
});

describe("positions that begin anew", () => {
  const config = { model_type: "bert", vocab_size: 20, hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2 };
  const sizes = { intermediate_size: 24, max_position_embeddings: 8 };
  const model = AutoModelForMaskedLM.fromConfig({ ...config, ...sizes }, { seed: 1 });
  const ids = (rows: number[][]) => tensor(rows, { dtype: "int32" });

  it("let a flattened row be longer than the model's positions, but no sequence of it", () => {
    const positions = [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5];
    const input_ids = ids([Array(12).fill(5)]);
    expect(model.forward({ input_ids, position_ids: ids([positions]) }).logits.shape).toEqual([1, 12, 20]);
    const long = [...Array(9).keys(), 0, 1, 2];
    expect(() => model.forward({ input_ids, position_ids: ids([long]) })).toThrow(/9 tokens long.* 8 positions/);
    expect(() => model.forward({ input_ids })).toThrow(/12 tokens long/);
  });

  it("mean nothing beside a mask, nor do positions that only skip", async () => {
    const input_ids = ids([[5, 6, 7, 8]]);
    const scores = (batch: object) => model.forward({ input_ids, ...batch }).logits.data();
    const skipping = { position_ids: ids([[0, 2, 3, 7]]) };
    const attention_mask = ids([[1, 1, 1, 1]]);
    expect(await scores(skipping)).toEqual(await scores({ ...skipping, attention_mask }));
    const again = { position_ids: ids([[0, 1, 0, 1]]) };
    expect(await scores(again)).not.toEqual(await scores({ ...again, attention_mask }));
  });

  it("of another shape than the ids are refused", () => {
    const batch = {
      input_ids: ids([
        [5, 6],
        [7, 8],
      ]),
      position_ids: ids([[0, 1]]),
    };
    expect(() => model.forward(batch)).toThrow("position_ids [1, 2] do not fit input_ids [2, 2]");
  });
});
