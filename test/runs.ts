// How many examples property tests take: few in `npm test`, many in `npm run soak`.
let scale = 1;

/** The runs of a property that takes `few` in `npm test`. To be called within a test. */
export function runs(few: number): number {
  return few * scale;
}

/** Makes every property of this process take `factor` times as many examples. */
export function scaleRuns(factor: number): void {
  scale = factor;
}
