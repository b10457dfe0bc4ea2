// Training a byte-pair encoding as Hugging Face's tokenizers does (tokenizers/src/models/bpe/trainer.rs), and the tokenizers
// that are made of one: GPT-2's and RoBERTa's.
import { ConfigError } from "../../support/errors.js";
import { byteLevelPipeline } from "../files/byte-level.js";
import type { Merge } from "../models/bpe.js";
import { ByteLevel } from "../pre-tokenizers/byte-level.js";
import { byteAlphabet } from "../text/bytes.js";
import { makeTokenizer, type PreTrainedTokenizer } from "../tokenizer.js";
import { type PairTrainingOptions, trainPairs } from "./pairs.js";

export interface BpeTrainingOptions extends PairTrainingOptions {
  /** They come first, in this order. Default <s>, <pad>, </s>, <unk>, <mask>, as RoBERTa's. */
  readonly specialTokens?: readonly string[];
  /** Characters that are tokens whether they are met or not. Default: those that stand for the 256 bytes. */
  readonly initialAlphabet?: Iterable<string>;
  /** Whether a text that does not begin with a space gets one. Default false. */
  readonly addPrefixSpace?: boolean;
}

/** What training gives, as vocab.json and merges.txt hold it. */
export interface TrainedBpe {
  /** The token of id i is `vocabulary[i]`. */
  readonly vocabulary: string[];
  readonly merges: Merge[];
}

/**
 * A byte-pair encoding of bytes, trained on the words of `texts` as GPT-2 cuts them: special tokens, the alphabet, then
 * joined pieces, with the merges in their order. It depends on the words and how often each is met, not on their order.
 *
 * Throws ConfigError where an option is out of its range.
 */
export function trainBpe(texts: Iterable<string>, options: BpeTrainingOptions = {}): TrainedBpe {
  const { vocabulary, joins: merges } = trainPairs(texts, {
    ...options,
    specialTokens: options.specialTokens ?? ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    initialAlphabet: options.initialAlphabet ?? byteAlphabet(),
    prefix: "",
    suffix: "",
    preTokenizer: new ByteLevel(options.addPrefixSpace ?? false, true, true),
  });
  return { vocabulary, merges };
}

export interface RobertaTokenizerOptions {
  /** Whether a text that does not begin with a space gets one. Default false. */
  readonly addPrefixSpace?: boolean;
  /** The most tokens that the model takes. Default 512. */
  readonly modelMaxLength?: number;
}

/**
 * RoBERTa's tokenizer of what `trainBpe` gives.
 * @throws ConfigError where the vocabulary lacks one of <s>, </s>, <pad>, <unk> and <mask>
 */
export function createRobertaTokenizer(
  { vocabulary, merges }: TrainedBpe,
  options: RobertaTokenizerOptions = {},
): PreTrainedTokenizer {
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  for (const token of ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]) {
    if (!ids.has(token)) throw new ConfigError(`the vocabulary of ${ids.size} tokens lacks ${token}: add it`);
  }
  const config = { tokenizer_class: "RobertaTokenizer", add_prefix_space: options.addPrefixSpace ?? false };
  const { pipeline, specialTokens } = byteLevelPipeline(ids, merges, config, { roles: new Map(), extra: [] });
  return makeTokenizer(pipeline.withSpecialTokens(specialTokens.roles.values()), {
    specialTokens,
    modelMaxLength: options.modelMaxLength ?? 512,
    paddingSide: "right",
    truncationSide: "right",
    padTokenTypeId: 0,
    modelInputNames: ["input_ids", "attention_mask"],
    cleanUpTokenizationSpaces: false,
    config,
  });
}
