// pipeline(task, model): loads what the task needs.
import type { SentenceTransformer } from "../embeddings/index.js";
import type { HubOptions } from "../hub/index.js";
import { splitHubOptions } from "../hub/locate.js";
import type { EncoderModel } from "../models/index.js";
import { ConfigError, nearest } from "../support/errors.js";
import { type FeatureExtractionPipeline, loadFeatureExtraction } from "./feature-extraction.js";
import { type FillMaskPipeline, loadFillMask, type MaskedLMModelLike } from "./fill-mask.js";
import { type LabelNames, loadWithLabels } from "./labels.js";
import { loadMultipleChoice, type MultipleChoiceModelLike, type MultipleChoicePipeline } from "./multiple-choice.js";
import {
  loadQuestionAnswering,
  type QuestionAnsweringModelLike,
  type QuestionAnsweringPipeline,
} from "./question-answering.js";
import type { TokenizerLike } from "./running.js";
import { loadSentenceSimilarity, type SentenceSimilarityPipeline } from "./sentence-similarity.js";
import {
  type ClassificationModel,
  loadTextClassification,
  type TextClassificationPipeline,
} from "./text-classification.js";
import {
  loadTokenClassification,
  type TokenClassificationModelLike,
  type TokenClassificationPipeline,
} from "./token-classification.js";

export interface PipelineOptions extends HubOptions {
  /** The tokenizer. Default: that of the model. */
  readonly tokenizer?: TokenizerLike;
}

export interface ClassificationPipelineOptions<Name extends string = string> extends PipelineOptions {
  /** The names that the model's labels have, in order: the compiler then knows them, and a model with others is refused. */
  readonly labels?: LabelNames<Name>;
}

/** A task: what it asks of a model, and the function that does it. */
interface Task<Model, Pipeline> {
  readonly model: Model;
  readonly pipeline: Pipeline;
}

type Classification = Task<ClassificationModel, TextClassificationPipeline>;
type Tokens = Task<TokenClassificationModelLike, TokenClassificationPipeline>;

/** The tasks by their names, and by older names of the same. */
export interface Pipelines {
  "text-classification": Classification;
  "sentiment-analysis": Classification;
  "token-classification": Tokens;
  ner: Tokens;
  "question-answering": Task<QuestionAnsweringModelLike, QuestionAnsweringPipeline>;
  "multiple-choice": Task<MultipleChoiceModelLike, MultipleChoicePipeline>;
  "fill-mask": Task<MaskedLMModelLike, FillMaskPipeline>;
  "feature-extraction": Task<EncoderModel, FeatureExtractionPipeline>;
  "sentence-similarity": Task<SentenceTransformer | EncoderModel, SentenceSimilarityPipeline>;
}

type Load<T extends keyof Pipelines> = (
  model: string | Pipelines[T]["model"],
  tokenizer: TokenizerLike | undefined,
  hub: HubOptions,
) => Promise<Pipelines[T]["pipeline"]>;

const tasks: { readonly [T in keyof Pipelines]: Load<T> } = {
  "text-classification": loadTextClassification,
  "sentiment-analysis": loadTextClassification,
  "token-classification": loadTokenClassification,
  ner: loadTokenClassification,
  "question-answering": loadQuestionAnswering,
  "multiple-choice": loadMultipleChoice,
  "fill-mask": loadFillMask,
  "feature-extraction": loadFeatureExtraction,
  "sentence-similarity": loadSentenceSimilarity,
};

/**
 * A function that does `task` with a model: `const classify = await pipeline("text-classification", "runs/mrpc")`.
 * @param model A checkpoint's folder, a name on the Hub, or a model that was loaded or trained already (then with
 *   `tokenizer`).
 * @throws ConfigError for an unknown task or folder, or `labels` that are not the model's, HubError where the Hub does not have it or does not give it, FileFormatError for damaged files.
 */
export async function pipeline<const Name extends string = string>(
  task: "text-classification" | "sentiment-analysis",
  model: string | ClassificationModel<Name>,
  options?: ClassificationPipelineOptions<Name>,
): Promise<TextClassificationPipeline<Name>>;
export async function pipeline<T extends keyof Pipelines>(
  task: T,
  model: string | Pipelines[T]["model"],
  options?: PipelineOptions,
): Promise<Pipelines[T]["pipeline"]>;
export async function pipeline<T extends keyof Pipelines>(
  task: T,
  model: string | Pipelines[T]["model"],
  options: PipelineOptions & { readonly labels?: LabelNames } = {},
): Promise<Pipelines[T]["pipeline"]> {
  if (!Object.hasOwn(tasks, task)) {
    const names = Object.keys(tasks);
    const near = nearest(task, names);
    throw new ConfigError(`no pipeline for "${task}"${near ? `; did you mean "${near}"?` : ""} (${names.join(", ")})`);
  }
  const { hub } = splitHubOptions(options);
  const { labels } = options;
  if (labels === undefined) return tasks[task](model, options.tokenizer, hub);
  return loadWithLabels(model as string | ClassificationModel, labels, options.tokenizer, hub);
}
