// attune glue: a model fine-tuned on the tasks of GLUE in turn, each anew, and a table of what it reached.
import { text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { lengthFlags } from "./data-flags.js";
import { UsageError } from "./flags.js";
import { revisionFlags } from "./model-flags.js";
import { argumentsOf, trainingFlags } from "./training-flags.js";

const TASKS = ["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli", "ax"] as const;

const runFlags = {
  model: text({ default: undefined, placeholder: "ID|PATH", help: "checkpoint to start from" }),
  ...revisionFlags,
  output: text({ default: "runs/glue", placeholder: "PATH", help: "folder with a folder for each task" }),
  dataset: text({ default: "glue", placeholder: "ID|PATH", help: "GLUE on the Hub, or a folder in its layout" }),
  tasks: text({
    default: undefined,
    placeholder: "NAMES",
    help: "tasks, with commas between them",
    defaultNote: "all that the dataset has",
  }),
  ...lengthFlags,
} as const;

const flags = { ...runFlags, ...trainingFlags };

export const command = defineCommand({
  name: "glue",
  description:
    "Fine-tunes a model on each task of GLUE, and prints a table of its scores on the validation splits. The diagnostic task\n" +
    "ax has no training rows and no public labels: the model of mnli answers it, in AX.tsv.",
  usage: [
    "attune glue --model bert-base-uncased",
    "attune glue --model PATH --tasks mrpc,rte,stsb --learning-rate 2e-5 --resume-from-checkpoint auto",
  ],
  sections: [
    { title: "What", flags: runFlags },
    { title: "Training", flags: trainingFlags },
  ],
  flags,
  required: ["model"],
  run: async (values, given) => {
    const tasks = tasksOf(values.tasks);
    const asked = given.has("evalStrategy") ? values.evalStrategy : "epoch";
    const argumentsFor = (task: string) =>
      argumentsOf(values, {
        outputDir: `${values.output}/${task}`,
        evalStrategy: asked,
        runName: `${values.runName ?? "glue"}-${task}`,
      });
    for (const task of tasks) argumentsFor(task); // what is wrong with them is said before anything is loaded
    const { runGlue } = await import("./glue-run.js");
    return runGlue({
      checkpoint: values.model ?? "",
      revision: values.revision,
      dataset: values.dataset,
      output: values.output,
      tasks,
      everyTask: values.tasks === undefined,
      argumentsOf: argumentsFor,
      maxLength: values.maxLength,
      freshOptimizer: values.freshOptimizer,
    });
  },
});

function tasksOf(names: string | undefined): string[] {
  if (names === undefined) return [...TASKS];
  const wanted = names.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !(TASKS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`"${unknown}" is not a task of GLUE: ${TASKS.join(", ")} are`);
  return TASKS.filter((task) => wanted.includes(task));
}
