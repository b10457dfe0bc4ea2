// Tasks and the classes of models that are for them.
import {
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  type ModelOptions,
  type PreTrainedModel,
  taskOfArchitecture,
} from "../models/index.js";
import { ConfigError } from "../support/errors.js";
import { type OnnxTask, onnxTasks } from "./task-names.js";

interface ExportTask {
  readonly load: (nameOrFolder: string, options: ModelOptions) => Promise<PreTrainedModel>;
  /** transformers.js has a pipeline of this name. */
  readonly hasPipeline: boolean;
}

const tasks: Readonly<Record<OnnxTask, ExportTask>> = {
  "text-classification": {
    load: (name, options) => AutoModelForSequenceClassification.fromPretrained(name, options),
    hasPipeline: true,
  },
  "token-classification": {
    load: (name, options) => AutoModelForTokenClassification.fromPretrained(name, options),
    hasPipeline: true,
  },
  "question-answering": {
    load: (name, options) => AutoModelForQuestionAnswering.fromPretrained(name, options),
    hasPipeline: true,
  },
  "fill-mask": {
    load: (name, options) => AutoModelForMaskedLM.fromPretrained(name, options),
    hasPipeline: true,
  },
  "multiple-choice": {
    load: (name, options) => AutoModelForMultipleChoice.fromPretrained(name, options),
    hasPipeline: false,
  },
  "feature-extraction": {
    load: (name, options) => AutoModel.fromPretrained(name, options),
    hasPipeline: true,
  },
};

export function exportTask(task: OnnxTask): ExportTask {
  return tasks[task];
}

/**
 * The task that a class of models is for: that of "BertForSequenceClassification" is text classification.
 * @throws ConfigError for one that is for none of them
 */
export function taskOf(architecture: string | undefined, where: string): OnnxTask {
  const task = taskOfArchitecture(architecture);
  if (task) return task;
  throw new ConfigError(
    `${where}: architectures says ${JSON.stringify(architecture)}, which names no task; say which of ${onnxTasks.join(", ")}`,
  );
}
