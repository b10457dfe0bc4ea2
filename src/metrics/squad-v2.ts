// SQuAD 2's measures, where questions may have no answer (evaluate: metrics/squad_v2/compute_score.py).
import { DataError } from "../support/errors.js";
import { normalize, overlap, type SquadPrediction, type SquadReference } from "./squad.js";

export interface SquadV2Prediction extends SquadPrediction {
  /** How probable it is that there is no answer; any number that grows with it. Default 0. */
  readonly no_answer_probability?: number;
}

export interface SquadV2Batch {
  readonly predictions: readonly SquadV2Prediction[];
  readonly references: readonly SquadReference[];
}

interface Scored {
  readonly answerable: boolean;
  readonly predicted: boolean;
  readonly exact: number;
  readonly f1: number;
  readonly nothing: number;
}

/** Keeps four numbers of each question, for the best threshold. */
export class SquadV2 {
  readonly name = "squad_v2";
  readonly keys = ["exact", "f1", "total"];
  readonly #threshold: number;
  #questions: Scored[] = [];

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** Adds questions. @throws DataError where a reference has no prediction of its id */
  addBatch({ predictions, references }: SquadV2Batch): void {
    const given = new Map(predictions.map((prediction) => [prediction.id, prediction]));
    const scored = references.map(({ id, answers }): Scored => {
      const prediction = given.get(id);
      if (!prediction) throw new DataError(`Metric squad_v2: question ${id} has no prediction`);
      const { prediction_text: text, no_answer_probability: nothing = 0 } = prediction;
      const wanted = answers.text.filter((answer) => normalize(answer) !== "");
      const golds = wanted.length > 0 ? wanted : [""];
      return {
        answerable: answers.text.length > 0,
        predicted: text !== "",
        exact: Math.max(...golds.map((gold) => Number(normalize(gold) === normalize(text)))),
        f1: Math.max(...golds.map((gold) => wordsShared(text, gold))),
        nothing,
      };
    });
    this.#questions.push(...scored);
  }

  /**
   * In percent: exact and f1, the same of questions with and without answer (HasAns_, NoAns_), and the best that a threshold
   * on no_answer_probability reaches. Then starts anew.
   * @throws DataError where nothing was added
   */
  compute(batch?: SquadV2Batch): Record<string, number> {
    if (batch) this.addBatch(batch);
    const all = this.#questions;
    if (all.length === 0) throw new DataError("Metric squad_v2: nothing to compute; call addBatch first");
    const figures = (prefix: string, questions: readonly Scored[]) => {
      const mean = (figure: "exact" | "f1") =>
        (100 * questions.reduce((sum, question) => sum + this.#score(question, figure), 0)) / questions.length;
      if (questions.length === 0) return {};
      return { [`${prefix}exact`]: mean("exact"), [`${prefix}f1`]: mean("f1"), [`${prefix}total`]: questions.length };
    };
    const result = {
      ...figures("", all),
      ...figures(
        "HasAns_",
        all.filter(({ answerable }) => answerable),
      ),
      ...figures(
        "NoAns_",
        all.filter(({ answerable }) => !answerable),
      ),
      ...best(all, "exact"),
      ...best(all, "f1"),
    };
    this.reset();
    return result;
  }

  /** Forgets everything added. */
  reset(): void {
    this.#questions = [];
  }

  /** Beyond the threshold "no answer" is what was predicted. */
  #score(question: Scored, figure: "exact" | "f1"): number {
    return question.nothing > this.#threshold ? Number(!question.answerable) : question[figure];
  }
}

function wordsShared(text: string, gold: string): number {
  const [a, b] = [normalize(text), normalize(gold)];
  return a === "" || b === "" ? Number(a === b) : overlap(text, gold);
}

/** The best mean over all thresholds, of which the smallest; questions in the order of their probability of no answer. */
function best(questions: readonly Scored[], figure: "exact" | "f1"): Record<string, number> {
  let score = questions.filter(({ answerable }) => !answerable).length;
  let [most, threshold] = [score, 0];
  for (const question of [...questions].sort((a, b) => a.nothing - b.nothing)) {
    score += question.answerable ? question[figure] : question.predicted ? -1 : 0;
    if (score > most) [most, threshold] = [score, question.nothing];
  }
  return { [`best_${figure}`]: (100 * most) / questions.length, [`best_${figure}_thresh`]: threshold };
}

/** SQuAD 2's exact match and F1, in percent. `noAnswerThreshold`: above it "no answer" is taken as predicted. Default 1. */
export function squadV2({ noAnswerThreshold = 1 }: { readonly noAnswerThreshold?: number } = {}): SquadV2 {
  return new SquadV2(noAnswerThreshold);
}
