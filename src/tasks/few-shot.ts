// Classification from a few examples, in the manner of SetFit (Tunstall et al. 2022): a model of sentences learns from pairs
// that examples of one class belong together, and others do not; then a logistic regression on its embeddings learns the
// classes.
import { Dataset } from "../datasets/index.js";
import {
  CosineSimilarityLoss,
  FewShotClassifier,
  fitLogisticRegression,
  type SentenceTransformer,
} from "../embeddings/index.js";
import { DataError } from "../support/errors.js";
import { Mt19937 } from "../support/mt19937.js";
import { Trainer, TrainingArguments, type TrainingOptions } from "../trainer/index.js";
import { FEW_SHOT_ARGUMENTS } from "./few-shot-arguments.js";

export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

export interface FewShotOptions {
  readonly args?: TrainingArguments | TrainingOptions;
  /** Pairs for each example and kind: this many with one of its class, this many with one of another. Default 20. */
  readonly numIterations?: number;
}

const DEFAULT_ITERATIONS = 20;

/** More pairs than this are no few shots, but an hour. */
const MOST_PAIRS = 100_000;

/**
 * Trains on a few examples of each class. The model is changed.
 * @throws DataError for fewer than two classes, or more examples than are few
 */
export async function trainFewShot(
  model: SentenceTransformer,
  examples: readonly LabelledText[],
  options: FewShotOptions = {},
): Promise<FewShotClassifier> {
  const { args = {}, numIterations = DEFAULT_ITERATIONS } = options;
  const loss = new CosineSimilarityLoss(model);
  const trainer = new Trainer({
    model: loss,
    args: args instanceof TrainingArguments ? args : { ...FEW_SHOT_ARGUMENTS, saveStrategy: "no", ...args },
    trainDataset: contrastivePairs(examples, { numIterations, seed: args.seed }),
    dataCollator: loss.collator,
  });
  await trainer.train();
  return fitFewShotHead(model, examples);
}

/** The classifier of a model that has learned already: a logistic regression on the embeddings of the examples. */
export async function fitFewShotHead(
  model: SentenceTransformer,
  examples: readonly LabelledText[],
): Promise<FewShotClassifier> {
  const labels = classesOf(examples);
  const rows = await model.eval().encode(examples.map(({ text }) => text));
  const numbers = examples.map(({ label }) => labels.indexOf(label));
  return new FewShotClassifier(model, labels, fitLogisticRegression(rows, numbers, labels.length));
}

/** @throws DataError for fewer than two */
function classesOf(examples: readonly LabelledText[]): string[] {
  const labels = [...new Set(examples.map(({ label }) => label))].sort();
  if (labels.length >= 2) return labels;
  throw new DataError(
    `few-shot classification needs examples of two classes at least; there are ${labels.join(", ") || "none"}`,
  );
}

/**
 * Pairs of examples of one class (`score` 1) and of two (0), drawn by the seed: `sentence1`, `sentence2`, `score`.
 * @throws DataError as trainFewShot
 */
export function contrastivePairs(
  examples: readonly LabelledText[],
  { numIterations = DEFAULT_ITERATIONS, seed = 42 }: { readonly numIterations?: number; readonly seed?: number } = {},
): Dataset {
  const classes = classesOf(examples);
  const count = 2 * examples.length * numIterations;
  if (count > MOST_PAIRS) {
    throw new DataError(
      `${examples.length} examples with ${numIterations} iterations make ${count} pairs: few-shot classification is for few ` +
        "examples of each class (--shots takes some of them)",
    );
  }
  const members = new Map(classes.map((label) => [label, examples.filter((example) => example.label === label)]));
  const others = new Map(classes.map((label) => [label, examples.filter((example) => example.label !== label)]));
  const generator = new Mt19937(seed >>> 0);
  const pick = <T>(list: readonly T[]): T => list[Math.floor((generator.next() / 2 ** 32) * list.length)];
  const rows = Array.from({ length: numIterations }, () => examples)
    .flat()
    .flatMap((example) => {
      const same = (members.get(example.label) ?? []).filter((other) => other !== example);
      const pair = (other: LabelledText, score: number) => ({
        sentence1: example.text,
        sentence2: other.text,
        score,
      });
      return [...(same.length > 0 ? [pair(pick(same), 1)] : []), pair(pick(others.get(example.label) ?? []), 0)];
    });
  return Dataset.fromRows(rows) as Dataset;
}
