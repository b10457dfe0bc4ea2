// Training a WordPiece vocabulary as Hugging Face's tokenizers does (its WordPieceTrainer joins pairs as BPE's does).
import type { BertTokenizerOptions } from "../bert.js";
import { BertNormalizer } from "../normalizers/bert.js";
import { BertPreTokenizer } from "../pre-tokenizers/bert.js";
import { type PairTrainingOptions, trainPairs } from "./pairs.js";

/** Texts are normalized as `createBertTokenizer` will do it: give both the same options. */
export interface WordPieceTrainingOptions
  extends PairTrainingOptions,
    Pick<BertTokenizerOptions, "lowercase" | "stripAccents" | "handleChineseChars"> {
  /** They come first, in this order. Default [PAD], [UNK], [CLS], [SEP], [MASK]. */
  readonly specialTokens?: readonly string[];
  /** Characters that are tokens whether they are met or not. Default: none. */
  readonly initialAlphabet?: Iterable<string>;
}

/**
 * The tokens of a vocabulary trained on `texts`, in the order of their ids: special tokens, characters, the characters'
 * forms inside of words, then joined pieces. It depends on the texts' words and how often each is met, not on their order:
 * where tokenizers leaves ties to the order of a hash table, here words count in the order of their code points.
 *
 * Throws ConfigError where an option is out of its range.
 */
export function trainWordPiece(texts: Iterable<string>, options: WordPieceTrainingOptions = {}): string[] {
  const { vocabulary } = trainPairs(texts, {
    ...options,
    specialTokens: options.specialTokens ?? ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    prefix: "##",
    suffix: "",
    normalizer: new BertNormalizer(options),
    preTokenizer: new BertPreTokenizer(),
  });
  return vocabulary;
}
