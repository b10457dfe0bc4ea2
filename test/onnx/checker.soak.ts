// Python's onnx on the files of every family and head, in float32 and in int8: its full check with strict shape inference.
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import {
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
} from "../../src/models/index.js";
import { onnxGraph, quantizeDynamic, writeOnnx } from "../../src/onnx/index.js";
import { readReference } from "../parity/fixtures.js";
import { describeShared } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.ATTUNE_BENCH_PYTHON ?? here("../../bench/.venv/bin/python");
const hasOnnx = spawnSync(python, ["-c", "import onnx"]).status === 0;
const scratch = temporaryFolder("checker");

const families = [
  ...["bert", "distilbert", "roberta", "xlm-roberta", "camembert", "electra", "albert"],
  ...["mpnet", "deberta-v2", "modernbert"],
];
const heads = {
  encoder: AutoModel,
  "sequence-classification": AutoModelForSequenceClassification,
  "token-classification": AutoModelForTokenClassification,
  "question-answering": AutoModelForQuestionAnswering,
  "multiple-choice": AutoModelForMultipleChoice,
  "masked-lm": AutoModelForMaskedLM,
};

/** Sizes that make the fixtures' layers as large as int8 asks. */
const SIZES = ["hidden_size", "dim", "hidden_dim", "intermediate_size", "embedding_size", "pooler_hidden_size"];

interface Checked {
  readonly opset: Readonly<Record<string, number>>;
  readonly without_shape: readonly string[];
  readonly outputs: Readonly<Record<string, readonly unknown[]>>;
}

describeShared("Python's onnx", () => {
  describe.skipIf(!hasOnnx)(hasOnnx ? "checks" : `skipped: ${python} has no onnx (bench/setup.sh)`, () => {
    it.each(families)("%s, with every head", async (family) => {
      const { folder } = readReference(`${family}-sequence-classification`);
      const small = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
      const grown = SIZES.filter((name) => name in small).map((name) => [name, 4 * (small[name] as number)] as const);
      const config = { ...small, ...Object.fromEntries(grown) };
      const files: string[] = [];
      for (const [head, Auto] of Object.entries(heads)) {
        const graph = onnxGraph(Auto.fromConfig(config, { seed: 1 }));
        const quantized = await quantizeDynamic(graph);
        expect(quantized.nodes.some(({ type }) => type === "MatMulInteger")).toBe(true);
        for (const [form, content] of [["float", graph] as const, ["int8", quantized] as const]) {
          const path = join(scratch, `${family}-${head}-${form}.onnx`);
          await writeOnnx(path, content);
          files.push(path);
        }
      }
      const script = here("../../bench/peers/onnx_peer.py");
      const { stdout } = await promisify(execFile)(python, [script, "check", ...files]);
      const checked = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Checked);
      expect(checked).toHaveLength(files.length);
      for (const { opset, without_shape, outputs } of checked) {
        expect([opset, without_shape]).toEqual([{ "ai.onnx": 17 }, []]);
        for (const shape of Object.values(outputs)) expect(shape[0]).toBe("batch_size");
      }
    });
  });
});
