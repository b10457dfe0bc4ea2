// Every family's heads against PyTorch: loss, outputs, and every parameter's gradient, on each backend that runs here.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  type HeadModel,
} from "../../src/models/index.js";
import { setBackend, type Tensor } from "../../src/tensor/index.js";
import { backendsHere } from "../backendsHere.js";
import { describeShared } from "../shared.js";
import {
  batchOf,
  expectClose,
  expectGradients,
  flat,
  type Nested,
  type Reference,
  readReference,
  readUnmaskedReference,
} from "./fixtures.js";

// float32 sums of some thousand terms in another order than PyTorch's; outputs are of size 1
const outputTolerance = 2e-6;
// relative to a gradient's norm; PyTorch's own float32 is off by about that much
const gradientEpsilon = 5e-6;

/** Families that ../shared has references of, and those whose references stand beside this test. */
const families = [
  ...["bert", "distilbert", "roberta", "xlm-roberta", "camembert", "electra", "albert"],
  ...["mpnet", "deberta-v2", "modernbert"],
];

/** Further configs of these families, and the heads that references stand for. */
const variants: Readonly<Record<string, readonly string[]>> = {
  "deberta-v2-conv": ["sequence-classification", "masked-lm"],
  "deberta-v2-long": ["sequence-classification"],
  "deberta-v2-c2p": ["masked-lm"],
  "modernbert-mean": ["sequence-classification", "multiple-choice"],
};

interface Output {
  readonly loss: Tensor;
  readonly logits?: Tensor;
  readonly start_logits?: Tensor;
  readonly end_logits?: Tensor;
}

type Load = (folder: string) => Promise<HeadModel>;

const sequence: Load = (folder) => AutoModelForSequenceClassification.fromPretrained(folder);
const heads: readonly { readonly head: string; readonly load: Load; readonly floatLabels?: boolean }[] = [
  { head: "sequence-classification", load: sequence },
  { head: "sequence-classification-regression", load: sequence, floatLabels: true },
  { head: "sequence-classification-multi-label", load: sequence, floatLabels: true },
  { head: "token-classification", load: (folder) => AutoModelForTokenClassification.fromPretrained(folder) },
  { head: "question-answering", load: (folder) => AutoModelForQuestionAnswering.fromPretrained(folder) },
  { head: "multiple-choice", load: (folder) => AutoModelForMultipleChoice.fromPretrained(folder) },
  { head: "masked-lm", load: (folder) => AutoModelForMaskedLM.fromPretrained(folder) },
];

for (const { label, create } of backendsHere()) {
  describeShared(`on ${label}`, () => {
    let before: ReturnType<typeof setBackend>;
    beforeAll(() => {
      before = setBackend(create());
    });
    afterAll(() => {
      setBackend(before)?.close();
    });
    for (const family of [...families, ...Object.keys(variants)]) {
      describe(family, () => {
        for (const { head, load, floatLabels = false } of heads) {
          if (variants[family]?.includes(head) === false) continue;
          it(`${head}: PyTorch's loss, outputs and gradients`, async () => {
            const { reference, folder } = readReference(`${family}-${head}`);
            const model = (await load(folder)).train();
            const output = model.forward(batchOf(reference, floatLabels)) as Output;
            expectClose([await output.loss.item()], [reference.outputs.loss], outputTolerance, "loss");
            const compared = await compareOutputs(output, reference);
            expect(compared, "outputs").toEqual(Object.keys(reference.outputs).filter((name) => name !== "loss"));
            output.loss.backward();
            await expectGradients(model, reference, gradientEpsilon);
          });
        }
      });
    }

    it.each(["bert-sequence-classification", "roberta-sequence-classification"])(
      "%s: padding tokens that no mask covers are attended to, and their row learns nothing",
      async (name) => {
        const { reference, folder } = readUnmaskedReference(name);
        const model = (await AutoModelForSequenceClassification.fromPretrained(folder)).train();
        const output = model.forward(batchOf(reference, false));
        expectClose([await output.loss.item()], [reference.outputs.loss], outputTolerance, "loss");
        expectClose(await output.logits.data(), flat(reference.outputs.logits ?? []), outputTolerance, "logits");
        output.loss.backward();
        await expectGradients(model, reference, gradientEpsilon);
      },
    );

    it.each([...families, "deberta-v2-conv", "modernbert-mean"])(
      "%s: the same logits where only the device knows the mask",
      async (family) => {
        const { reference, folder } = readReference(`${family}-sequence-classification`);
        const model = await AutoModelForSequenceClassification.fromPretrained(folder);
        const batch = batchOf(reference, false);
        batch.attention_mask.markChanged(); // as if a kernel had written it
        const logits = await model.forward(batch).logits.data();
        expectClose(logits, flat(reference.outputs.logits ?? []), outputTolerance, "logits");
      },
    );

    it.each(["mpnet", "deberta-v2", "modernbert"])("%s: the same logits with padding on the left", async (family) => {
      const { reference, folder } = readReference(`${family}-sequence-classification`);
      const model = await AutoModelForSequenceClassification.fromPretrained(folder);
      const lengths = reference.inputs.attention_mask.map((row) => flat([row]).filter((value) => value === 1).length);
      const turn = (row: Nested, i: number): Nested[] => {
        const values = row as Nested[];
        return [...values.slice(lengths[i]), ...values.slice(0, lengths[i])];
      };
      const inputs = Object.fromEntries(
        Object.entries(reference.inputs).map(([name, rows]) => [name, rows.map((row, i) => turn(row, i))]),
      );
      const logits = await model.forward(batchOf({ ...reference, inputs }, false)).logits.data();
      expectClose(logits, flat(reference.outputs.logits ?? []), outputTolerance, "logits");
    });

    it("gives a row the same logits wherever it stands in the batch", async () => {
      const { reference, folder } = readReference("bert-sequence-classification");
      const model = await AutoModelForSequenceClassification.fromPretrained(folder);
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

/** Compares the outputs that the reference has, per token only where the mask is 1. Returns their names. */
async function compareOutputs(output: Output, reference: Reference): Promise<string[]> {
  const mask = flat(reference.inputs.attention_mask);
  const names: string[] = [];
  for (const name of ["logits", "start_logits", "end_logits"] as const) {
    const values = reference.outputs[name];
    const tensor = output[name];
    if (!values || !tensor) continue;
    names.push(name);
    const expected = flat(values);
    const width = expected.length / mask.length; // a whole number where there is a value, or several, a token
    const real = (_: number, i: number): boolean => !Number.isInteger(width) || mask[Math.floor(i / width)] === 1;
    expectClose(Array.from(await tensor.data()).filter(real), expected.filter(real), outputTolerance, name);
  }
  return names;
}
