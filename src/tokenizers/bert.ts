// BERT's tokenizer from a bare vocabulary: what a vocab.txt means, and what code that trains a vocabulary makes of it.
import { ConfigError } from "../support/errors.js";
import { isObject, type JsonObject } from "../support/json-object.js";
import { specialToken } from "./added-tokens.js";
import { WordPieceDecoder } from "./decoders/wordpiece.js";
import { WordPiece } from "./models/wordpiece.js";
import { BertNormalizer } from "./normalizers/bert.js";
import { Pipeline } from "./pipeline.js";
import { TemplateProcessing } from "./post-processors/template.js";
import { BertPreTokenizer } from "./pre-tokenizers/bert.js";
import { specialTokensFrom } from "./special-tokens.js";
import { makeTokenizer, type PreTrainedTokenizer } from "./tokenizer.js";

/** BERT's special tokens by role, where nothing else is said. */
export const BERT_SPECIAL_TOKENS = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
} as const;

export const BERT_MODEL_INPUTS = ["input_ids", "token_type_ids", "attention_mask"] as const;

export interface BertTokenizerOptions {
  /** Lowercase texts. Default true. */
  readonly lowercase?: boolean;
  /** Remove accents. Default null: where texts are lowercased. */
  readonly stripAccents?: boolean | null;
  /** Make each Chinese character a word. Default true. */
  readonly handleChineseChars?: boolean;
  /** The most tokens that the model takes. Default 512. */
  readonly modelMaxLength?: number;
}

/**
 * A BERT tokenizer whose token of id i is `vocabulary[i]`.
 * @throws ConfigError where a token stands twice, or [PAD], [UNK], [CLS], [SEP] or [MASK] is missing
 */
export function createBertTokenizer(
  vocabulary: readonly string[],
  options: BertTokenizerOptions = {},
): PreTrainedTokenizer {
  const { lowercase = true, stripAccents = null, handleChineseChars = true, modelMaxLength = 512 } = options;
  return makeTokenizer(
    bertPipeline(vocabulary, {}, new BertNormalizer({ lowercase, stripAccents, handleChineseChars })),
    {
      specialTokens: specialTokensFrom(BERT_SPECIAL_TOKENS),
      modelMaxLength,
      paddingSide: "right",
      truncationSide: "right",
      padTokenTypeId: 0,
      modelInputNames: BERT_MODEL_INPUTS,
      cleanUpTokenizationSpaces: false,
      config: {
        tokenizer_class: "BertTokenizer",
        do_lower_case: lowercase,
        strip_accents: stripAccents,
        tokenize_chinese_chars: handleChineseChars,
      },
    },
  );
}

/** The stages of a BERT tokenizer; `roles` may name other special tokens than BERT's. Throws as createBertTokenizer. */
export function bertPipeline(
  vocabulary: readonly string[],
  roles: Readonly<Partial<Record<keyof typeof BERT_SPECIAL_TOKENS, string>>>,
  normalizer: BertNormalizer,
): Pipeline {
  const special = { ...BERT_SPECIAL_TOKENS, ...roles };
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  if (ids.size !== vocabulary.length) {
    const twice = vocabulary.find((token, id) => ids.get(token) !== id);
    throw new ConfigError(`the vocabulary has the token "${twice}" twice`);
  }
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined) throw new ConfigError(`the vocabulary of ${ids.size} tokens lacks ${token}: add it`);
    return id;
  };
  const frame = (token: string): [string, number] => [token, idOf(token)];
  return new Pipeline({
    normalizer,
    preTokenizer: new BertPreTokenizer(),
    model: new WordPiece(ids, { unknownToken: special.unk_token }),
    postProcessor: TemplateProcessing.bert(frame(special.cls_token), frame(special.sep_token)),
    decoder: new WordPieceDecoder(),
    addedTokens: Object.values(special).map((token) => specialToken(token, idOf(token))),
  });
}

/** BERT's normalizer as tokenizer_config.json describes it; what it leaves open is as in `otherwise`. */
export function bertNormalizerFrom(config: JsonObject, otherwise = new BertNormalizer()): BertNormalizer {
  const flag = (key: string, fallback: boolean): boolean => {
    const value = config[key];
    return typeof value === "boolean" ? value : fallback;
  };
  return new BertNormalizer({
    cleanText: otherwise.cleanText,
    lowercase: flag("do_lower_case", otherwise.lowercase),
    handleChineseChars: flag("tokenize_chinese_chars", otherwise.handleChineseChars),
    stripAccents: typeof config.strip_accents === "boolean" ? config.strip_accents : otherwise.stripAccents,
  });
}

/** True where tokenizer_config.json names one of BERT's classes, which build their normalizer from it. */
export function isBertClass(config: unknown): boolean {
  return (
    isObject(config) && (config.tokenizer_class === "BertTokenizer" || config.tokenizer_class === "BertTokenizerFast")
  );
}
