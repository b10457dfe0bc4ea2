// BERT's heads against PyTorch: loss, logits, and every parameter's gradient, on each backend that runs here.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Batch } from "../../src/batches/index.js";
import {
  AutoModelForMaskedLM,
  AutoModelForSequenceClassification,
  type PreTrainedModel,
} from "../../src/models/index.js";
import { setBackend, type Tensor } from "../../src/tensor/index.js";
import { backendsHere } from "../backendsHere.js";
import { describeShared, sharedPath } from "../shared.js";
import { batchOf, expectClose, expectGradients, type Nested, readReference } from "./fixtures.js";

// float32 sums of some thousand terms in another order than PyTorch's; outputs are of size 1
const outputTolerance = 2e-6;
// relative to a gradient's norm; PyTorch's own float32 is off by about that much
const gradientEpsilon = 5e-6;

interface HeadModel extends Pick<PreTrainedModel, "namedParameters"> {
  train(): HeadModel;
  forward(batch: Batch): { readonly loss: Tensor; readonly logits: Tensor };
}

const classifier = (folder: string): Promise<HeadModel> => AutoModelForSequenceClassification.fromPretrained(folder);
const maskedLM = (folder: string): Promise<HeadModel> => AutoModelForMaskedLM.fromPretrained(folder);

const cases = [
  { name: "bert-sequence-classification", load: classifier, floatLabels: false },
  { name: "bert-sequence-classification-regression", load: classifier, floatLabels: true },
  { name: "bert-sequence-classification-multi-label", load: classifier, floatLabels: true },
  { name: "bert-masked-lm", load: maskedLM, floatLabels: false },
];

for (const { label, create } of backendsHere()) {
  describeShared(`BERT on ${label}`, () => {
    let before: ReturnType<typeof setBackend>;
    beforeAll(() => {
      before = setBackend(create());
    });
    afterAll(() => {
      setBackend(before)?.close();
    });
    for (const { name, load, floatLabels } of cases) {
      describe(name, () => {
        it("has PyTorch's loss, logits and gradients", async () => {
          const reference = readReference(name);
          const model = await load(sharedPath(`fixtures/models/${name}`));
          const output = model.train().forward(batchOf(reference, floatLabels));
          expectClose([await output.loss.item()], [reference.outputs.loss], outputTolerance, "loss");
          const mask = reference.inputs.attention_mask.flat(3) as number[];
          const logits = Array.from(await output.logits.data());
          const expected = flat(reference.outputs.logits ?? []);
          const perToken = name === "bert-masked-lm";
          const width = expected.length / (perToken ? mask.length : 1);
          const real = (_: number, i: number): boolean => !perToken || mask[Math.floor(i / width)] === 1;
          expectClose(logits.filter(real), expected.filter(real), outputTolerance, "logits");
          output.loss.backward();
          await expectGradients(model, reference, gradientEpsilon);
        });
      });
    }

    it("gives a row the same logits wherever it stands in the batch", async () => {
      const name = "bert-sequence-classification";
      const reference = readReference(name);
      const model = await AutoModelForSequenceClassification.fromPretrained(sharedPath(`fixtures/models/${name}`));
      const straight = batchOf(reference, false);
      const turned = batchOf(
        {
          ...reference,
          inputs: Object.fromEntries(Object.entries(reference.inputs).map(([key, rows]) => [key, rows.toReversed()])),
        },
        false,
      );
      const a = await model.forward(straight).logits.data();
      const b = await model.forward(turned).logits.data();
      const rows = [4, 5, 2, 3, 0, 1].map((i) => b[i]);
      expectClose(rows, a, outputTolerance, "logits of the reversed batch");
      expect(a.length).toBe(6);
    });
  });
}

function flat(nested: Nested[]): number[] {
  return nested.flatMap((item) => (typeof item === "number" ? [item] : flat(item)));
}
