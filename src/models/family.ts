// What a folder of src/models declares: one object a family, from which the Auto classes choose.
import type { ConfigFunction, ConfigOptions } from "./config.js";
import type { EncoderModel } from "./encoder.js";
import type {
  MaskedLMModel,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
} from "./heads/index.js";
import type { PreTrainedModel } from "./pretrained.js";

/** What a family's published checkpoints spell differently. */
export interface CheckpointSpelling {
  /** Prefix of the encoder's keys in a model with a head ("bert."). */
  readonly basePrefix: string;
  /** Endings of older checkpoints and what they are called now, beside those of every family (loading.ts). Default: none. */
  readonly renames?: readonly (readonly [ending: string, now: string])[];
  /** Buffers that are no parameters, with or without the prefix. Default: none. */
  readonly ignored?: readonly string[];
  /** Keys that some checkpoints hold and some models have no place for: dropped without a word. Default: none. */
  readonly surplus?: RegExp;
  /** Parameters that a checkpoint may lack: they start from the seed, with one line that says so. */
  readonly optional: RegExp;
}

/** The tasks that an Auto class exists for, and what its models are. */
export interface Tasks {
  readonly encoder: EncoderModel;
  readonly sequenceClassification: SequenceClassificationModel;
  readonly tokenClassification: TokenClassificationModel;
  readonly questionAnswering: QuestionAnsweringModel;
  readonly multipleChoice: MultipleChoiceModel;
  readonly maskedLM: MaskedLMModel;
}

export type Task = keyof Tasks;

/** What a family's config.json and checkpoints are: all that loading one of its classes needs. */
export interface FamilyFiles {
  /** `model_type` in config.json. */
  readonly modelType: string;
  readonly config: ConfigFunction;
  readonly spelling: CheckpointSpelling;
}

/** A model's class. */
export interface ModelClass<Model> {
  new (config: never): Model & PreTrainedModel;
  readonly name: string;
  /** What config.json's `architectures` calls it. */
  readonly architecture: string;
  readonly family: FamilyFiles;
  /** Choices of the config that the class makes itself. */
  readonly fixedOptions: ConfigOptions;
}

export interface Family extends FamilyFiles {
  readonly classes: { readonly [T in Task]?: ModelClass<Tasks[T]> };
}
