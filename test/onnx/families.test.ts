// Every family's heads as ONNX files, run by onnxruntime, against PyTorch's numbers.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  type HeadModel,
} from "../../src/models/index.js";
import { onnxGraph, writeOnnx } from "../../src/onnx/index.js";
import { expectClose, flat, readReference } from "../parity/fixtures.js";
import { describeShared } from "../shared.js";
import { openSession, run } from "./run.js";

// float32 sums in yet another order; outputs are of size 1
const tolerance = 1e-5;

const scratch = mkdtempSync(join(tmpdir(), "onnx-"));

const families = [
  ...["bert", "distilbert", "roberta", "xlm-roberta", "camembert", "electra", "albert"],
  ...["mpnet", "deberta-v2", "modernbert"],
];

const variants: Readonly<Record<string, readonly string[]>> = {
  "deberta-v2-conv": ["sequence-classification", "masked-lm"],
  "deberta-v2-long": ["sequence-classification"],
  "deberta-v2-c2p": ["masked-lm"],
  "modernbert-mean": ["sequence-classification", "multiple-choice"],
};

const heads: Readonly<Record<string, (folder: string) => Promise<HeadModel>>> = {
  "sequence-classification": (folder) => AutoModelForSequenceClassification.fromPretrained(folder),
  "sequence-classification-regression": (folder) => AutoModelForSequenceClassification.fromPretrained(folder),
  "token-classification": (folder) => AutoModelForTokenClassification.fromPretrained(folder),
  "question-answering": (folder) => AutoModelForQuestionAnswering.fromPretrained(folder),
  "multiple-choice": (folder) => AutoModelForMultipleChoice.fromPretrained(folder),
  "masked-lm": (folder) => AutoModelForMaskedLM.fromPretrained(folder),
};

describeShared("in onnxruntime", () => {
  for (const family of [...families, ...Object.keys(variants)]) {
    describe(family, () => {
      for (const [head, load] of Object.entries(heads)) {
        if (variants[family]?.includes(head) === false) continue;
        it(`${head}: PyTorch's outputs`, async () => {
          const { reference, folder } = readReference(`${family}-${head}`);
          const path = join(scratch, `${family}-${head}.onnx`);
          await writeOnnx(path, onnxGraph(await load(folder)));
          const session = await openSession(path);
          const outputs = await run(session, reference.inputs);
          const { loss: _, ...expected } = reference.outputs;
          expect(Object.keys(outputs)).toEqual(Object.keys(expected));
          const mask = flat(reference.inputs.attention_mask);
          for (const [name, values] of Object.entries(expected)) {
            const numbers = flat(values);
            const width = numbers.length / mask.length; // a whole number where there is a value, or several, a token
            const real = (_: number, i: number) => !Number.isInteger(width) || mask[Math.floor(i / width)] === 1;
            const actual = Array.from(outputs[name].data as Float32Array);
            expectClose(actual.filter(real), numbers.filter(real), tolerance, name);
          }
          await session.release();
        });
      }
    });
  }
});
