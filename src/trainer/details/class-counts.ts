// Confusion and calibration of predicted classes, counted as predictions pass by.
import type { CalibrationBin, EvaluationDetails } from "./types.js";

/** A prediction among classes. */
export interface ClassPrediction {
  readonly predicted: number;
  /** The probability of the chosen class, and of the class that is right. */
  readonly confidence: number;
  readonly probability: number;
  /** Cross-entropy. */
  readonly loss: number;
}

const BINS = 10;
const FEW_CLASSES = 40;
const MOST_MISTAKES = 100;

/** @param logits One for each class. */
export function predictClass(logits: ArrayLike<number>, actual: number): ClassPrediction {
  let predicted = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[predicted]) predicted = i;
  const highest = logits[predicted];
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - highest);
  const loss = Math.log(sum) + highest - logits[actual];
  return { predicted, confidence: 1 / sum, probability: Math.exp(-loss), loss };
}

export class ClassCounts {
  readonly #classes: number;
  /** actual * classes + predicted -> count; only pairs that occur. */
  readonly #pairs = new Map<number, number>();
  readonly #bins = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  labels = 0;

  constructor(classes: number) {
    this.#classes = classes;
  }

  add(actual: number, { predicted, confidence }: ClassPrediction): void {
    const pair = actual * this.#classes + predicted;
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + 1);
    const bin = this.#bins[Math.min(BINS - 1, Math.floor(BINS * confidence))];
    bin.count++;
    bin.confidence += confidence;
    if (actual === predicted) bin.right++;
    this.labels++;
  }

  result(): Pick<EvaluationDetails, "confusion" | "mistakes" | "calibration" | "calibrationError"> {
    const calibration = this.#bins.map(({ count, confidence, right }): CalibrationBin => {
      return count === 0
        ? { count, confidence: 0, accuracy: 0 }
        : { count, confidence: confidence / count, accuracy: right / count };
    });
    const calibrationError = calibration.reduce(
      (sum, { count, confidence, accuracy }) => sum + (count * Math.abs(confidence - accuracy)) / this.labels,
      0,
    );
    return { ...this.#confusion(), calibration, calibrationError };
  }

  #confusion(): Pick<EvaluationDetails, "confusion" | "mistakes"> {
    const classes = this.#classes;
    if (classes <= FEW_CLASSES) {
      const count = (actual: number, predicted: number) => this.#pairs.get(actual * classes + predicted) ?? 0;
      const all = [...Array(classes).keys()];
      return { confusion: all.map((actual) => all.map((predicted) => count(actual, predicted))) };
    }
    const mistakes = Array.from(this.#pairs, ([pair, count]) => {
      return { actual: Math.floor(pair / classes), predicted: pair % classes, count };
    }).filter(({ actual, predicted }) => actual !== predicted);
    return { mistakes: mistakes.sort((a, b) => b.count - a.count).slice(0, MOST_MISTAKES) };
  }
}
