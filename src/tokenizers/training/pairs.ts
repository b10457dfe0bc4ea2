// Training by joining pairs, as Hugging Face's tokenizers does it (tokenizers/src/models/bpe/trainer.rs): words are spelled in
// characters, and the pair of neighbouring pieces that is met most often becomes one piece, again and again, until the
// vocabulary is full.
import { expectCount } from "../../support/options.js";
import { Heap } from "../heap.js";
import type { Normalizer } from "../normalizers/index.js";
import type { PreTokenizer } from "../pre-tokenizers/index.js";
import { NormalizedString } from "../text/normalized-string.js";

/** What trainers by pairs have in common. */
export interface PairTrainingOptions {
  /** Tokens at most; fewer where the texts give no more. Default 30,000. */
  readonly vocabSize?: number;
  /** Pairs that are met less often are not joined. Default 0. */
  readonly minFrequency?: number;
  /** Characters at most, the most frequent ones; words lose the others. Default: all that are met. */
  readonly limitAlphabet?: number;
}

/** What a kind of vocabulary adds to those: whatever it leaves to its users has its default by now. */
export interface PairTraining extends PairTrainingOptions {
  readonly specialTokens: readonly string[];
  /** Characters that are tokens whether they are met or not. */
  readonly initialAlphabet?: Iterable<string>;
  /** What pieces inside of words begin with. */
  readonly prefix: string;
  /** What the last piece of a word ends with. */
  readonly suffix: string;
  readonly normalizer?: Normalizer;
  readonly preTokenizer: PreTokenizer;
}

/**
 * Special tokens, characters and their forms inside of words, then joined pieces, in the order of their ids; and the pairs
 * that were joined, in that order.
 *
 * Throws ConfigError where an option is out of its range.
 */
export function trainPairs(
  texts: Iterable<string>,
  training: PairTraining,
): { vocabulary: string[]; joins: [first: string, second: string][] } {
  const { vocabSize = 30_000, minFrequency = 0, limitAlphabet, initialAlphabet, prefix, suffix } = training;
  expectCount("vocabSize", vocabSize, 0);
  expectCount("minFrequency", minFrequency, 0);
  expectCount("limitAlphabet", limitAlphabet, 0);
  const counts = countWords(texts, training.normalizer, training.preTokenizer);
  const vocabulary = new Vocabulary(training.specialTokens);
  const alphabet = alphabetOf(counts, { limitAlphabet, initialAlphabet });
  for (const character of alphabet) vocabulary.add(character);
  const known = new Set(alphabet);
  const words = counts.map(([word, count]) => ({ pieces: spell(word, known, { prefix, suffix }, vocabulary), count }));
  return { joins: joinPairs(words, vocabulary, { vocabSize, minFrequency, prefix }), vocabulary: vocabulary.tokens };
}

/** The texts' words with how often each is met, in the order of their code points. */
function countWords(
  texts: Iterable<string>,
  normalizer: Normalizer | undefined,
  preTokenizer: PreTokenizer,
): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const normalized = NormalizedString.plain(text);
    normalizer?.normalize(normalized);
    for (const { text: word } of preTokenizer.preTokenize(normalized)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => compareCodePoints(a, b));
}

/** The characters of the words and those asked for, in the order of their code points. */
function alphabetOf(
  counts: readonly [string, number][],
  options: { readonly limitAlphabet?: number; readonly initialAlphabet?: Iterable<string> },
): string[] {
  const met = new Map<string, number>();
  for (const [word, count] of counts)
    for (const character of word) met.set(character, (met.get(character) ?? 0) + count);
  for (const character of options.initialAlphabet ?? []) met.set(character, Infinity);
  const byFrequency = [...met].sort(([a, m], [b, n]) => (m === n ? compareCodePoints(a, b) : n - m));
  const kept = byFrequency.slice(0, options.limitAlphabet ?? met.size).map(([character]) => character);
  return kept.sort(compareCodePoints);
}

/** What pieces inside of words begin with, and the last piece of a word ends with. */
export interface Affixes {
  readonly prefix: string;
  readonly suffix: string;
}

/** A word in characters; those that the alphabet lacks are left out. */
function spell(
  word: string,
  alphabet: ReadonlySet<string>,
  { prefix, suffix }: Affixes,
  vocabulary: Vocabulary,
): number[] {
  const characters = Array.from(word);
  return characters.flatMap((character, i) => {
    if (!alphabet.has(character)) return [];
    return [vocabulary.add((i > 0 ? prefix : "") + character + (i === characters.length - 1 ? suffix : ""))];
  });
}

/** A word as ids of its pieces, and how often it is met. */
interface SpelledWord {
  pieces: number[];
  readonly count: number;
}

/** Two pieces that stand side by side somewhere. */
interface Pair {
  readonly first: number;
  readonly second: number;
  /** How often it is met. */
  count: number;
  /** The words in which it may stand. */
  words: Set<number>;
}

/** A pair with how often it was met when it was put into the queue. */
interface Candidate {
  readonly pair: Pair;
  readonly count: number;
}

function goesFirst(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return (a.pair.first - b.pair.first || a.pair.second - b.pair.second) < 0;
}

/**
 * Joins the most frequent pair, again and again, and returns the pairs in that order. Of pairs met as often, that of the
 * lower ids goes first.
 */
function joinPairs(
  words: readonly SpelledWord[],
  vocabulary: Vocabulary,
  limits: { readonly vocabSize: number; readonly minFrequency: number; readonly prefix: string },
): [first: string, second: string][] {
  const joins: [string, string][] = [];
  const pairs = new Map<string, Pair>();
  const queue = new Heap<Candidate>(goesFirst);
  const changed = new Set<Pair>();
  const count = (first: number, second: number, word: number, change: number): void => {
    const key = `${first} ${second}`;
    let pair = pairs.get(key);
    if (pair === undefined) {
      pair = { first, second, count: 0, words: new Set() };
      pairs.set(key, pair);
    }
    pair.count += change;
    if (change <= 0) return;
    pair.words.add(word);
    changed.add(pair);
  };
  const enqueueChanged = (): void => {
    for (const pair of changed) queue.push({ pair, count: pair.count });
    changed.clear();
  };

  words.forEach(({ pieces, count: times }, word) => {
    for (let i = 1; i < pieces.length; i++) count(pieces[i - 1], pieces[i], word, times);
  });
  enqueueChanged();
  while (vocabulary.size < limits.vocabSize) {
    const next = queue.pop();
    if (next === undefined) break;
    const { pair } = next;
    if (next.count !== pair.count) {
      // it has been met less often since
      if (next.count > pair.count && pair.count > 0) queue.push({ pair, count: pair.count });
      continue;
    }
    if (pair.count < Math.max(1, limits.minFrequency)) break;
    const [first, second] = [vocabulary.tokens[pair.first], vocabulary.tokens[pair.second]];
    joins.push([first, second]);
    const joined = vocabulary.add(
      first + (second.startsWith(limits.prefix) ? second.slice(limits.prefix.length) : second),
    );
    const inWords = pair.words;
    pair.words = new Set();
    for (const word of inWords) {
      joinInWord(words[word], pair, joined, (a, b, sign) => count(a, b, word, sign * words[word].count));
    }
    enqueueChanged();
  }
  return joins;
}

/**
 * Replaces the pair by `joined` wherever it stands in a word, from left to right, and reports the pairs that its neighbours
 * lose and gain. The count of the pair itself stays, as in tokenizers: should it come up again, it comes first.
 */
function joinInWord(
  word: SpelledWord,
  { first, second }: Pair,
  joined: number,
  report: (first: number, second: number, sign: 1 | -1) => void,
): void {
  const { pieces } = word;
  const result: number[] = [];
  for (let i = 0; i < pieces.length; i++) {
    if (pieces[i] !== first || pieces[i + 1] !== second) {
      result.push(pieces[i]);
      continue;
    }
    if (result.length > 0) {
      report(result[result.length - 1], first, -1);
      report(result[result.length - 1], joined, 1);
    }
    if (i + 2 < pieces.length) {
      report(second, pieces[i + 2], -1);
      report(joined, pieces[i + 2], 1);
    }
    result.push(joined);
    i++;
  }
  word.pieces = result;
}

/** Tokens by id, each once. */
class Vocabulary {
  readonly tokens: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(tokens: Iterable<string>) {
    for (const token of tokens) this.add(token);
  }

  get size(): number {
    return this.tokens.length;
  }

  /** The id of a token, a new one where it has none. */
  add(token: string): number {
    let id = this.#ids.get(token);
    if (id === undefined) {
      id = this.tokens.length;
      this.#ids.set(token, id);
      this.tokens.push(token);
    }
    return id;
  }
}

/** The order of code points, which for characters beyond U+FFFF is not that of UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return (left[i].codePointAt(0) ?? 0) - (right[i].codePointAt(0) ?? 0);
  }
  return left.length - right.length;
}
