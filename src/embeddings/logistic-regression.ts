// Logistic regression on embeddings, as scikit-learn's LogisticRegression with its defaults: cross-entropy over classes with
// an L2 penalty on weights and none on intercepts, minimized by L-BFGS (Nocedal & Wright, algorithms 7.4 and 3.1).
import { DataError } from "../support/errors.js";

export interface LogisticRegressionOptions {
  /** Less of it, more penalty. Default 1. */
  readonly C?: number;
  /** Default 200. */
  readonly maxIterations?: number;
}

export interface LogisticRegression {
  /** [classes][columns] */
  readonly weights: readonly Float64Array[];
  /** [classes] */
  readonly intercepts: Float64Array;
}

/** The scores of each class, before the softmax. */
export function scoresOf({ weights, intercepts }: LogisticRegression, row: ArrayLike<number>): number[] {
  return weights.map((column, c) => column.reduce((sum, weight, i) => sum + weight * row[i], intercepts[c]));
}

/**
 * Learns classes 0 ... classes - 1 from rows.
 * @throws DataError where a class has no row
 */
export function fitLogisticRegression(
  rows: readonly ArrayLike<number>[],
  labels: readonly number[],
  classes: number,
  { C = 1, maxIterations = 200 }: LogisticRegressionOptions = {},
): LogisticRegression {
  for (let c = 0; c < classes; c++) {
    if (!labels.includes(c)) throw new DataError(`logistic regression: class ${c} of ${classes} has no row`);
  }
  const width = rows[0].length;
  // of two classes scikit-learn learns one row of weights, the difference of these two: half of each square is its square's
  const share = classes === 2 ? C / 2 : C;
  const size = classes * (width + 1); // of each class its weights, then its intercept
  const shape = (x: Float64Array): LogisticRegression => ({
    weights: Array.from({ length: classes }, (_, c) => x.subarray(c * (width + 1), c * (width + 1) + width)),
    intercepts: Float64Array.from({ length: classes }, (_, c) => x[c * (width + 1) + width]),
  });
  /** The loss at x, and its gradient into `gradient`. */
  const evaluate = (x: Float64Array, gradient: Float64Array): number => {
    const model = shape(x);
    let loss = 0;
    gradient.fill(0);
    rows.forEach((row, r) => {
      const scores = scoresOf(model, row);
      const most = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - most));
      const total = powers.reduce((sum, power) => sum + power, 0);
      loss += Math.log(total) + most - scores[labels[r]];
      powers.forEach((power, c) => {
        const slope = power / total - Number(c === labels[r]);
        const start = c * (width + 1);
        for (let i = 0; i < width; i++) gradient[start + i] += slope * row[i];
        gradient[start + width] += slope;
      });
    });
    for (let c = 0; c < classes; c++) {
      for (let i = c * (width + 1); i < c * (width + 1) + width; i++) {
        loss += (x[i] * x[i]) / (2 * share);
        gradient[i] += x[i] / share;
      }
    }
    return loss;
  };
  return shape(minimize(evaluate, new Float64Array(size), maxIterations));
}

const MEMORY = 10;
const ENOUGH = 1e-6; // of the gradient's largest element

function minimize(
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  rounds: number,
): Float64Array {
  let x = start;
  let gradient = new Float64Array(x.length);
  let value = evaluate(x, gradient);
  const past: { step: Float64Array; change: Float64Array; scale: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (gradient.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0) < ENOUGH) break;
    const direction = descent(gradient, past);
    const slope = dot(direction, gradient);
    let length = past.length === 0 ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : 1;
    let [next, nextGradient, nextValue] = [x, gradient, Infinity];
    for (let tries = 0; tries < 40; tries++, length /= 2) {
      next = x.map((at, i) => at + length * direction[i]);
      nextGradient = new Float64Array(x.length);
      nextValue = evaluate(next, nextGradient);
      if (nextValue <= value + 1e-4 * length * slope) break;
    }
    if (!(nextValue < value)) break; // as low as rounding lets it
    const step = next.map((at, i) => at - x[i]);
    const change = nextGradient.map((at, i) => at - gradient[i]);
    const curvature = dot(step, change);
    if (curvature > 1e-12) past.push({ step, change, scale: 1 / curvature });
    if (past.length > MEMORY) past.shift();
    [x, gradient, value] = [next, nextGradient, nextValue];
  }
  return x;
}

/** The two loops over past steps that stand for the inverse of the second derivatives. */
function descent(
  gradient: Float64Array,
  past: readonly { step: Float64Array; change: Float64Array; scale: number }[],
): Float64Array {
  const direction = gradient.map((slope) => -slope);
  const shares: number[] = [];
  for (let i = past.length - 1; i >= 0; i--) {
    const { step, change, scale } = past[i];
    shares[i] = scale * dot(step, direction);
    for (let j = 0; j < direction.length; j++) direction[j] -= shares[i] * change[j];
  }
  const last = past.at(-1);
  if (last) {
    const factor = 1 / (last.scale * dot(last.change, last.change));
    for (let j = 0; j < direction.length; j++) direction[j] *= factor;
  }
  past.forEach(({ step, change, scale }, i) => {
    const share = scale * dot(change, direction);
    for (let j = 0; j < direction.length; j++) direction[j] += (shares[i] - share) * step[j];
  });
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
