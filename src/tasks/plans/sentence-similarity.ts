// The plan of sentence embeddings: texts and what belongs to them, or pairs with a number that says how alike they are.
import type { Dataset } from "../../datasets/index.js";
import {
  CosineSimilarityLoss,
  evaluateRetrieval,
  evaluateSimilarity,
  MultipleNegativesRankingLoss,
  SentenceTransformer,
} from "../../embeddings/index.js";
import { DataError } from "../../support/errors.js";
import { isText } from "../columns.js";
import { type PlanInputs, splitOf, type TaskPlan } from "./plan.js";

export async function planSentenceSimilarity(inputs: PlanInputs): Promise<TaskPlan> {
  const { raw, checkpoint, revision, maxLength, splits } = inputs;
  const model = await SentenceTransformer.fromPretrained(checkpoint, { revision, maxSeqLength: maxLength });
  const columns = findPairColumns(splitOf(raw, splits[0]));
  const { first, second, negatives, score } = columns;
  const loss =
    score === undefined
      ? new MultipleNegativesRankingLoss(model, { anchor: first, positive: second, negatives })
      : new CosineSimilarityLoss(model, { first, second, score });
  const rows = Object.fromEntries(
    splits.map((split) => [split, splitOf(raw, split).selectColumns([...loss.inputNames])]),
  );
  const textsOf = (dataset: Dataset, column: string) => Array.from(dataset.column(column) as Iterable<string>);
  return {
    description:
      score === undefined
        ? `${second} belongs to ${first}${negatives.length > 0 ? `, and ${negatives.join(", ")} does not` : ""}`
        : `${score} says how alike ${first} and ${second} are`,
    model: loss,
    adaptable: model.encoder,
    rows,
    collator: loss.collator,
    metricsOf: () => undefined,
    measure: async (split) => {
      const dataset = splitOf(raw, split);
      const [a, b] = [textsOf(dataset, first), textsOf(dataset, second)];
      if (score === undefined) return evaluateRetrieval(model, { queries: a, answers: b });
      return evaluateSimilarity(model, { first: a, second: b, scores: dataset.column(score).map(Number) });
    },
  };
}

interface PairColumns {
  readonly first: string;
  readonly second: string;
  readonly negatives: readonly string[];
  readonly score: string | undefined;
}

const PAIRS = [
  ["anchor", "positive"],
  ["query", "answer"],
  ["question", "answer"],
  ["sentence1", "sentence2"],
] as const;

/** @throws DataError where the columns cannot be told */
function findPairColumns(dataset: Dataset): PairColumns {
  const names: readonly string[] = dataset.columnNames;
  const texts = names.filter((name) => isText(dataset.features[name]));
  const pair = PAIRS.find((columns) => columns.every((name) => texts.includes(name)));
  if (!pair) {
    throw new DataError(
      `sentence-similarity needs columns of text called ${PAIRS.map((columns) => columns.join(" and ")).join(", or ")}; there are ${names.join(", ")}`,
    );
  }
  const score = ["score", "similarity_score", "similarity", "label"].find((name) => names.includes(name));
  return { first: pair[0], second: pair[1], negatives: texts.filter((name) => /^negative/.test(name)), score };
}
