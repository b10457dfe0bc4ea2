// How near embeddings are to each other, and how good a model is at it (sentence-transformers: util, evaluation/).
import { pearsonr, spearmanr } from "../metrics/index.js";
import { DataError } from "../support/errors.js";
import type { SentenceTransformer } from "./sentence-transformer.js";

/** The cosine of two embeddings. @throws DataError where their lengths differ */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new DataError(`embeddings of ${a.length} and ${b.length} columns have no cosine`);
  let [product, lengthA, lengthB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    lengthA += a[i] * a[i];
    lengthB += b[i] * b[i];
  }
  return product / (Math.max(Math.sqrt(lengthA), 1e-12) * Math.max(Math.sqrt(lengthB), 1e-12));
}

/** The cosines of every embedding of one list with every one of another: a row for each of the first. */
export function similarity(first: readonly ArrayLike<number>[], second: readonly ArrayLike<number>[]): number[][] {
  return first.map((a) => second.map((b) => cosine(a, b)));
}

/** The embeddings nearest to one, nearest first, with their numbers. */
export function nearestTo(
  query: ArrayLike<number>,
  corpus: readonly ArrayLike<number>[],
  topK = 10,
): { readonly index: number; readonly score: number }[] {
  const scored = corpus.map((other, index) => ({ index, score: cosine(query, other) }));
  return scored.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, topK);
}

/** Do cosines follow what people say of pairs? Pearson's and Spearman's correlation. */
export async function evaluateSimilarity(
  model: SentenceTransformer,
  pairs: { readonly first: readonly string[]; readonly second: readonly string[]; readonly scores: ArrayLike<number> },
): Promise<{ readonly pearson_cosine: number; readonly spearman_cosine: number }> {
  const { first, second, scores } = pairs;
  const [a, b] = [await model.encode(first), await model.encode(second)];
  const predictions = a.map((row, i) => cosine(row, b[i]));
  const references = Array.from(scores);
  return {
    pearson_cosine: pearsonr({ key: "value" }).compute({ predictions, references }).value,
    spearman_cosine: Object.values(spearmanr().compute({ predictions, references }))[0],
  };
}

const RANKS = [1, 3, 5, 10];

/**
 * Does a query find its answer among all answers by its cosine? The share of queries whose answer is among the first k,
 * and the mean of 1 / its rank where that is at most 10.
 */
export async function evaluateRetrieval(
  model: SentenceTransformer,
  { queries, answers }: { readonly queries: readonly string[]; readonly answers: readonly string[] },
): Promise<Record<string, number>> {
  if (queries.length !== answers.length || queries.length === 0)
    throw new DataError(
      `${queries.length} queries and ${answers.length} answers: as many of both are needed, and at least one`,
    );
  const distinct = [...new Set(answers)];
  const place = new Map(distinct.map((answer, i) => [answer, i]));
  const [asked, corpus] = [await model.encode(queries), await model.encode(distinct)];
  const ranks = asked.map((query, i) => {
    const own = place.get(answers[i]) ?? 0;
    const score = cosine(query, corpus[own]);
    return corpus.reduce((rank, other, j) => rank + Number(j !== own && cosine(query, other) > score), 1);
  });
  const share = (k: number) => ranks.filter((rank) => rank <= k).length / ranks.length;
  const reciprocal = ranks.reduce((total, rank) => total + (rank <= 10 ? 1 / rank : 0), 0) / ranks.length;
  return { ...Object.fromEntries(RANKS.map((k) => [`cosine_accuracy@${k}`, share(k)])), "cosine_mrr@10": reciprocal };
}
