// Who ends a tensor's handle. Inside a scope (Module.forward, tidy, a rule of backward) every handle made ends with the
// scope unless it is part of the result; outside of one, a handle lives until dispose() or the garbage collector.
import { AttuneError } from "../support/errors.js";
import type { Tensor } from "./tensor.js";

let current: Tensor[] | undefined;

/** What `scope` needs of a tensor; here so that the two files do not import each other's values. */
interface Handle {
  readonly isTensorHandle: true;
  /** Ended by the garbage collector from now on. */
  registerFinalizer(): void;
}

function isHandle(value: object): value is Tensor & Handle {
  return "isTensorHandle" in value;
}

/** Called by every new handle. */
export function adopt(tensor: Tensor): void {
  if (current) current.push(tensor);
  else tensor.registerFinalizer();
}

/**
 * Runs `fn`; handles made meanwhile end when it returns, unless they are part of what it returns (found in arrays, maps
 * and plain objects). A freed tensor's memory stays as long as the graph needs it.
 * @throws AttuneError if `fn` is asynchronous: its handles would end while it still runs.
 */
export function tidy<T>(fn: () => T): T {
  const outer = current;
  const own: Tensor[] = [];
  current = own;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    current = outer;
    for (const tensor of own) tensor.dispose();
    throw error;
  }
  current = outer;
  if (result instanceof Promise) {
    result.catch(() => {});
    for (const tensor of own) tensor.dispose();
    throw new AttuneError("tidy: the function is asynchronous; await first, then tidy the synchronous part");
  }
  if (own.length === 0) return result;
  const escaping = new Set<Tensor>();
  collect(result, escaping, 0);
  for (const tensor of own) {
    if (escaping.has(tensor)) adopt(tensor);
    else tensor.dispose();
  }
  return result;
}

/** Takes a tensor out of all scopes: it lives until dispose() or the garbage collector. */
export function keep<T extends Tensor>(tensor: T): T {
  if (current) {
    const at = current.lastIndexOf(tensor);
    if (at >= 0) current.splice(at, 1);
    tensor.registerFinalizer();
  }
  return tensor;
}

/** Runs `fn` as if outside of every scope: for what is made once and outlives the call, such as parameters. */
export function outsideScopes<T>(fn: () => T): T {
  const outer = current;
  current = undefined;
  try {
    return fn();
  } finally {
    current = outer;
  }
}

const deepest = 8;

function collect(value: unknown, found: Set<Tensor>, depth: number): void {
  if (typeof value !== "object" || value === null || depth > deepest) return;
  if (isHandle(value)) {
    found.add(value);
  } else if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) collect(item, found, depth + 1);
  } else if (value instanceof Map) {
    for (const item of value.values()) collect(item, found, depth + 1);
  } else if (!ArrayBuffer.isView(value)) {
    for (const item of Object.values(value)) collect(item, found, depth + 1);
  }
}
