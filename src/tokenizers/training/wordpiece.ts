// Training a WordPiece vocabulary as Hugging Face's tokenizers does (its WordPieceTrainer joins pairs as BPE's does).
import { BertNormalizer } from "../normalizers/bert.js";
import type { Normalizer } from "../normalizers/index.js";
import { BertPreTokenizer } from "../pre-tokenizers/bert.js";
import type { PreTokenizer } from "../pre-tokenizers/index.js";
import { type PairTrainingOptions, trainPairs } from "./pairs.js";

export interface WordPieceTrainingOptions extends PairTrainingOptions {
  /** They come first, in this order. Default [PAD], [UNK], [CLS], [SEP], [MASK]. */
  readonly specialTokens?: readonly string[];
  /** Characters that are tokens whether they are met or not. Default: none. */
  readonly initialAlphabet?: Iterable<string>;
  /** What pieces inside of words begin with. Default "##". */
  readonly continuingSubwordPrefix?: string;
  /** What is done to a text before it is cut into words. Default: BERT's normalizer, with lower case. */
  readonly normalizer?: Normalizer;
  /** What cuts a text into words. Default: BERT's. */
  readonly preTokenizer?: PreTokenizer;
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
    prefix: options.continuingSubwordPrefix ?? "##",
    suffix: "",
    normalizer: options.normalizer ?? new BertNormalizer(),
    preTokenizer: options.preTokenizer ?? new BertPreTokenizer(),
  });
  return vocabulary;
}
