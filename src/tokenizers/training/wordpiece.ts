// Training a WordPiece vocabulary as Hugging Face's tokenizers does (its WordPieceTrainer joins pairs as BPE's does).
import { BertNormalizer } from "../normalizers/bert.js";
import type { Normalizer } from "../normalizers/index.js";
import { BertPreTokenizer } from "../pre-tokenizers/bert.js";
import type { PreTokenizer } from "../pre-tokenizers/index.js";
import { alphabetOf, countWords, expectCount, joinPairs, spell, Vocabulary } from "./pairs.js";

export interface WordPieceTrainingOptions {
  /** Tokens at most; fewer where the texts give no more. Default 30,000. */
  readonly vocabSize?: number;
  /** Pairs that are met less often are not joined. Default 0. */
  readonly minFrequency?: number;
  /** They come first, in this order. Default [PAD], [UNK], [CLS], [SEP], [MASK]. */
  readonly specialTokens?: readonly string[];
  /** Characters at most, the most frequent ones; words lose the others. Default: all that are met. */
  readonly limitAlphabet?: number;
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
  const { vocabSize = 30_000, minFrequency = 0, continuingSubwordPrefix: prefix = "##" } = options;
  expectCount("vocabSize", vocabSize);
  expectCount("minFrequency", minFrequency);
  if (options.limitAlphabet !== undefined) expectCount("limitAlphabet", options.limitAlphabet);
  const counts = countWords(
    texts,
    options.normalizer ?? new BertNormalizer(),
    options.preTokenizer ?? new BertPreTokenizer(),
  );
  const vocabulary = new Vocabulary(options.specialTokens ?? ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
  const alphabet = alphabetOf(counts, options);
  for (const character of alphabet) vocabulary.add(character);
  const words = counts.map(([word, count]) => ({
    pieces: spell(word, new Set(alphabet), { prefix, suffix: "" }, vocabulary),
    count,
  }));
  joinPairs(words, vocabulary, { vocabSize, minFrequency, prefix });
  return vocabulary.tokens;
}
