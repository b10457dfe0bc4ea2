// An axis: which values of a range are named, and how.
export interface Axis {
  readonly low: number;
  readonly high: number;
  /** Values that are named, from low to high. */
  readonly ticks: readonly number[];
  readonly label: (value: number) => string;
  /** Where a value lies, from 0 at `low` to 1 at `high`. */
  readonly share: (value: number) => number;
}

/**
 * An axis over finite values, its ticks at 1, 2 or 5 times a power of ten; with `log` at powers of ten and their parts.
 * @param most How many ticks there is room for, at least 2.
 */
export function axisOver(values: Iterable<number>, { most, log = false }: { most: number; log?: boolean }): Axis {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  if (low === high)
    [low, high] = log ? [low / 2, high * 2] : [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
  return log ? logAxis(low, high, most) : linearAxis(low, high, most);
}

function linearAxis(low: number, high: number, most: number): Axis {
  const step = niceStep((high - low) / Math.max(1, most - 1));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
  const digits = Math.max(0, Math.min(20, -Math.floor(Math.log10(step) + 1e-9)));
  const label = (value: number) => {
    if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e7)) return shortExponent(value);
    return value.toFixed(digits);
  };
  return { low, high, ticks, label, share: (value) => (value - low) / (high - low) };
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((each) => each * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function logAxis(low: number, high: number, most: number): Axis {
  const [from, to] = [low, high].map(Math.log10);
  const candidates = [[1, 2, 5], [1, 3], [1]].map((factors) => {
    const ticks: number[] = [];
    for (let power = Math.floor(from); power <= Math.ceil(to); power++) {
      for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
    }
    return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  });
  const fitting = candidates.find((ticks) => ticks.length <= most) ?? thinned(candidates[2], most);
  const ticks = fitting.length >= 2 ? fitting : [low, high];
  const label = (value: number) =>
    value < 1e-3 || value >= 1e5 ? shortExponent(value) : String(Number(value.toPrecision(3)));
  return { low, high, ticks, label, share: (value) => (Math.log10(value) - from) / (to - from) };
}

function thinned(ticks: readonly number[], most: number): number[] {
  const every = Math.ceil(ticks.length / most);
  return ticks.filter((_, i) => i % every === 0);
}

function shortExponent(value: number): string {
  return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
}
