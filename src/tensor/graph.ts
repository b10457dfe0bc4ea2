// The record of what was computed (the tape), and backward over it. A node keeps what its gradient needs, as references
// to storages with their versions, and lets go of it as soon as its gradient is done, or nobody can ask for it any more:
// neither a handle nor a later node holds it.
import { AttuneError, LifetimeError, ShapeError } from "../support/errors.js";
import { full } from "./create.js";
import { accumulate, type Gradient, GradientSlot, RowsGradient } from "./gradient.js";
import { tidy } from "./scope.js";
import { formatShape, type Shape, sameShape } from "./shape.js";
import type { Storage } from "./storage.js";
import { Tensor } from "./tensor.js";

/** What a gradient rule may ask while it runs. */
export interface Backward {
  /** Whether anybody needs the gradient of input i. */
  wanted(i: number): boolean;
  /**
   * A dense gradient of input i that came from elsewhere and may be added to in place; a rule that does so returns it as
   * its gradient of input i.
   */
  accumulator(i: number): Tensor | undefined;
}

/** From the output's gradient to one gradient per input, in the order of `inputs`; undefined where not wanted. */
export type GradientRule = (dy: Tensor, backward: Backward) => readonly (Gradient | undefined)[];

/** A tensor kept from forward for backward. */
export class Saved {
  readonly op: string;
  readonly #storage: Storage;
  readonly #shape: Shape;
  readonly #offset: number;
  readonly #version: number;
  readonly #host: Int32Array | undefined;

  constructor(op: string, tensor: Tensor) {
    this.op = op;
    this.#storage = tensor.storage;
    this.#shape = tensor.shape;
    this.#offset = tensor.offset;
    this.#version = tensor.storage.version;
    this.#host = tensor.host;
  }

  get storage(): Storage {
    return this.#storage;
  }

  /**
   * A handle on the saved elements, for use inside the gradient rule.
   * @throws LifetimeError if they were changed in place since.
   */
  get tensor(): Tensor {
    if (this.#storage.version !== this.#version) {
      throw new LifetimeError(
        `${this.op}: a tensor of shape ${formatShape(this.#shape)} that its gradient needs was changed in place after ` +
          "forward; change it after backward(), or change a copy",
      );
    }
    return new Tensor(this.#storage.retain(), this.#shape, { offset: this.#offset, host: this.#host });
  }
}

/**
 * What a node keeps for its gradient, as long as somebody can ask for it: handles of the output, and what nodes of
 * consumers keep, hold it. It stands apart from the node, since a rule may reach the very handle whose end it waits for.
 */
export class Kept {
  readonly #producers: readonly Kept[];
  #saved: readonly Saved[];
  #holders = 0;

  constructor(saved: readonly Saved[], producers: readonly Kept[]) {
    this.#saved = saved;
    this.#producers = producers;
    for (const item of saved) item.storage.retain();
    for (const producer of producers) producer.hold();
  }

  hold(): void {
    this.#holders++;
  }

  /** One holder less; without any, what is kept goes, and with it what only this held. */
  drop(): void {
    const dropped: Kept[] = [this];
    for (let kept = dropped.pop(); kept; kept = dropped.pop()) {
      if (--kept.#holders > 0) continue;
      kept.release();
      dropped.push(...kept.#producers);
    }
  }

  /** Lets go of the memory, whoever holds this. */
  release(): void {
    for (const item of this.#saved) item.storage.release();
    this.#saved = [];
  }
}

let created = 0;
let enabled = true;

export class GraphNode {
  readonly op: string;
  /** Consumers have larger numbers than producers. */
  readonly number = created++;
  /** Where each input's gradient goes: the node that computed it, a leaf that collects, or nowhere. */
  readonly edges: readonly (GraphNode | Tensor | undefined)[];
  /** Gradient of the output, gathered while backward runs. */
  pending: Gradient | undefined;
  /** What forward left for the gradient. */
  readonly kept: Kept;
  #rule: GradientRule | undefined;

  constructor(op: string, inputs: readonly (Tensor | undefined)[], rule: GradientRule, saved: readonly Saved[]) {
    this.op = op;
    this.edges = inputs.map((input) => input?.node ?? (input?.requiresGrad ? input : undefined));
    this.#rule = rule;
    this.kept = new Kept(
      saved,
      this.edges.flatMap((edge) => (edge instanceof GraphNode ? edge.kept : [])),
    );
  }

  run(dy: Tensor): readonly (Gradient | undefined)[] {
    if (!this.#rule) {
      throw new LifetimeError(
        `backward: the graph behind ${this.op} was already used up by an earlier backward(); pass { retainGraph: true } there`,
      );
    }
    return this.#rule(dy, {
      wanted: (i) => this.edges[i] !== undefined,
      accumulator: (i) => ownDense(this.edges[i]),
    });
  }

  /** Lets go of what the gradient needs: it cannot be computed any more. */
  release(): void {
    this.kept.release();
    this.#rule = undefined;
  }

  get released(): boolean {
    return this.#rule === undefined;
  }
}

function ownDense(edge: GraphNode | Tensor | undefined): Tensor | undefined {
  const held = edge instanceof GraphNode ? edge.pending : edge?.gradientSlot?.accumulator;
  return held instanceof Tensor && held.storage.references === 1 ? held : undefined;
}

/** Whether operations are recorded now. */
export function gradEnabled(): boolean {
  return enabled;
}

/**
 * Runs `fn` without recording: nothing in it can be differentiated, and nothing is kept for backward.
 * @throws AttuneError for an asynchronous function: recording would be off for whatever else runs meanwhile.
 */
export function noGrad<T>(fn: () => T): T {
  if (fn.constructor.name === "AsyncFunction") throw asynchronous();
  const before = enabled;
  enabled = false;
  try {
    const result = fn();
    if (result instanceof Promise) {
      result.catch(() => {});
      throw asynchronous();
    }
    return result;
  } finally {
    enabled = before;
  }
}

/** Runs `fn` with recording on, also within noGrad. */
export function enableGrad<T>(fn: () => T): T {
  const before = enabled;
  enabled = true;
  try {
    return fn();
  } finally {
    enabled = before;
  }
}

/** Number of the node that is made next. */
export function nodesSoFar(): number {
  return created;
}

function asynchronous(): AttuneError {
  return new AttuneError(
    "noGrad: the function is asynchronous; wrap only the synchronous part, and await outside of it",
  );
}

export interface BackwardOptions {
  /** Gradient of the tensor itself, of its shape; default 1 for a tensor of one element. */
  readonly gradient?: Tensor;
  /** Keep what the graph holds, so that backward can run again. Default false. */
  readonly retainGraph?: boolean;
  /**
   * Called with a leaf as soon as this backward adds no more to its gradient. Where parts are computed twice (checkpoint),
   * nobody knows before the end, and it is not called.
   */
  readonly onLeafDone?: (leaf: Tensor) => void;
}

/**
 * Computes the gradients of `root` for every leaf behind it and adds them to the leaves' `grad`. What the graph held is
 * let go of on the way; handles stay readable.
 * @throws ShapeError if root has several elements and no gradient is given, or was not computed from a leaf.
 * @throws LifetimeError if the graph was used up, or a tensor it needs was changed in place.
 */
export function backward(root: Tensor, options: BackwardOptions = {}): void {
  const { gradient } = options;
  if (gradient && !sameShape(gradient.shape, root.shape)) {
    throw new ShapeError(
      `backward: a gradient of shape ${formatShape(gradient.shape)} for a tensor of shape ${formatShape(root.shape)}`,
    );
  }
  if (!gradient && root.size !== 1) {
    throw new ShapeError(
      `backward: a tensor of shape ${formatShape(root.shape)} needs a gradient argument; call it on a loss of one element`,
    );
  }
  const top = root.node;
  if (!top) {
    throw new ShapeError(
      "backward: nothing behind this tensor requires a gradient (was it computed under noGrad, or detached?)",
    );
  }
  const { nodes } = reachable(top);
  const used = nodes.find((node) => node.released);
  if (used) used.run(root); // throws the error that names it
  const seed = gradient ? gradient.hold() : tidy(() => full(root.shape, 1, "float32", root.backend).hold());
  backpropagate(nodes, seed, options);
}

/**
 * Runs the rules of `nodes`, consumers before producers, from the first one's gradient on, which it takes over. What
 * reaches nodes that are not among them is left pending there.
 */
export function backpropagate(nodes: readonly GraphNode[], gradient: Tensor, options: BackwardOptions = {}): void {
  const leafDone = options.onLeafDone && watchLeaves(nodes, options.onLeafDone);
  noGrad(() => {
    try {
      nodes[0].pending = gradient;
      for (const node of nodes) {
        step(node);
        leafDone?.(node);
        if (!options.retainGraph) node.release();
      }
    } finally {
      for (const node of nodes) {
        node.pending?.dispose();
        node.pending = undefined;
      }
    }
  });
}

/** Counts the nodes that lead to each leaf; the result is told of each node that has run. */
function watchLeaves(nodes: readonly GraphNode[], done: (leaf: Tensor) => void): (node: GraphNode) => void {
  const uses = new Map<Tensor, number>();
  const leavesOf = (node: GraphNode) => node.edges.filter((edge) => edge instanceof Tensor);
  if (nodes.some((node) => node.op === "checkpoint")) return () => undefined;
  for (const node of nodes) for (const leaf of leavesOf(node)) uses.set(leaf, (uses.get(leaf) ?? 0) + 1);
  return (node) => {
    for (const leaf of leavesOf(node)) {
      const left = (uses.get(leaf) ?? 0) - 1;
      uses.set(leaf, left);
      if (left === 0) done(leaf);
    }
  };
}

function step(node: GraphNode): void {
  const { pending } = node;
  if (!pending) return; // no gradient reached it
  tidy(() => {
    const dy = pending instanceof RowsGradient ? pending.toDense() : pending;
    const gradients = node.run(dy);
    for (let i = 0; i < node.edges.length; i++) {
      const gradient = gradients[i];
      const edge = node.edges[i];
      if (!gradient || !edge) continue;
      if (edge instanceof GraphNode) {
        edge.pending = edge.pending ? accumulate(edge.pending, gradient) : gradient.hold();
      } else {
        edge.gradientSlot ??= new GradientSlot();
        edge.gradientSlot.add(gradient);
      }
    }
  });
  node.pending = undefined;
  pending.dispose();
}

/** The nodes behind `top` from number `first` on, consumers before producers; and the older ones that they lead to. */
export function reachable(top: GraphNode, first = 0): { nodes: GraphNode[]; older: GraphNode[] } {
  const found = new Set([top]);
  const older = new Set<GraphNode>();
  for (const node of found) {
    for (const edge of node.edges) if (edge instanceof GraphNode) (edge.number < first ? older : found).add(edge);
  }
  return { nodes: [...found].sort((a, b) => b.number - a.number), older: [...older] };
}
