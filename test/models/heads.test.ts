// What heads make of padding, of labels that are wrong, and of batches that do not fit.
import { describe, expect, it } from "vitest";
import {
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForTokenClassification,
} from "../../src/models/index.js";
import { type Tensor, tensor } from "../../src/tensor/index.js";

const tiny = {
  model_type: "bert",
  vocab_size: 30,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 12,
};
const int = (values: number | number[] | number[][] | number[][][]): Tensor => tensor(values, { dtype: "int32" });

describe("question answering", () => {
  const model = AutoModelForQuestionAnswering.fromConfig(tiny, { seed: 3 });
  const answer = { start_positions: int([1]), end_positions: int([2]) };

  it("gives a row the same loss however much padding follows it, and no span in the padding", async () => {
    const alone = model.forward({ input_ids: int([[1, 2, 3, 4]]), ...answer });
    const padded = model.forward({
      input_ids: int([[1, 2, 3, 4, 0, 0, 0]]),
      attention_mask: int([[1, 1, 1, 1, 0, 0, 0]]),
      ...answer,
    });
    // the same sums in the same order but for the softmax's, of a few float32 roundings
    expect(Math.abs((await padded.loss.item()) - (await alone.loss.item()))).toBeLessThan(1e-6);
    const starts = await padded.start_logits.data();
    expect(padded.start_logits.shape).toEqual([1, 7]);
    expect(Array.from(starts.subarray(4))).toEqual([-1e30, -1e30, -1e30].map(Math.fround));
    expect(Math.max(...starts)).toBe(Math.max(...starts.subarray(0, 4)));
  });

  it("does the same where the mask is known to the device only", async () => {
    const input_ids = int([[1, 2, 3, 4, 0, 0]]);
    const attention_mask = int([[1, 1, 1, 1, 0, 0]]);
    const host = model.forward({ input_ids, attention_mask, ...answer });
    const expected = await host.loss.item();
    attention_mask.markChanged(); // as if a kernel had written it
    const device = model.forward({ input_ids, attention_mask, ...answer });
    expect(Math.abs((await device.loss.item()) - expected)).toBeLessThan(1e-6);
    expect((await device.end_logits.data())[5]).toBe(Math.fround(-1e30));
  });

  it("takes positions as Python does: a negative one is 0, one beyond the length is not asked", async () => {
    const loss = (start: number[], end: number[]): Promise<number> =>
      model
        .forward({
          input_ids: int([
            [1, 2, 3],
            [4, 5, 6],
          ]),
          start_positions: int(start),
          end_positions: int(end),
        })
        .loss.item();
    expect(await loss([-1, 1], [2, 2])).toBe(await loss([0, 1], [2, 2]));
    expect(await loss([3, 1], [99, 2])).toBe(await loss([7, 1], [3, 2]));
    await expect(loss([3, 3], [3, 3])).rejects.toThrow(/loss.*step/s); // nothing asked: no mean, as in Python
  });

  it("says which answer lies in the padding, and what does not fit", () => {
    const input_ids = int([[1, 2, 0]]);
    const attention_mask = int([[1, 1, 0]]);
    const forward = (extra: Record<string, Tensor>) => model.forward({ input_ids, attention_mask, ...extra });
    expect(() => forward({ start_positions: int([0]), end_positions: int([2]) })).toThrow(
      /end_positions: position 2 of row 0 is padding.*truncated/,
    );
    expect(() => forward({ start_positions: int([0, 1]), end_positions: int([1]) })).toThrow(
      /start_positions must be int32 \[batch\] for 1 rows/,
    );
    expect(() => forward({ start_positions: int([0]) }).loss).toThrow(/no labels/);
    expect(() => forward({ labels: int([0]) })).toThrow(
      /takes input_ids.*start_positions, end_positions; the batch also has "labels"/,
    );
  });

  it("has two outputs, whatever labels the config has", () => {
    const other = AutoModelForQuestionAnswering.fromConfig({ ...tiny, id2label: { 0: "a", 1: "b", 2: "c" } });
    expect(other.parameter("qa_outputs.weight").shape).toEqual([2, 16]);
    expect(other.config.id2label).toEqual({ 0: "LABEL_0", 1: "LABEL_1" });
  });
});

describe("token classification", () => {
  const model = AutoModelForTokenClassification.fromConfig(tiny, { seed: 3, numLabels: 4 });

  it("does not read labels at padding, and gives zeros there", async () => {
    const input_ids = int([[1, 2, 3, 0]]);
    const attention_mask = int([[1, 1, 1, 0]]);
    const a = model.forward({ input_ids, attention_mask, labels: int([[-100, 1, 3, -100]]) });
    const b = model.forward({ input_ids, attention_mask, labels: int([[-100, 1, 3, 2]]) });
    expect(await b.loss.item()).toBe(await a.loss.item());
    expect(a.logits.shape).toEqual([1, 4, 4]);
    expect(Array.from((await a.logits.data()).subarray(12))).toEqual([0, 0, 0, 0]);
  });

  it("names a label that is out of range", () => {
    expect(() => model.forward({ input_ids: int([[1, 2]]), labels: int([[0, 4]]) })).toThrow(/label 4 .*0 ... 3/);
  });
});

describe("multiple choice", () => {
  const model = AutoModelForMultipleChoice.fromConfig(tiny, { seed: 3 });

  it("says what shape it takes, and what does not fit it", () => {
    expect(() => model.forward({ input_ids: int([[1, 2]]) })).toThrow(
      /input_ids must be int32 \[batch, choices, length\]/,
    );
    expect(() => model.forward({ input_ids: int([[[1], [2]]]), attention_mask: int([[1]]) })).toThrow(
      /attention_mask \[1, 1\] does not fit input_ids \[1, 2, 1\]/,
    );
    expect(() => model.forward({ input_ids: int([[[1], [2]]]), labels: int([2]) })).toThrow(/label 2 .*2 classes/);
  });
});
