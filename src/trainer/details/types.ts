// What an evaluation showed beyond its figures, as a file of a run's folder `evaluations` holds it. Its size is bounded,
// whatever the dataset.

/** A row that the model was far off at. */
export interface WorstExample {
  /** Its place in the dataset. */
  readonly row: number;
  /** Its own loss; of values the distance. */
  readonly loss: number;
  /** The class or value that it has, and that was predicted; of tokens the number that is right and that there are. */
  readonly actual: number;
  readonly predicted: number;
  /** The probability that the model gave to the class that it has, and to the one that it chose. */
  readonly probability?: number;
  readonly confidence?: number;
  /** Texts of the row by their columns, cut where they are long; `tokens` where the dataset has no text, of a pair `tokens 1` and `tokens 2`. */
  readonly texts: Readonly<Record<string, string>>;
}

/** Predictions of about one confidence: how many there are, how sure they were on average, and how many were right. */
export interface CalibrationBin {
  readonly count: number;
  readonly confidence: number;
  readonly accuracy: number;
}

export interface EvaluationDetails {
  readonly version: 1;
  /** Of rows with a class, of tokens with a class each, of rows with a value. */
  readonly kind: "classes" | "tokens" | "values";
  /** "eval", or "eval_matched" of several datasets. */
  readonly prefix: string;
  readonly step: number;
  readonly epoch: number;
  /** When, in milliseconds since 1970. */
  readonly time: number;
  readonly rows: number;
  /** Labels that were compared: rows, or tokens. */
  readonly labels: number;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** [actual][predicted] counts, where there are few classes. */
  readonly confusion?: readonly (readonly number[])[];
  /** The most frequent mistakes, where there are many. */
  readonly mistakes?: readonly { readonly actual: number; readonly predicted: number; readonly count: number }[];
  /** Ten bins of confidence, from 0 to 1. */
  readonly calibration?: readonly CalibrationBin[];
  /** Mean distance of confidence and accuracy over the bins, weighted by their counts. */
  readonly calibrationError?: number;
  /** Some of the rows: actual and predicted values. */
  readonly points?: readonly (readonly [actual: number, predicted: number])[];
  /** The worst first. */
  readonly worst: readonly WorstExample[];
}
