// An adapter's folder as an ordinary model's, with all that stands beside the weights.
import { checkpointFolder } from "../checkpoint/index.js";
import { FewShotClassifier, SentenceTransformer } from "../embeddings/index.js";
import * as models from "../models/index.js";
import { holdsAdapter, PeftModel, readAdapterConfig } from "../peft/index.js";
import { ConfigError } from "../support/errors.js";
import { AutoTokenizer, type PreTrainedTokenizer } from "../tokenizers/index.js";
import { saveTogether } from "../trainer/save.js";
import type { TaskName } from "./task-flags.js";

const HEADS = {
  "text-classification": models.AutoModelForSequenceClassification,
  "token-classification": models.AutoModelForTokenClassification,
  "question-answering": models.AutoModelForQuestionAnswering,
  "multiple-choice": models.AutoModelForMultipleChoice,
  "fill-mask": models.AutoModelForMaskedLM,
} as const;

export interface MergeOptions {
  readonly revision: string | undefined;
  /** In place of the model that the adapter names. */
  readonly base: string | undefined;
  readonly output: string;
}

/** @throws ConfigError where `model` is no adapter, or there is no model that it belongs to; as fromPretrained */
export async function mergeAdapter(task: TaskName, model: string, options: MergeOptions): Promise<void> {
  const { revision, base, output } = options;
  const hub = { revision };
  const folder = await checkpointFolder(model, hub);
  if (!(await holdsAdapter(folder))) throw new ConfigError(`${model} is no adapter: it holds a whole model, or none`);
  if (task === "sentence-similarity" || task === "few-shot-classification") {
    if (base !== undefined) throw new ConfigError(`--base is not for ${task}: the adapter names its model`);
    const classifier =
      task === "few-shot-classification" ? await FewShotClassifier.fromPretrained(model, hub) : undefined;
    const sentences = classifier?.model ?? (await SentenceTransformer.fromPretrained(model, hub));
    PeftModel.of(sentences.encoder)?.mergeAndUnload();
    await saveTogether(output, (stage) => (classifier ?? sentences).savePretrained(stage));
    return;
  }
  const whole = await HEADS[task].fromPretrained(model, { ...hub, baseModel: base });
  const tokenizer = await tokenizerOf(folder, base);
  PeftModel.of(whole)?.mergeAndUnload();
  await saveTogether(output, async (stage) => {
    await whole.savePretrained(stage);
    await tokenizer.savePretrained(stage);
  });
}

/** The adapter's tokenizer; where there is none beside it, as in what Python's peft saves, that of its model. */
async function tokenizerOf(folder: string, base: string | undefined): Promise<PreTrainedTokenizer> {
  try {
    return await AutoTokenizer.fromPretrained(folder);
  } catch (error) {
    const named = base ?? (await readAdapterConfig(folder)).base;
    if (named === undefined) throw error;
    return AutoTokenizer.fromPretrained(named);
  }
}
