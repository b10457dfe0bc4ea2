// A random forest for regression over a search space (Breiman, "Random Forests", 2001): trees grown on bootstrap samples,
// each split taking the most variance away. Ranges are split at a threshold, choices into two sets of values.
import { NumpyGenerator } from "../support/numpy-generator.js";

/** A dimension of the space: a range from 0 to 1, or so many values of a choice, numbered from 0. */
export type Axis = { readonly kind: "range" } | { readonly kind: "choice"; readonly size: number };

export interface Leaf {
  readonly value: number;
}

/** Points with x <= threshold go left. */
export interface Cut {
  readonly axis: number;
  readonly threshold: number;
  readonly left: Tree;
  readonly right: Tree;
}

/** Points whose value is in the set go left. */
export interface Partition {
  readonly axis: number;
  readonly values: ReadonlySet<number>;
  readonly left: Tree;
  readonly right: Tree;
}

export type Tree = Leaf | Cut | Partition;

/** A point of the space (a coordinate for each axis) and what was measured there. */
export interface Sample {
  readonly point: readonly number[];
  readonly value: number;
}

/** Trees grown until their leaves hold one value. The same samples and seed give the same forest. */
export function growForest(
  samples: readonly Sample[],
  axes: readonly Axis[],
  options: { trees: number; seed: number },
): Tree[] {
  const generator = new NumpyGenerator(options.seed);
  return Array.from({ length: options.trees }, () => {
    const drawn = samples.map(() => samples[generator.integer(samples.length)]);
    return grow(drawn, axes, generator);
  });
}

function grow(samples: readonly Sample[], axes: readonly Axis[], generator: NumpyGenerator): Tree {
  const split = samples.length < 2 ? undefined : bestSplit(samples, axes, generator);
  if (split === undefined) return { value: mean(samples) };
  const goesLeft = "values" in split ? (x: number) => split.values.has(x) : (x: number) => x <= split.threshold;
  const [left, right] = [true, false].map((side) =>
    samples.filter(({ point }) => goesLeft(point[split.axis]) === side),
  );
  return { ...split, left: grow(left, axes, generator), right: grow(right, axes, generator) };
}

type Split = Pick<Cut, "axis" | "threshold"> | Pick<Partition, "axis" | "values">;

/** The split that leaves the least variance; of several that leave as little, one by chance. */
function bestSplit(samples: readonly Sample[], axes: readonly Axis[], generator: NumpyGenerator): Split | undefined {
  const [first] = samples;
  if (samples.every(({ value }) => value === first.value)) return undefined;
  let best: Split | undefined;
  let bestGain = -Infinity;
  for (const axis of generator.permutation(axes.length)) {
    const groups = groupsOf(samples, axis, axes[axis]);
    let [leftCount, leftSum] = [0, 0];
    const total = groups.reduce((sum, group) => sum + group.sum, 0);
    for (let i = 0; i < groups.length - 1; i++) {
      leftCount += groups[i].count;
      leftSum += groups[i].sum;
      const rightCount = samples.length - leftCount;
      const gain = leftSum ** 2 / leftCount + (total - leftSum) ** 2 / rightCount; // what the squares lose, but a constant
      if (!(gain > bestGain)) continue;
      bestGain = gain;
      best =
        axes[axis].kind === "range"
          ? { axis, threshold: (groups[i].x + groups[i + 1].x) / 2 }
          : { axis, values: new Set(groups.slice(0, i + 1).map(({ x }) => x)) };
    }
  }
  return best;
}

interface Group {
  readonly x: number;
  count: number;
  sum: number;
}

/**
 * Samples by their coordinate, in the order in which splits are tried: of a range by the coordinate, of a choice by the mean,
 * among whose prefixes the best of all subsets is (Fisher, "On Grouping for Maximum Homogeneity", 1958).
 */
function groupsOf(samples: readonly Sample[], axis: number, { kind }: Axis): Group[] {
  const groups = new Map<number, Group>();
  for (const { point, value } of samples) {
    const group = groups.get(point[axis]) ?? { x: point[axis], count: 0, sum: 0 };
    group.count++;
    group.sum += value;
    groups.set(point[axis], group);
  }
  const key = kind === "range" ? ({ x }: Group) => x : ({ sum, count }: Group) => sum / count;
  return [...groups.values()].sort((a, b) => key(a) - key(b) || a.x - b.x);
}

function mean(samples: readonly Sample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0) / samples.length;
}
