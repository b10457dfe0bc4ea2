// attune eval: a trained model's loss and metrics on a split of a dataset.
import { DataError } from "../support/errors.js";
import { integer, text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { checkSource, dataFlags, fileFlags, ownDataFlags } from "./data-flags.js";
import { trainedModelFlags } from "./model-flags.js";
import { choicesOf, foundTaskFlag, taskFlags } from "./task-flags.js";

const evalFlags = {
  ...trainedModelFlags,
  ...foundTaskFlag,
  split: text({
    default: undefined,
    placeholder: "NAME",
    help: "split to measure on",
    defaultNote: "validation, or test; of --data without them all rows",
  }),
  batchSize: integer({ default: 32, min: 1, help: "rows in a batch" }),
} as const;

const rowFlags = {
  data: { ...ownDataFlags.data, help: `${ownDataFlags.data.help}; all of its rows where it has no splits` },
  ...fileFlags,
  ...dataFlags,
};

export const command = defineCommand({
  name: "eval",
  description: "Measures a trained model on a dataset. The figures are printed as JSON.",
  usage: [
    "attune eval --model runs/mrpc --dataset glue --config mrpc --split validation",
    "attune eval --model runs/reviews --data more-reviews.csv",
  ],
  sections: [
    { title: "What to measure", flags: evalFlags },
    { title: "Task", flags: taskFlags },
    { title: "Data", flags: rowFlags },
  ],
  flags: { ...evalFlags, ...taskFlags, ...rowFlags },
  required: ["model"],
  run: async (values) => {
    checkSource("eval", values);
    const [{ AutoModelForSequenceClassification }, { AutoTokenizer }, { Trainer }, tasks, data] = await Promise.all([
      import("../models/index.js"),
      import("../tokenizers/index.js"),
      import("../trainer/index.js"),
      import("../tasks/index.js"),
      import("./data.js"),
    ]);
    const { model: folder = "", batchSize, revision } = values;
    const plans = await import("./run-plan.js");
    const kind = values.task === "found" ? await plans.taskOf(folder, revision) : values.task;
    if (kind !== "text-classification") {
      const choices = choicesOf(values);
      const raw = await plans.loadForPlan(kind, { ...values, seed: undefined }, choices);
      const found = await plans.measurePlan(kind, { ...values, raw, checkpoint: folder, batchSize, choices });
      console.log(JSON.stringify(found, null, 2));
      return 0;
    }
    const tokenizer = await AutoTokenizer.fromPretrained(folder, { revision });
    const model = await AutoModelForSequenceClassification.fromPretrained(folder, { revision });
    const own = values.data === undefined ? {} : tasks.labelsOf(model.config);
    const { raw, task } = await data.loadTask({ ...values, ...own, seed: null });
    const [found] = task.evaluationSplits;
    const split = values.split ?? found ?? (values.data === undefined ? undefined : raw.splitNames[0]);
    if (split === undefined) {
      throw new DataError(
        `${values.dataset} has no split validation or test; say with --split which of ${raw.splitNames.join(", ")}`,
      );
    }
    const limit = tasks.lengthLimit(values.maxLength, tokenizer, model.config);
    const dataset = await tasks.tokenizeSplit(raw, split, task, tokenizer, limit);
    const trainer = new Trainer({
      model,
      args: { perDeviceEvalBatchSize: batchSize, saveStrategy: "no" },
      processingClass: tokenizer,
      computeMetrics: task.metric,
    });
    console.log(JSON.stringify(await trainer.evaluate(dataset), null, 2));
    return 0;
  },
});
