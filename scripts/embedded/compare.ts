// What pretraining brings: fine-tunes the embedded BERT, and the same model from scratch, on the embedded sample as the
// quickstart does, for three seeds, and prints the table of docs/embedded.md. `npx tsx scripts/embedded/compare.ts`
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { quickstartRecipe } from "../../src/cli/quickstart.js";
import { loadDataset } from "../../src/datasets/index.js";
import { glue } from "../../src/metrics/index.js";
import { AutoConfig, AutoModelForSequenceClassification } from "../../src/models/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { Trainer } from "../../src/trainer/index.js";

const SEEDS = [1, 2, 3];
const assets = fileURLToPath(new URL("../../assets/", import.meta.url));
const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: join(assets, "model") },
    epochs: { type: "string", default: "3" },
    lr: { type: "string", default: String(quickstartRecipe.learningRate) },
  },
});

const raw = await loadDataset<{ sentence1: string; sentence2: string; label: number; idx: number }>(
  join(assets, "sample"),
);
const tokenizer = await AutoTokenizer.fromPretrained(flags.model);
const tokenized = await raw.map((rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2), {
  batched: true,
  with: { tokenizer },
});

/** Accuracy on the validation split, and the seconds that training took. */
async function fineTune(pretrained: boolean, seed: number): Promise<{ accuracy: number; seconds: number }> {
  const model = pretrained
    ? await AutoModelForSequenceClassification.fromPretrained(flags.model, { seed })
    : AutoModelForSequenceClassification.fromConfig(await AutoConfig.fromPretrained(flags.model), { seed });
  const outputDir = await mkdtemp(join(tmpdir(), "attune-compare-"));
  try {
    const trainer = new Trainer({
      model,
      args: {
        ...quickstartRecipe,
        outputDir,
        numTrainEpochs: Number(flags.epochs),
        learningRate: Number(flags.lr),
        evalStrategy: "no",
        saveStrategy: "no",
        seed,
      },
      trainDataset: tokenized.train,
      evalDataset: tokenized.validation,
      processingClass: tokenizer,
      computeMetrics: glue("mrpc"),
    });
    const { metrics } = await trainer.train();
    const { eval_accuracy } = await trainer.evaluate();
    return { accuracy: eval_accuracy, seconds: metrics.train_runtime };
  } finally {
    await rm(outputDir, { recursive: true, force: true });
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

console.log(
  `| | ${SEEDS.map((seed) => `seed ${seed}`).join(" | ")} | mean | seconds |\n|${" --- |".repeat(SEEDS.length + 3)}`,
);
for (const pretrained of [true, false]) {
  const runs: { accuracy: number; seconds: number }[] = [];
  for (const seed of SEEDS) runs.push(await fineTune(pretrained, seed));
  const accuracies = runs.map((run) => run.accuracy);
  const cells = [...accuracies, mean(accuracies)].map(percent);
  const seconds = Math.round(mean(runs.map((run) => run.seconds)));
  console.log(`| ${pretrained ? "pretrained" : "from scratch"} | ${cells.join(" | ")} | ${seconds} |`);
}
