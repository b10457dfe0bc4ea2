// How much each parameter of a search matters: functional analysis of variance over a random forest (Hutter, Hoos and
// Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", 2014). The forest predicts the objective
// all over the space; a parameter's importance is the share of the predictions' variance that it explains alone, the others
// averaged over. Shares do not add up to 1: what is left is what parameters do together.
import { type Axis, growForest, type Sample, type Tree } from "./forest.js";
import { shareOf } from "./measure.js";
import type { Domain, Params, Space } from "./space.js";

const TREES = 64;
const SEED = 0;
/** Fewer trials than this say nothing. */
export const LEAST_TRIALS = 4;

/** A trial and what it reached. */
export interface Measured {
  readonly params: Params;
  readonly value: number;
}

/**
 * Shares of variance by the names of parameters, the largest first. Undefined where there are fewer than four trials with
 * a finite value, or all have the same.
 */
export function importances(space: Space, trials: readonly Measured[]): Record<string, number> | undefined {
  const finite = trials.filter(({ value }) => Number.isFinite(value));
  if (finite.length < LEAST_TRIALS || finite.every(({ value }) => value === finite[0].value)) return undefined;
  const names = Object.keys(space);
  const axes = names.map((name) => axisOf(space[name]));
  const samples: Sample[] = finite.map(({ params, value }) => ({
    point: names.map((name) => coordinate(space[name], params[name])),
    value,
  }));
  const shares = forestShares(growForest(samples, axes, { trees: TREES, seed: SEED }), axes);
  return Object.fromEntries(names.map((name, i): [string, number] => [name, shares[i]]).sort(([, a], [, b]) => b - a));
}

function axisOf(domain: Domain): Axis {
  return domain.type === "choice" ? { kind: "choice", size: domain.values.length } : { kind: "range" };
}

function coordinate(domain: Domain, value: Params[string]): number {
  return shareOf(domain, value);
}

/** The mean over trees of the share of variance that each axis explains alone; trees without variance are left out. */
export function forestShares(trees: readonly Tree[], axes: readonly Axis[]): number[] {
  const varied = trees.map((tree) => mainEffects(tree, axes)).filter(({ variance }) => variance > 0);
  return axes.map(
    (_, axis) =>
      varied.reduce((sum, { variance, effects }) => sum + effects[axis] / variance, 0) / Math.max(1, varied.length),
  );
}

/** The region of the space that a node covers, and its share of the space. */
interface Region {
  /** Of a range its bounds, of a choice its values. */
  readonly sides: readonly (readonly [number, number] | ReadonlySet<number>)[];
  readonly volume: number;
}

/** Variance of a tree's predictions over the whole space, and of their means along each axis. */
export function mainEffects(tree: Tree, axes: readonly Axis[]): { variance: number; effects: number[] } {
  const leaves: { readonly value: number; readonly region: Region }[] = [];
  const whole: Region = {
    sides: axes.map((axis) => (axis.kind === "range" ? [0, 1] : new Set(Array(axis.size).keys()))),
    volume: 1,
  };
  const visit = (node: Tree, region: Region): void => {
    if (region.volume === 0) return;
    if ("value" in node) {
      leaves.push({ value: node.value, region });
      return;
    }
    const [left, right] = divide(node, region);
    visit(node.left, left);
    visit(node.right, right);
  };
  visit(tree, whole);
  const mean = leaves.reduce((sum, { value, region }) => sum + value * region.volume, 0);
  const variance = leaves.reduce((sum, { value, region }) => sum + (value - mean) ** 2 * region.volume, 0);
  return { variance, effects: axes.map((axis, i) => effectAlong(leaves, i, axis, mean)) };
}

function divide(node: Exclude<Tree, { value: number }>, { sides, volume }: Region): readonly [Region, Region] {
  const side = sides[node.axis];
  const part = (covered: Region["sides"][number], share: number): Region => ({
    sides: sides.with(node.axis, covered),
    volume: volume * share,
  });
  if ("values" in node) {
    const all = [...(side as ReadonlySet<number>)];
    const inside = new Set(all.filter((value) => node.values.has(value)));
    const outside = new Set(all.filter((value) => !node.values.has(value)));
    return [part(inside, inside.size / all.length), part(outside, outside.size / all.length)];
  }
  const [low, high] = side as readonly [number, number];
  const at = Math.min(high, Math.max(low, node.threshold));
  return [part([low, at], (at - low) / (high - low)), part([at, high], (high - at) / (high - low))];
}

/** The variance of the mean prediction as a function of one coordinate, which is constant between the tree's cuts. */
function effectAlong(
  leaves: readonly { readonly value: number; readonly region: Region }[],
  index: number,
  axis: Axis,
  mean: number,
): number {
  const cells: { readonly width: number; readonly covers: (side: Region["sides"][number]) => boolean }[] = [];
  if (axis.kind === "choice") {
    for (let value = 0; value < axis.size; value++) {
      cells.push({ width: 1 / axis.size, covers: (side) => (side as ReadonlySet<number>).has(value) });
    }
  } else {
    const bounds = [...new Set(leaves.flatMap(({ region }) => region.sides[index] as readonly [number, number]))];
    bounds.sort((a, b) => a - b);
    for (let i = 0; i + 1 < bounds.length; i++) {
      const middle = (bounds[i] + bounds[i + 1]) / 2;
      const covers = (side: Region["sides"][number]) => {
        const [low, high] = side as readonly [number, number];
        return low <= middle && middle < high;
      };
      cells.push({ width: bounds[i + 1] - bounds[i], covers });
    }
  }
  let effect = 0;
  for (const { width, covers } of cells) {
    let marginal = 0;
    for (const { value, region } of leaves) {
      const side = region.sides[index];
      if (covers(side)) marginal += (value * region.volume) / extent(side, axis);
    }
    effect += width * (marginal - mean) ** 2;
  }
  return effect;
}

/** The share of an axis that a region covers. */
function extent(side: Region["sides"][number], axis: Axis): number {
  if (axis.kind === "choice") return (side as ReadonlySet<number>).size / axis.size;
  const [low, high] = side as readonly [number, number];
  return high - low;
}
