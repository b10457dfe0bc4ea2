// SQuAD's measures of an answer's text: does it equal one of the given answers, and how many of their words do they share;
// after lower case, and without punctuation, articles and surplus spaces (evaluate: metrics/squad/compute_score.py).
import { DataError } from "../support/errors.js";

export interface SquadPrediction {
  readonly id: string;
  readonly prediction_text: string;
}

export interface SquadReference {
  readonly id: string;
  /** As the dataset has them. */
  readonly answers: { readonly text: readonly string[]; readonly answer_start?: ArrayLike<number> };
}

export interface SquadBatch {
  readonly predictions: readonly SquadPrediction[];
  readonly references: readonly SquadReference[];
}

/** Sums over the questions added; of a question nothing is kept. */
export class Squad {
  readonly name = "squad";
  readonly keys = ["exact_match", "f1"];
  #questions = 0;
  #exact = 0;
  #f1 = 0;

  /** Adds questions. @throws DataError where a reference has no prediction of its id, or no answer */
  addBatch({ predictions, references }: SquadBatch): void {
    const texts = new Map(predictions.map(({ id, prediction_text: text }) => [id, text]));
    const scored = references.map(({ id, answers }) => {
      const text = texts.get(id);
      if (text === undefined) throw new DataError(`Metric squad: question ${id} has no prediction`);
      if (answers.text.length === 0) {
        throw new DataError(`Metric squad: question ${id} has no answer (squad_v2 has such questions)`);
      }
      return {
        exact: Math.max(...answers.text.map((answer) => Number(normalize(text) === normalize(answer)))),
        f1: Math.max(...answers.text.map((answer) => overlap(text, answer))),
      };
    });
    for (const { exact, f1 } of scored) {
      this.#exact += exact;
      this.#f1 += f1;
    }
    this.#questions += scored.length;
  }

  /** `{ exact_match, f1 }` in percent over everything added, and over `batch`; then starts anew. @throws DataError where nothing was added */
  compute(batch?: SquadBatch): { exact_match: number; f1: number } {
    if (batch) this.addBatch(batch);
    if (this.#questions === 0) throw new DataError("Metric squad: nothing to compute; call addBatch first");
    const result = {
      exact_match: (100 * this.#exact) / this.#questions,
      f1: (100 * this.#f1) / this.#questions,
    };
    this.reset();
    return result;
  }

  /** Forgets everything added. */
  reset(): void {
    this.#questions = 0;
    this.#exact = 0;
    this.#f1 = 0;
  }
}

const PUNCTUATION = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g; // Python's string.punctuation

/** Lower case, without punctuation, articles and surplus spaces. */
export function normalize(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(PUNCTUATION, "")
    .replaceAll(/(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu, " ") // \b of Python, whose words are Unicode's
    .split(/\s+/)
    .filter((word) => word !== "")
    .join(" ");
}

/** F1 of the words that both have, each as often as in the one that has it less. */
export function overlap(prediction: string, answer: string): number {
  const [given, wanted] = [prediction, answer].map((text) => normalize(text).split(" ").filter(Boolean));
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of given) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared++;
  }
  if (shared === 0) return 0;
  const [precision, recall] = [shared / given.length, shared / wanted.length];
  return (2 * precision * recall) / (precision + recall);
}

/** SQuAD 1.1's exact match and F1, in percent. */
export function squad(): Squad {
  return new Squad();
}
