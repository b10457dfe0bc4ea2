// attune eval: a trained model's loss and metrics on a split of a dataset.
import { DataError } from "../support/errors.js";
import { integer, text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { dataFlags } from "./data-flags.js";
import { trainedModelFlags } from "./model-flags.js";

const evalFlags = {
  ...trainedModelFlags,
  split: text({
    default: undefined,
    placeholder: "NAME",
    help: "split to measure on",
    defaultNote: "validation, or test",
  }),
  batchSize: integer({ default: 32, min: 1, help: "rows in a batch" }),
} as const;

export const command = defineCommand({
  name: "eval",
  description: "Measures a trained model on a dataset. The figures are printed as JSON.",
  usage: ["attune eval --model runs/mrpc --dataset glue --config mrpc --split validation"],
  sections: [
    { title: "What to measure", flags: evalFlags },
    { title: "Data", flags: dataFlags },
  ],
  flags: { ...evalFlags, ...dataFlags },
  required: ["model", "dataset"],
  run: async (values) => {
    const [{ AutoModelForSequenceClassification }, { AutoTokenizer }, { Trainer }, tasks, data] = await Promise.all([
      import("../models/index.js"),
      import("../tokenizers/index.js"),
      import("../trainer/index.js"),
      import("../tasks/index.js"),
      import("./data.js"),
    ]);
    const { model: folder = "", batchSize, revision } = values;
    const { raw, task } = await data.loadTask(values);
    const [split] = values.split === undefined ? task.evaluationSplits : [values.split];
    if (split === undefined) {
      throw new DataError(
        `${values.dataset} has no split validation or test; say with --split which of ${raw.splitNames.join(", ")}`,
      );
    }
    const tokenizer = await AutoTokenizer.fromPretrained(folder, { revision });
    const model = await AutoModelForSequenceClassification.fromPretrained(folder, { revision });
    const limit = tasks.lengthLimit(values.maxLength, tokenizer, model.config);
    const { tokenized: dataset, lengths } = await tasks.tokenizeSplit(raw.split(split), task, tokenizer, limit);
    tasks.sayCut(split, lengths, limit);
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
