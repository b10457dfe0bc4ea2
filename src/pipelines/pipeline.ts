// pipeline(task, model): loads what the task needs.
import type { HubOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import { ConfigError, nearest } from "../support/errors.js";
import {
  type ClassificationModel,
  loadTextClassification,
  type TextClassificationPipeline,
  type TokenizerLike,
} from "./text-classification.js";

export interface PipelineOptions extends HubOptions {
  /** The tokenizer. Default: that of the model. */
  readonly tokenizer?: TokenizerLike;
}

const tasks = {
  "text-classification": loadTextClassification,
  "sentiment-analysis": loadTextClassification, // the same under its older name
};

/**
 * A function that does `task` with a model: `const classify = await pipeline("text-classification", "runs/mrpc")`.
 * @param model A checkpoint's folder, a name on the Hub, or a model that was loaded or trained already (then with
 *   `tokenizer`).
 * @throws ConfigError for an unknown task or folder, HubError where the Hub does not have it or does not give it, FileFormatError for damaged files.
 */
export async function pipeline(
  task: keyof typeof tasks,
  model: string | ClassificationModel,
  options: PipelineOptions = {},
): Promise<TextClassificationPipeline> {
  if (!Object.hasOwn(tasks, task)) {
    const names = Object.keys(tasks);
    const near = nearest(task, names);
    throw new ConfigError(`no pipeline for "${task}"${near ? `; did you mean "${near}"?` : ""} (${names.join(", ")})`);
  }
  return tasks[task](model, options.tokenizer, splitHubOptions(options).hub);
}
