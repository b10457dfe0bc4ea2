// Classification from a few examples, in the manner of SetFit (Tunstall et al. 2022): a model of sentences learns from pairs
// that examples of one class belong together, and others do not; then a logistic regression on its embeddings learns the
// classes.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Dataset } from "../datasets/index.js";
import {
  CosineSimilarityLoss,
  fitLogisticRegression,
  type LogisticRegression,
  SentenceTransformer,
  scoresOf,
} from "../embeddings/index.js";
import type { HubOptions } from "../hub/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { DataError, FileFormatError } from "../support/errors.js";
import { Mt19937 } from "../support/mt19937.js";
import { Trainer, type TrainingArguments, type TrainingOptions } from "../trainer/index.js";

export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

export interface FewShotOptions {
  readonly args?: TrainingArguments | TrainingOptions;
  /** Pairs for each example and kind: this many with one of its class, this many with one of another. Default 20. */
  readonly numIterations?: number;
}

const HEAD = "classifier_head.json";

/** A class for each text: a model of sentences and a logistic regression. */
export class FewShotClassifier {
  readonly model: SentenceTransformer;
  readonly labels: readonly string[];
  readonly head: LogisticRegression;

  constructor(model: SentenceTransformer, labels: readonly string[], head: LogisticRegression) {
    this.model = model;
    this.labels = labels;
    this.head = head;
  }

  /**
   * Trains on a few examples of each class. The model is changed.
   * @throws DataError for fewer than two classes, or a class with one example only where all have
   */
  static async train(
    model: SentenceTransformer,
    examples: readonly LabelledText[],
    options: FewShotOptions = {},
  ): Promise<FewShotClassifier> {
    const labels = [...new Set(examples.map(({ label }) => label))].sort();
    if (labels.length < 2)
      throw new DataError(
        `few-shot classification needs examples of two classes at least; there are ${labels.join(", ") || "none"}`,
      );
    const { args = {}, numIterations = 20 } = options;
    const pairs = contrastivePairs(examples, numIterations, args.seed ?? 42);
    const loss = new CosineSimilarityLoss(model);
    const trainer = new Trainer({
      model: loss,
      args:
        args instanceof Object && "toJSON" in args
          ? args
          : { perDeviceTrainBatchSize: 16, numTrainEpochs: 1, learningRate: 2e-5, saveStrategy: "no", ...args },
      trainDataset: Dataset.fromRows(pairs as unknown as Record<string, unknown>[]),
      dataCollator: loss.collator,
    });
    await trainer.train();
    model.eval();
    const rows = await model.encode(examples.map(({ text }) => text));
    const head = fitLogisticRegression(
      rows,
      examples.map(({ label }) => labels.indexOf(label)),
      labels.length,
    );
    return new FewShotClassifier(model, labels, head);
  }

  /** The class of each text with its probability. */
  async predict(texts: readonly string[]): Promise<{ readonly label: string; readonly score: number }[]> {
    const rows = await this.model.encode(texts);
    return rows.map((row) => {
      const scores = scoresOf(this.head, row);
      const most = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - most));
      const total = powers.reduce((sum, power) => sum + power, 0);
      const best = scores.indexOf(most);
      return { label: this.labels[best], score: powers[best] / total };
    });
  }

  /** Writes the folder of the model of sentences, and the regression beside it. */
  async savePretrained(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await this.model.savePretrained(folder);
    const { weights, intercepts } = this.head;
    const json = {
      version: 1,
      labels: this.labels,
      weights: weights.map((row) => Array.from(row)),
      intercepts: Array.from(intercepts),
    };
    await writeFileAtomic(join(folder, HEAD), `${JSON.stringify(json)}\n`);
  }

  /** @throws FileFormatError where the folder holds no such classifier */
  static async fromPretrained(folder: string, options: HubOptions = {}): Promise<FewShotClassifier> {
    const path = join(folder, HEAD);
    let json: { readonly labels: string[]; readonly weights: number[][]; readonly intercepts: number[] };
    try {
      json = JSON.parse(await readFile(path, "utf8"));
    } catch (error) {
      throw new FileFormatError(`${folder} holds no few-shot classifier: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const { labels, weights, intercepts } = json;
    if (!Array.isArray(labels) || weights?.length !== labels.length || intercepts?.length !== labels.length)
      throw new FileFormatError(`${path} is damaged: labels, weights and intercepts differ in number`);
    const head = { weights: weights.map((row) => Float64Array.from(row)), intercepts: Float64Array.from(intercepts) };
    return new FewShotClassifier(await SentenceTransformer.fromPretrained(folder, options), labels, head);
  }
}

interface Pair {
  readonly sentence1: string;
  readonly sentence2: string;
  readonly score: number;
}

/** Pairs of examples of one class (1) and of two (0), drawn by the seed. */
export function contrastivePairs(examples: readonly LabelledText[], iterations: number, seed: number): Pair[] {
  const generator = new Mt19937(seed >>> 0);
  const pick = <T>(list: readonly T[]): T => list[Math.floor((generator.next() / 2 ** 32) * list.length)];
  return Array.from({ length: iterations }, () => examples)
    .flat()
    .flatMap((example): Pair[] => {
      const same = examples.filter((other) => other !== example && other.label === example.label);
      const different = examples.filter(({ label }) => label !== example.label);
      const pair = (other: LabelledText, score: number): Pair => ({
        sentence1: example.text,
        sentence2: other.text,
        score,
      });
      return [...(same.length > 0 ? [pair(pick(same), 1)] : []), pair(pick(different), 0)];
    });
}
