// Activation checkpointing (Chen et al. 2016): of a part of the computation only its inputs are kept; backward computes it
// once more, and then its gradients. The same bits as without it: the part draws the same random numbers again, and its
// gradients reach the inputs and parameters one by one, as they would have.
import { AttuneError } from "../support/errors.js";
import { backpropagate, enableGrad, GraphNode, gradEnabled, nodesSoFar, noGrad, reachable, Saved } from "./graph.js";
import { autocast, type ProductPrecision, productPrecision } from "./precision.js";
import { randomState, setRandomState } from "./random.js";
import { tidy } from "./scope.js";
import { Tensor } from "./tensor.js";

/**
 * fn(...args), of which backward keeps nothing but the tensors in `args` (in arrays and plain objects too).
 * @param fn Computes the same whenever it is called. Tensors with a gradient must come in through `args`, except for
 *   leaves, such as parameters.
 * @throws AttuneError in backward, where a computed tensor came in by another way.
 */
export function checkpoint<Args extends readonly unknown[]>(fn: (...args: Args) => Tensor, ...args: Args): Tensor {
  if (!gradEnabled()) return fn(...args);
  const before = { random: randomState(), precision: productPrecision() };
  const result = tidy(() => noGrad(() => fn(...args)));
  const inputs: Tensor[] = [];
  mapTensors(args, (tensor) => {
    inputs.push(tensor);
    return tensor;
  });
  const output = inputs.includes(result) ? result.alias(result.shape) : result;
  const saved = inputs.map((tensor) => new Saved("checkpoint", tensor));
  const node: GraphNode = new GraphNode(
    "checkpoint",
    inputs,
    (dy) => {
      replay(fn, args, saved, node, before, dy);
      return []; // the inputs have theirs
    },
    saved,
  );
  output.node = node;
  return output;
}

function replay<Args extends readonly unknown[]>(
  fn: (...args: Args) => Tensor,
  args: Args,
  saved: readonly Saved[],
  node: GraphNode,
  before: { readonly random: ReturnType<typeof randomState>; readonly precision: ProductPrecision },
  dy: Tensor,
): void {
  const now = randomState();
  const first = nodesSoFar();
  setRandomState(before.random);
  let i = 0;
  const output = tidy(() => {
    // handles whose gradients go where those of the inputs went
    const again = mapTensors(args, () => {
      const edge = node.edges[i];
      const { tensor } = saved[i++];
      if (edge instanceof Tensor) return edge;
      tensor.node = edge;
      return tensor;
    });
    return enableGrad(() => autocast(before.precision, () => fn(...again)));
  });
  setRandomState(now);
  if (!output.node) return; // nothing in it has a gradient
  const { nodes, older } = reachable(output.node, first);
  const lost = older.find((edge) => !node.edges.includes(edge));
  if (lost) {
    throw new AttuneError(
      `checkpoint: what ${lost.op} computed outside was used inside without being an argument; its gradient would be lost`,
    );
  }
  backpropagate(nodes, dy);
}

const deepest = 4;

/** A copy of arrays and plain objects with their tensors replaced; everything else is taken as it is. */
function mapTensors<T>(value: T, replace: (tensor: Tensor) => Tensor, depth = 0): T {
  if (value instanceof Tensor) return replace(value) as T;
  if (typeof value !== "object" || value === null || depth > deepest || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => mapTensors(item, replace, depth + 1)) as T;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTensors(item, replace, depth + 1)]),
  ) as T;
}
