// attune train: fine-tunes a model on a dataset and writes it to a folder.
import { text, toggle } from "../trainer/fields.js";
import { adapterFlags, adapterOf } from "./adapter-flags.js";
import { defineCommand } from "./command.js";
import { checkSource, dataFlags, fileOptions, ownDataFlags } from "./data-flags.js";
import { revisionFlags } from "./model-flags.js";
import { choicesOf, defaultsOf, taskFlags, trainTaskFlag } from "./task-flags.js";
import { argumentsOf, trainingFlags } from "./training-flags.js";

const modelFlags = {
  model: text({ default: undefined, placeholder: "ID|PATH", help: "checkpoint to start from" }),
  ...revisionFlags,
  output: text({ default: undefined, placeholder: "PATH", help: "folder that the trained model is written to" }),
  ignoreMismatchedSizes: toggle({
    default: false,
    help: "a head of another number of outputs than the task has starts anew",
  }),
} as const;

const allDataFlags = { ...ownDataFlags, ...dataFlags };
const allTaskFlags = { ...trainTaskFlag, ...taskFlags };
const flags = { ...modelFlags, ...allTaskFlags, ...allDataFlags, ...adapterFlags, ...trainingFlags };

export const command = defineCommand({
  name: "train",
  description: "Fine-tunes a pretrained model on a dataset, and writes a folder that `attune predict` and Python load.",
  usage: [
    "attune train --model bert-base-uncased --dataset glue --config mrpc --output runs/mrpc",
    "attune train --model bert-base-uncased --data reviews.csv --output runs/reviews",
    "attune train --task token-classification --model bert-base-cased --data names.jsonl --output runs/names",
  ],
  sections: [
    { title: "Model", flags: modelFlags },
    { title: "Task", flags: allTaskFlags },
    { title: "Data", flags: allDataFlags },
    { title: "Adapter", flags: adapterFlags },
    { title: "Training", flags: trainingFlags },
  ],
  flags,
  required: ["model", "output"],
  run: async (asGiven, given) => {
    const values = { ...asGiven, ...defaultsOf(asGiven.task, given) };
    checkSource("train", values);
    const { model: checkpoint = "", output: outputDir } = values;
    const lora = adapterOf(values, given);
    const asked = given.has("evalStrategy") ? values.evalStrategy : "epoch";
    const checked = argumentsOf(values, { outputDir, evalStrategy: asked }); // before anything is loaded
    if (values.task !== "text-classification") {
      const { trainPlanned } = await import("./run-plan.js");
      return trainPlanned({
        task: values.task,
        checkpoint,
        revision: values.revision,
        source: {
          data: values.data,
          dataset: values.dataset,
          config: values.config,
          seed: values.seed,
          ...fileOptions(values),
        },
        argumentsWith: (evalStrategy) => argumentsOf(values, { outputDir, evalStrategy }),
        evalStrategy: given.has("evalStrategy") ? values.evalStrategy : undefined,
        maxLength: values.maxLength,
        choices: choicesOf(values),
        freshOptimizer: values.freshOptimizer,
        freshHead: values.ignoreMismatchedSizes,
        lora,
      });
    }
    const [data, { runTask }, report] = await Promise.all([
      import("./data.js"),
      import("./run-task.js"),
      import("./report.js"),
    ]);
    const { raw, task } = await data.loadTask(values);
    const { evaluationSplits } = task;
    const evalStrategy = given.has("evalStrategy") || evaluationSplits.length > 0 ? asked : "no";
    const { trainer, output } = await runTask({
      checkpoint,
      revision: values.revision,
      raw,
      task,
      args: evalStrategy === asked ? checked : argumentsOf(values, { outputDir, evalStrategy }),
      maxLength: values.maxLength,
      freshOptimizer: values.freshOptimizer,
      freshHead: values.ignoreMismatchedSizes,
      lora,
      card: {
        baseModel: checkpoint,
        dataset: values.dataset,
        datasetConfig: values.config,
        datasetSplit: evaluationSplits[0],
        task: "text-classification",
      },
      examine: values.data !== undefined,
    });
    report.printResults(trainer, output);
    if (output.interrupted) return report.endEarly(trainer, output);
    if (values.data !== undefined && evaluationSplits.length > 0) {
      const { measureBaselines } = await import("../tasks/index.js");
      report.printBaselines(trainer, measureBaselines(raw.train, raw.split(evaluationSplits[0]), task));
    }
    const [row] = raw.train.slice(0, 1);
    report.printWhatNext(
      trainer,
      task.textColumns.map((column) => String(row[column])),
    );
    return 0;
  },
});
