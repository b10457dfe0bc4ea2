/** exp(x) / sum of exp(x). */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
