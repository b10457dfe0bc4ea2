// attune train: fine-tunes a model on a dataset and writes it to a folder.
import { trainingFields } from "../trainer/arguments.js";
import { text, toggle } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { dataFlags } from "./data-flags.js";

const modelFlags = {
  model: text({ default: undefined, placeholder: "PATH", help: "folder of the checkpoint to start from" }),
  output: text({ default: undefined, placeholder: "PATH", help: "folder that the trained model is written to" }),
} as const;

const { outputDir: _, ...training } = trainingFields;
const resumeFlags = {
  freshOptimizer: toggle({
    default: false,
    help: "with resumeFromCheckpoint: AdamW's moments start anew, so that the checkpoint need not hold them",
  }),
} as const;
const evalStrategy = { ...training.evalStrategy, defaultNote: "epoch where there is a split to evaluate on" };
const trainingFlags = { ...training, evalStrategy, ...resumeFlags };

const flags = { ...modelFlags, ...dataFlags, ...trainingFlags };

export const command = defineCommand({
  name: "train",
  description: "Fine-tunes a pretrained model on a dataset, and writes a folder that `attune predict` and Python load.",
  usage: [
    "attune train --model PATH --dataset PATH --config mrpc --output runs/mrpc",
    "attune train --model PATH --dataset reviews.parquet --text-column review --label-column stars --output runs/reviews",
  ],
  sections: [
    { title: "Model", flags: modelFlags },
    { title: "Data", flags: dataFlags },
    { title: "Training", flags: trainingFlags },
  ],
  flags,
  required: ["model", "dataset", "output"],
  run: async (values, given) => {
    const [{ AutoModelForSequenceClassification }, { AutoTokenizer }, { Trainer, TrainingArguments }, data, report] =
      await Promise.all([
        import("../models/index.js"),
        import("../tokenizers/index.js"),
        import("../trainer/index.js"),
        import("./data.js"),
        import("./report.js"),
      ]);
    const { model: checkpoint = "", output: outputDir } = values;
    const { raw, task } = await data.loadTask(values);
    const { evaluationSplit } = task;
    const evalStrategy = given.has("evalStrategy") ? values.evalStrategy : evaluationSplit ? "epoch" : "no";
    const options = Object.fromEntries(
      Object.keys(training).map((name) => [name, values[name as keyof typeof training]]),
    );
    const args = new TrainingArguments({ ...options, outputDir, evalStrategy });

    const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
    const head = { ...data.headOptions(task), seed: args.seed };
    const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint, head);
    const limit = data.lengthLimit(values.maxLength, tokenizer, model.config);
    const tokenize = (split: string) => data.tokenizeSplit(raw.split(split), task, tokenizer, limit);
    const trainer = new Trainer({
      model,
      args,
      trainDataset: await tokenize("train"),
      evalDataset: evaluationSplit === undefined ? undefined : await tokenize(evaluationSplit),
      processingClass: tokenizer,
      computeMetrics: task.metric,
      card: {
        baseModel: checkpoint,
        dataset: values.dataset,
        datasetConfig: values.config,
        datasetSplit: evaluationSplit,
        task: "text-classification",
      },
    });
    const output = await trainer.train({ freshOptimizer: values.freshOptimizer });
    report.printResults(trainer, output);
    const [row] = raw.train.slice(0, 1);
    report.printWhatNext(
      trainer,
      task.textColumns.map((column) => String(row[column])),
    );
    return report.exitStatus(output);
  },
});
