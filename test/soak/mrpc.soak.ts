// Three epochs of MRPC with MiniLM and the defaults, three seeds: the means of accuracy and F1 beside PyTorch's.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadDataset } from "../../src/datasets/index.js";
import { glue } from "../../src/metrics/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { Trainer } from "../../src/trainer/index.js";
import { describeShared, sharedJson, sharedPath } from "../shared.js";

const seeds = [42, 1, 2];
const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeShared("MiniLM on MRPC, the Hugging Face defaults", () => {
  it("reaches PyTorch's scores", { timeout: 3_600_000 }, async () => {
    const expected = sharedJson<{ mrpc_mean: { accuracy: number; f1: number } }>("fixtures/scores.json").mrpc_mean;
    const checkpoint = sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2");
    const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
    const raw = await loadDataset(sharedPath("hub/datasets/nyu-mll/glue"), "mrpc");
    const tokenized = await raw.map(
      (rows, { tokenizer }) => tokenizer(rows.sentence1 as string[], rows.sentence2 as string[], { truncation: true }),
      { batched: true, with: { tokenizer } },
    );
    const scores: { accuracy: number; f1: number }[] = [];
    for (const seed of seeds) {
      const outputDir = await mkdtemp(join(tmpdir(), "attune-mrpc-"));
      folders.push(outputDir);
      const trainer = new Trainer({
        model: await AutoModelForSequenceClassification.fromPretrained(checkpoint, { numLabels: 2, seed }),
        args: { outputDir, seed, evalStrategy: "epoch", numTrainEpochs: 3 },
        trainDataset: tokenized.train,
        evalDataset: tokenized.validation,
        processingClass: tokenizer,
        computeMetrics: glue("mrpc"),
      });
      await trainer.train();
      const { eval_accuracy, eval_f1 } = await trainer.evaluate();
      scores.push({ accuracy: eval_accuracy, f1: eval_f1 });
      console.log(`seed ${seed}: accuracy ${eval_accuracy.toFixed(4)}, F1 ${eval_f1.toFixed(4)}`);
    }
    for (const name of ["accuracy", "f1"] as const) {
      const mean = scores.reduce((sum, score) => sum + score[name], 0) / scores.length;
      console.log(`mean ${name}: ${mean.toFixed(4)}, PyTorch's ${expected[name]}`);
      // seeds differ by about 0.01; a mean of three further off than 0.02 is a defect
      expect(Math.abs(mean - expected[name])).toBeLessThanOrEqual(0.02);
    }
  });
});
