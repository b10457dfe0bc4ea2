// A class for each text: a model of sentences, and a logistic regression on its embeddings. tasks/few-shot.ts trains one.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkpointFolder } from "../checkpoint/index.js";
import type { HubOptions } from "../hub/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { exists } from "../support/exists.js";
import { softmax } from "../support/softmax.js";
import { type LogisticRegression, scoresOf } from "./logistic-regression.js";
import { SentenceTransformer } from "./sentence-transformer.js";

const HEAD = "classifier_head.json";

/** The folder of a few-shot classifier; undefined where a folder, or a repository on the Hub, holds none. */
export async function fewShotFolder(nameOrFolder: string, hub: HubOptions = {}): Promise<string | undefined> {
  const folder = await checkpointFolder(nameOrFolder, hub, { also: [HEAD] });
  return (await exists(join(folder, HEAD))) ? folder : undefined;
}

export class FewShotClassifier {
  readonly model: SentenceTransformer;
  readonly labels: readonly string[];
  readonly head: LogisticRegression;

  /** @throws ConfigError where labels and head differ in number, or the head's width is not the model's */
  constructor(model: SentenceTransformer, labels: readonly string[], head: LogisticRegression) {
    if (head.weights.length !== labels.length || head.intercepts.length !== labels.length)
      throw new ConfigError(
        `a head of ${head.weights.length} rows and ${head.intercepts.length} intercepts is none for ${labels.length} labels`,
      );
    const width = head.weights.find((row) => row.length !== model.dimension)?.length;
    if (width !== undefined)
      throw new ConfigError(`the head takes embeddings of ${width} columns, and the model's have ${model.dimension}`);
    this.model = model;
    this.labels = labels;
    this.head = head;
  }

  /** Of each text the probabilities of all labels, in their order. */
  async predictProbabilities(
    texts: readonly string[],
    options: { readonly batchSize?: number } = {},
  ): Promise<number[][]> {
    const rows = await this.model.encode(texts, options);
    return rows.map((row) => softmax(scoresOf(this.head, row)));
  }

  /** The class of each text with its probability. */
  async predict(texts: readonly string[]): Promise<{ readonly label: string; readonly score: number }[]> {
    const rows = await this.predictProbabilities(texts);
    return rows.map((row) => {
      const score = Math.max(...row);
      return { label: this.labels[row.indexOf(score)], score };
    });
  }

  /** Writes the folder of the model of sentences, and the regression beside it. */
  async savePretrained(folder: string): Promise<void> {
    await this.model.savePretrained(folder);
    await this.saveHead(folder);
  }

  /** Writes the regression alone, into a folder that holds the model of sentences. */
  async saveHead(folder: string): Promise<void> {
    const { weights, intercepts } = this.head;
    const json = {
      version: 1,
      labels: this.labels,
      weights: weights.map((row) => Array.from(row)),
      intercepts: Array.from(intercepts),
    };
    await writeFileAtomic(join(folder, HEAD), `${JSON.stringify(json)}\n`);
  }

  /**
   * Loads a folder, or a repository on the Hub.
   * @throws FileFormatError where it holds no such classifier, or a damaged one; as SentenceTransformer.fromPretrained
   */
  static async fromPretrained(nameOrFolder: string, options: HubOptions = {}): Promise<FewShotClassifier> {
    const folder = await fewShotFolder(nameOrFolder, options);
    if (folder === undefined)
      throw new FileFormatError(`${nameOrFolder} holds no few-shot classifier: it has no ${HEAD}`);
    const { labels, head } = readHead(join(folder, HEAD), await readFile(join(folder, HEAD), "utf8"));
    return new FewShotClassifier(await SentenceTransformer.fromPretrained(nameOrFolder, options), labels, head);
  }
}

function readHead(
  path: string,
  text: string,
): { readonly labels: readonly string[]; readonly head: LogisticRegression } {
  let json: { readonly labels?: unknown; readonly weights?: unknown; readonly intercepts?: unknown };
  try {
    json = Object(JSON.parse(text)) as typeof json;
  } catch (error) {
    throw new FileFormatError(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const { labels, weights, intercepts } = json;
  const areNumbers = (values: unknown): values is number[] =>
    Array.isArray(values) && values.every((value) => typeof value === "number");
  const isWhole =
    Array.isArray(labels) &&
    labels.every((label) => typeof label === "string") &&
    Array.isArray(weights) &&
    weights.every(areNumbers) &&
    areNumbers(intercepts) &&
    weights.length === labels.length &&
    intercepts.length === labels.length;
  if (!isWhole)
    throw new FileFormatError(`${path} is damaged: labels, weights and intercepts differ in number or kind`);
  const head = { weights: weights.map((row) => Float64Array.from(row)), intercepts: Float64Array.from(intercepts) };
  return { labels, head };
}
