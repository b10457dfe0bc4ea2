// Every head that transformers.js has a pipeline for: exported, and run there in both forms of the file, beside Attune's own
// pipelines (which test/pipelines holds against Python's).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { env, pipeline as theirPipeline } from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { cosine, SentenceTransformer } from "../../src/embeddings/index.js";
import { exportOnnx, type OnnxTask } from "../../src/onnx/index.js";
import { pipeline } from "../../src/pipelines/index.js";
import { expectClose } from "../parity/fixtures.js";
import { describeShared, sharedPath } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";

const fixture = (name: string) => fileURLToPath(new URL(`../pipelines/fixtures/${name}`, import.meta.url));
const reference = JSON.parse(readFileSync(fixture("reference.json"), "utf8"));
/** Those without an unknown word, which transformers.js leaves out. */
const texts = [0, 3].map((i) => (reference.texts as string[])[i]);

const scratch = temporaryFolder("onnx-pipelines");
env.allowRemoteModels = false;
env.localModelPath = scratch;

/** float32, and sums in another order. */
const TOLERANCE = 1e-4;

type Their = ((...args: readonly unknown[]) => Promise<unknown>) & { dispose(): Promise<unknown> };

/** Exports a folder and gives what transformers.js makes of it to `use`, in float32 and then in int8. */
async function inTransformersJs(
  folder: string,
  task: OnnxTask,
  use: (theirs: Their, dtype: "fp32" | "q8") => Promise<void>,
): Promise<void> {
  const name = `${task}-${folder.split("/").at(-1)}`;
  await exportOnnx(folder, join(scratch, name), { task });
  for (const dtype of ["fp32", "q8"] as const) {
    const theirs = (await theirPipeline(task as "fill-mask", name, { dtype })) as unknown as Their;
    await use(theirs, dtype);
    await theirs.dispose();
  }
}

const scoresOf = (answers: readonly { readonly score: number }[]) => answers.map(({ score }) => score);
/** The word as transformers.js decodes it. */
const plain = (word: string) => word.replaceAll("##", "").replaceAll(/\s/g, "").toLowerCase();

describe("transformers.js", () => {
  it("labels tokens as Attune does", async () => {
    const label = await pipeline("token-classification", fixture("tokens"));
    const ours = await label(texts, { ignoreLabels: [] });
    await inTransformersJs(fixture("tokens"), "token-classification", async (theirs, dtype) => {
      const answers = (await theirs(texts, { ignore_labels: [] })) as typeof ours;
      for (const [i, entities] of ours.entries()) {
        expect(answers[i].map(({ index, word }) => [index, plain(word)])).toEqual(
          entities.map(({ index, word }) => [index, plain(word)]),
        );
        if (dtype === "q8") continue;
        expect(answers[i].map(({ entity }) => entity)).toEqual(entities.map(({ entity }) => entity));
        expectClose(scoresOf(answers[i]), scoresOf(entities), TOLERANCE, "scores");
      }
    });
  });

  it("answers questions as Attune does", async () => {
    const answer = await pipeline("question-answering", fixture("answers"));
    const { input } = reference.answers[0] as { input: { question: string; context: string } };
    const [best] = await answer(input, { topK: 1, alignToWords: false, maxAnswerLen: 512 });
    await inTransformersJs(fixture("answers"), "question-answering", async (theirs, dtype) => {
      const found = (await theirs(input.question, input.context)) as { answer: string; score: number };
      expect(found.score).toBeGreaterThan(0);
      if (dtype === "q8") return;
      expect(plain(found.answer)).toBe(plain(best.answer));
      expectClose([found.score], [best.score], TOLERANCE, "score");
    });
  });

  it("fills masks as Attune does", async () => {
    const fill = await pipeline("fill-mask", fixture("words"));
    const ours = (await fill("Ada [MASK] the first program.")) as { score: number; token: number; token_str: string }[];
    await inTransformersJs(fixture("words"), "fill-mask", async (theirs, dtype) => {
      const words = (await theirs("Ada [MASK] the first program.")) as typeof ours;
      expect(words).toHaveLength(5);
      if (dtype === "q8") return;
      expect(words.map(({ token, token_str }) => [token, token_str])).toEqual(
        ours.map(({ token, token_str }) => [token, token_str]),
      );
      expectClose(scoresOf(words), scoresOf(ours), TOLERANCE, "scores");
    });
  });

  it("pools features as Attune does", async () => {
    const extract = await pipeline("feature-extraction", fixture("words"));
    await inTransformersJs(fixture("words"), "feature-extraction", async (theirs, dtype) => {
      for (const pooling of ["mean", "cls"] as const) {
        const ours = await extract(texts, { pooling, normalize: true });
        const rows = (await theirs(texts, { pooling, normalize: true })) as { data: Float32Array; dims: number[] };
        expect(rows.dims).toEqual([texts.length, ours[0].length]);
        const tolerance = dtype === "fp32" ? TOLERANCE : 0.1; // rows of length 1, from bytes
        expectClose(
          rows.data,
          ours.flatMap((row) => [...row]),
          tolerance,
          `${pooling} in ${dtype}`,
        );
      }
    });
  });
});

describeShared("a model of sentences", () => {
  it("gives transformers.js the embeddings that it gives here", async () => {
    const folder = sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2");
    const sentences = ["The food was very good.", "He called the food excellent.", "The train was late again."];
    const ours = await (await SentenceTransformer.fromPretrained(folder)).encode(sentences, {
      normalizeEmbeddings: true,
    });
    await inTransformersJs(folder, "feature-extraction", async (theirs, dtype) => {
      const rows = (await theirs(sentences, { pooling: "mean", normalize: true })) as { data: Float32Array };
      for (const [i, row] of ours.entries()) {
        const theirRow = rows.data.subarray(i * row.length, (i + 1) * row.length);
        if (dtype === "fp32") expectClose(theirRow, row, 1e-5, "embedding");
        else expect(cosine(theirRow, row)).toBeGreaterThan(0.95); // bytes in six layers; unrelated texts have about 0
      }
    });
  });
});
