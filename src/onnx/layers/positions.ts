// Where tokens stand, and how far from each other.
import type { Embedding } from "../../nn/index.js";
import type { GraphBuilder, Value } from "../graph.js";

/** int64 []: the length of the batch. */
export function lengthOf(g: GraphBuilder, ids: Value): Value {
  return g.node("Gather", [g.node("Shape", [ids]), g.integers([1], [])]);
}

/** int64 [length]: 0, 1, ... */
export function range(g: GraphBuilder, length: Value): Value {
  return g.node("Range", [g.integers([0], []), length, g.integers([1], [])]);
}

/** The first rows of a table of positions, as many as the batch is long: [length, width]. */
export function firstPositions(g: GraphBuilder, table: Embedding, ids: Value): Value {
  return g.inside(table, () => {
    const end = g.node("Unsqueeze", [lengthOf(g, ids), g.integers([0])]);
    return g.node("Slice", [g.parameter(table.weight), g.integers([0]), end, g.integers([0])]);
  });
}

/** As models/positions.ts: counted from the padding token's id on. int64 [batch, length]. */
export function positionsFromPadding(g: GraphBuilder, ids: Value, padding: number): Value {
  const id = g.integers([padding], []);
  const real = g.node("Cast", [g.node("Not", [g.node("Equal", [ids, id])])], { to: 7 }); // int64
  const count = g.node("Mul", [g.node("CumSum", [real, g.integers([1], [])]), real]);
  return g.node("Add", [count, id]);
}

/** Query minus key for each pair of tokens: int64 [length, length]. */
export function distances(g: GraphBuilder, length: Value): Value {
  const positions = range(g, length);
  return g.node("Sub", [
    g.node("Unsqueeze", [positions, g.integers([1])]),
    g.node("Unsqueeze", [positions, g.integers([0])]),
  ]);
}

/**
 * A function of the distance as a table of its values, which stay the same from -`farthest` and +`farthest` on. So a
 * sequence may be of any length.
 * @returns int64, of the shape of `distance`
 */
export function byDistance(
  g: GraphBuilder,
  distance: Value,
  farthest: number,
  fn: (distance: number) => number,
): Value {
  const values = Array.from({ length: 2 * farthest + 1 }, (_, i) => fn(i - farthest));
  const place = g.node("Clip", [
    g.node("Add", [distance, g.integers([farthest], [])]),
    g.integers([0], []),
    g.integers([2 * farthest], []),
  ]);
  return g.node("Gather", [g.integers(values), place]);
}
