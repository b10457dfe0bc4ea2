// AutoTokenizer: a tokenizer from the files of a checkpoint's folder.
import { join } from "node:path";
import type { HubOptions } from "../hub/index.js";
import { FileFormatError } from "../support/errors.js";
import type { JsonObject } from "../support/json-object.js";
import { BERT_MODEL_INPUTS } from "./bert.js";
import { readTokenizerFiles } from "./files/read.js";
import { tokenizerFolder } from "./folder.js";
import { JsonFields } from "./json/fields.js";
import { WordPiece } from "./models/wordpiece.js";
import type { Side } from "./options.js";
import type { Pipeline } from "./pipeline.js";
import { makeTokenizer, type PreTrainedTokenizer } from "./tokenizer.js";

export interface FromPretrainedOptions extends HubOptions {
  /** In place of tokenizer_config.json's model_max_length, or of config.json's positions where it has none. */
  readonly modelMaxLength?: number;
  /** In place of tokenizer_config.json's padding_side. */
  readonly paddingSide?: Side;
  /** In place of tokenizer_config.json's truncation_side. */
  readonly truncationSide?: Side;
}

export const AutoTokenizer = {
  /**
   * The tokenizer of a checkpoint's folder: tokenizer.json, or a bare vocab.txt of BERT, vocab.json with merges.txt of GPT-2
   * and RoBERTa, or a SentencePiece model; with tokenizer_config.json and special_tokens_map.json where they are there. Where
   * they state no maximum it is what config.json has positions for. Or of a repository on the Hub, of which these files come
   * into the cache. What tokenizer.json asks of truncation and padding is left to the caller.
   *
   * Throws HubError where the Hub does not have it or does not give it, FileFormatError where there is no tokenizer, or a
   * file is damaged or asks for a stage that is not supported.
   */
  async fromPretrained(nameOrFolder: string, options: FromPretrainedOptions = {}): Promise<PreTrainedTokenizer> {
    const folder = await tokenizerFolder(nameOrFolder, options);
    const { pipeline, specialTokens, config, positions } = await readTokenizerFiles(folder);
    const fields = new JsonFields(join(folder, "tokenizer_config.json"), config);
    const maximum = config.model_max_length ?? config.max_len;
    return makeTokenizer(pipeline, {
      specialTokens,
      modelMaxLength: options.modelMaxLength ?? (typeof maximum === "number" && maximum < 1e20 ? maximum : positions),
      paddingSide: options.paddingSide ?? sideOf(fields, "padding_side"),
      truncationSide: options.truncationSide ?? sideOf(fields, "truncation_side"),
      padTokenTypeId: fields.count("pad_token_type_id", 0),
      modelInputNames: fields.array("model_input_names", defaultInputs(config, pipeline)).map(String),
      cleanUpTokenizationSpaces: fields.boolean("clean_up_tokenization_spaces", false),
      config,
    });
  },
};

/** Classes of transformers whose models take token_type_ids. */
const TAKES_TYPES =
  /^(Bert(?!Generation)|Electra|MobileBert|ConvBert|SqueezeBert|Funnel|RoFormer|Lxmert|MarkupLM|Deberta)/;

/** What the models of a tokenizer's class take, where tokenizer_config.json does not list it. */
function defaultInputs(config: JsonObject, pipeline: Pipeline): readonly string[] {
  const { tokenizer_class: named } = config;
  const takesTypes = typeof named === "string" ? TAKES_TYPES.test(named) : pipeline.parts.model instanceof WordPiece;
  return takesTypes ? BERT_MODEL_INPUTS : ["input_ids", "attention_mask"];
}

function sideOf(fields: JsonFields, name: string): Side {
  const side = fields.string(name, "right");
  if (side === "left" || side === "right") return side;
  throw new FileFormatError(`${fields.file}: ${name} is "${side}"; it is "left" or "right"`);
}
