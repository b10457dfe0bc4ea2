// attune quickstart: fine-tunes the small BERT that comes with the package on the sample that comes with it, offline.
import { fileURLToPath } from "node:url";
import { integer, number, text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { attuneCommand } from "./invocation.js";

const flags = {
  output: text({
    default: "runs/quickstart",
    placeholder: "PATH",
    help: "folder that the trained model is written to",
  }),
  epochs: number({ default: 3, above: 0, help: "passes over the training rows" }),
  maxSteps: integer({ default: -1, min: -1, help: "optimizer steps, in place of epochs where positive" }),
  seed: integer({ default: 42, min: 0, help: "seed of dropout, the new head and the order of rows" }),
} as const;

export const command = defineCommand({
  name: "quickstart",
  description:
    "Fine-tunes a small BERT on sentence pairs, both part of this package: a first run that needs no network and no data.",
  usage: ["attune quickstart", "attune quickstart --epochs 1 --output runs/first"],
  sections: [{ title: "Flags", flags }],
  flags,
  required: [],
  run: async (values) => {
    const [{ currentBackend }, { TrainingArguments }, data, { runTask }, report] = await Promise.all([
      import("../tensor/index.js"),
      import("../trainer/index.js"),
      import("./data.js"),
      import("./run-task.js"),
      import("./report.js"),
    ]);
    const { raw, task } = await data.loadTask({ ...noDataFlags, dataset: assetPath("sample") });
    const [pair] = raw.validation.slice(0, 1);
    console.log(`Engine: ${currentBackend().description}\nFine-tuning on ${raw.train.length} rows like this one:`);
    console.log(`${JSON.stringify(pair, null, 2)}\n`);

    const { trainer, output } = await runTask({
      checkpoint: assetPath("model"),
      raw,
      task,
      args: new TrainingArguments({
        outputDir: values.output,
        numTrainEpochs: values.epochs,
        maxSteps: values.maxSteps,
        seed: values.seed,
        saveTotalLimit: 1,
        ...quickstartRecipe,
      }),
      revision: undefined,
      maxLength: undefined,
      freshOptimizer: false,
      freshHead: false,
      card: { dataset: "Attune's sample of sentence pairs" },
      examine: false,
    });
    report.printResults(trainer, output);
    const last = trainer.state.logHistory.findLast((row) => row.eval_accuracy !== undefined);
    console.log(
      `\nDone in ${Math.round(output.metrics.train_runtime)} s: training loss ${output.trainingLoss.toFixed(3)}` +
        (last ? `, validation loss ${last.eval_loss.toFixed(3)}, accuracy ${last.eval_accuracy.toFixed(3)}` : ""),
    );
    report.printWhatNext(
      trainer,
      task.textColumns.map((column) => String(pair[column])),
      [
        `${attuneCommand()} train --help    (your own model and data)`,
        "examples/    (the same in TypeScript, a file a step)",
      ],
    );
    return report.exitStatus(output);
  },
});

/** What suits a model of this size, from random heads, in a minute or two. */
export const quickstartRecipe = {
  perDeviceTrainBatchSize: 16,
  perDeviceEvalBatchSize: 64,
  learningRate: 5e-4,
  warmupSteps: 0.1,
  evalStrategy: "epoch",
} as const;

const noDataFlags = {
  config: undefined,
  textColumn: undefined,
  pairColumn: undefined,
  labelColumn: undefined,
  maxLength: undefined,
};

function assetPath(name: string): string {
  return fileURLToPath(new URL(`../../assets/${name}`, import.meta.url));
}
