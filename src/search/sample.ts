// Which values the trials of a search have: drawn, or a grid. They depend on the space and the seed alone, so that a search
// that was killed, or is asked for more trials, goes on with the trials that it would have had.
import { ConfigError } from "../support/errors.js";
import { NumpyGenerator } from "../support/numpy-generator.js";
import { permutation } from "../support/pcg64.js";
import { atShare } from "./measure.js";
import { type Domain, type LogUniform, type Params, type Space, type Uniform, type Value, valuesOf } from "./space.js";

export const SAMPLERS = ["random", "grid"] as const;
export type Sampler = (typeof SAMPLERS)[number];

const LARGEST_GRID = 1_000_000;

export interface SampleOptions {
  readonly sampler: Sampler;
  readonly seed: number;
  /** How many trials; undefined: all of a grid. */
  readonly count: number | undefined;
  /** Values that come before all others, each once. Default none. */
  readonly enqueued?: readonly Params[];
}

/**
 * The values of the trials, in order. Of a space with fewer combinations than `count` each comes once.
 * @throws ConfigError where a grid has no end or no bounds
 */
export function sampleTrials(space: Space, { sampler, seed, count, enqueued = [] }: SampleOptions): Params[] {
  const known = new Map(enqueued.map((params) => [keyOf(space, params), params]));
  const first = [...known.values()].slice(0, count);
  const left = count === undefined ? undefined : count - first.length;
  const seen = new Set(known.keys());
  const others = sampler === "grid" ? gridTrials(space, seed, left, seen) : randomTrials(space, seed, left ?? 20, seen);
  return [...first, ...others];
}

/** By which a combination of values is known. */
function keyOf(space: Space, params: Params): string {
  return JSON.stringify(Object.keys(space).map((name) => params[name]));
}

/** Each trial draws its values from a generator of its own: numpy's default_rng(trial * 2^32 + seed), by their names in order. */
function randomTrials(space: Space, seed: number, count: number, seen: Set<string>): Params[] {
  const combinations = Object.values(space).reduce((product, domain) => product * countValues(domain), 1);
  const wanted = Math.min(count, combinations - seen.size);
  const names = Object.keys(space).sort();
  const trials: Params[] = [];
  for (let stream = 0; trials.length < wanted; stream++) {
    const generator = new NumpyGenerator((BigInt(stream) << 32n) | BigInt(seed));
    const drawn = new Map(names.map((name) => [name, draw(space[name], generator)]));
    const params = Object.fromEntries(Object.keys(space).map((name) => [name, drawn.get(name) as Value]));
    const key = keyOf(space, params);
    if (seen.has(key)) continue; // of a finite space; each combination comes up sooner or later
    seen.add(key);
    trials.push(params);
  }
  return trials;
}

function draw(domain: Domain, generator: NumpyGenerator): Value {
  const share = generator.random();
  if (isRange(domain)) return atShare(domain, share);
  const index = Math.floor(share * countValues(domain));
  return domain.type === "choice" ? domain.values[index] : domain.low + index * (domain.step ?? 1);
}

/** In an order that the seed shuffles, so that the first trials are spread over the grid. */
function gridTrials(space: Space, seed: number, count: number | undefined, seen: ReadonlySet<string>): Params[] {
  const size = Object.entries(space).reduce((product, [name, domain]) => {
    if (isRange(domain) && domain.points === undefined) {
      throw new ConfigError(
        `a grid needs to know how many values to take of ${name}: give its domain points, as in { points: 5 }`,
      );
    }
    return product * (isRange(domain) ? (domain.points ?? 1) : countValues(domain));
  }, 1);
  if (size > LARGEST_GRID)
    throw new ConfigError(`the grid has ${size} combinations: leave some out, or draw at random`);
  const axes = Object.entries(space)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, domain]) => [name, valuesOf(domain) ?? []] as const);
  const all = permutation(size, seed).subarray(0, Math.min(size, (count ?? size) + seen.size));
  const combinations = Array.from(all, (index) => combination(axes, index));
  return combinations.filter((params) => !seen.has(keyOf(space, params))).slice(0, count);
}

/** The last parameter changes from one combination to the next. */
function combination(axes: readonly (readonly [string, readonly Value[]])[], index: number): Params {
  let rest = index;
  const places = axes.map(() => 0);
  for (let i = axes.length - 1; i >= 0; i--) {
    const { length } = axes[i][1];
    places[i] = rest % length;
    rest = Math.floor(rest / length);
  }
  return Object.fromEntries(axes.map(([name, values], i) => [name, values[places[i]]]));
}

function isRange(domain: Domain): domain is Uniform | LogUniform {
  return domain.type === "uniform" || domain.type === "log-uniform";
}

/** How many values may be drawn from a domain. */
function countValues(domain: Domain): number {
  if (isRange(domain)) return Infinity;
  if (domain.type === "choice") return domain.values.length;
  return Math.floor((domain.high - domain.low) / (domain.step ?? 1)) + 1;
}
