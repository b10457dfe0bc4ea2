/** Base of every error that Attune throws on purpose; the message names the thing, the value and the remedy. */
export class AttuneError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Shapes, dtypes or values of tensors that do not fit an operation. */
export class ShapeError extends AttuneError {}

/** A tensor was used after it was freed, or changed between forward and backward. */
export class LifetimeError extends AttuneError {}

/** A kernel failed or found a non-finite number on the device; raised at the next read or fence. */
export class DeviceError extends AttuneError {}

/** A file is missing, damaged, truncated or of a kind that is not supported. */
export class FileFormatError extends AttuneError {}

/** A pickle names more than tensors and containers; it was refused, and nothing of it was executed. */
export class UnsafePickleError extends FileFormatError {}

/** A configuration, argument or option is wrong. */
export class ConfigError extends AttuneError {}

/** A dataset lacks a column or a split, or a column holds what was not expected. */
export class DataError extends AttuneError {}

/** The candidate nearest to `name` by edit distance, or undefined where none is near enough to suggest. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j] + 1, row[j - 1] + 1));
    }
    previous = row;
  }
  return previous[b.length];
}
