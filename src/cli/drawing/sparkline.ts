// A curve in a line of text.
import type { Ink } from "./ink.js";

const BLOCKS = "▁▂▃▄▅▆▇█";
const LETTERS = "_.-~=*#";

/** Values over `width` characters, each the mean of its part; a space where a part has no finite value. */
export function sparkline(values: ArrayLike<number>, width: number, { unicode }: Ink): string {
  const levels = unicode ? BLOCKS : LETTERS;
  const parts = partMeans(values, Math.min(width, values.length));
  const finite = parts.filter(Number.isFinite);
  const low = Math.min(...finite);
  const extent = Math.max(...finite) - low;
  return parts
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      const level = extent > 0 ? Math.round(((value - low) / extent) * (levels.length - 1)) : levels.length >> 1;
      return levels[level];
    })
    .join("");
}

/** Means of the finite values of `count` parts of equal length; NaN where a part has none. */
function partMeans(values: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part, part + 1].map((i) => Math.floor((i * values.length) / count));
    let [sum, finite] = [0, 0];
    for (let i = from; i < to; i++) {
      if (!Number.isFinite(values[i])) continue;
      sum += values[i];
      finite++;
    }
    return finite > 0 ? sum / finite : Number.NaN;
  });
}
