// What the grammar is asked for: a labelled sample of sentence pairs, and unlabelled text to pretrain on.
import { contrast, gloss, type Pair, paraphrase } from "./grammar.js";
import { Random } from "./random.js";

/** Lower-case words without punctuation. */
export function words(sentence: string): string[] {
  return sentence.toLowerCase().match(/[a-z]+/g) ?? [];
}

/** Neighbouring words, joined by a space. */
export function bigrams(sentence: string): string[] {
  const all = words(sentence);
  return all.slice(1).map((word, index) => `${all[index]} ${word}`);
}

/** How many items, counted with repetition, two lists have in common. */
export function shared(one: readonly string[], other: readonly string[]): number {
  const left = [...other];
  let count = 0;
  for (const item of one) {
    const index = left.indexOf(item);
    if (index >= 0) {
      left.splice(index, 1);
      count++;
    }
  }
  return count;
}

/** All that lengths and overlap say about a pair; pairs with one signature are alike to whoever looks no further. */
function signature([one, other]: Pair["sentences"]): string {
  const lengths = [words(one).length, words(other).length];
  return [...lengths, shared(words(one), words(other)), shared(bigrams(one), bigrams(other))].join(" ");
}

/** Names a pair whichever sentence comes first. */
export function pairKey([one, other]: Pair["sentences"]): string {
  return one < other ? `${one}\n${other}` : `${other}\n${one}`;
}

/**
 * `count` pairs (an even number), half of them equivalent, no pair twice. They come in twins: for each equivalent pair
 * one that is not, of the same lengths with as many words and bigrams in common. So neither length nor overlap tells
 * anything about the label, in any even slice of the list.
 */
export function labelledPairs(count: number, seed: number): Pair[] {
  const random = new Random(seed);
  const waiting = new Map<string, Pair[]>();
  const seen = new Set<string>();
  const found: Pair[] = [];
  while (found.length < count) {
    const pair = random.chance(0.5) ? paraphrase(random) : contrast(random);
    const key = pairKey(pair.sentences);
    if (pair.sentences[0] === pair.sentences[1] || seen.has(key)) continue;
    seen.add(key);
    const alike = signature(pair.sentences);
    const queue = waiting.get(alike) ?? [];
    if (queue.length > 0 && queue[0].equivalent !== pair.equivalent) {
      const [twin] = queue.splice(0, 1);
      found.push(twin, pair);
    } else queue.push(pair);
    waiting.set(alike, queue);
  }
  return found;
}

/** The sample that the package ships: seeds and sizes. */
export function sampleSplits(): { readonly train: Pair[]; readonly validation: Pair[] } {
  const pairs = labelledPairs(3600, 1);
  return { train: pairs.slice(0, 3000), validation: pairs.slice(3000) };
}

/** Two texts that stand one after the other. */
export type Document = readonly [string, string];

/**
 * `count` unlabelled documents: nine in ten say one thing twice, as people do who want to be understood, the others are
 * lines of a thesaurus. None holds a pair of `held`.
 */
export function documents(count: number, seed: number, held: readonly Pair[]): Document[] {
  const random = new Random(seed);
  const excluded = new Set(held.map((pair) => pairKey(pair.sentences)));
  const found: Document[] = [];
  while (found.length < count) {
    const document: Document = random.chance(0.1) ? [gloss(random), gloss(random)] : paraphrase(random).sentences;
    if (!excluded.has(pairKey(document))) found.push(document);
  }
  return found;
}

/** The text that the shipped model is pretrained on. */
export function pretrainingText(): Document[] {
  const { train, validation } = sampleSplits();
  return documents(320_000, 2, [...train, ...validation]);
}
