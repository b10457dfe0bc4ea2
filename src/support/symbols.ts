// Symbols that any object may implement to tell Attune about itself. They are registered (`Symbol.for`), so two copies
// of the package in one process, or an object that never imports Attune, agree on them.

/**
 * Method: a string that changes whenever the results obtained through the object could change (a tokenizer's hash of its
 * tokenizer.json, say). A cached result that depends on the object is reused only under an equal fingerprint.
 */
export const fingerprint: unique symbol = Symbol.for("attune.fingerprint");

/** Method: a Serialized, from which another thread makes the object again. */
export const serialize: unique symbol = Symbol.for("attune.serialize");

/** How to make an object again: by the function `restore` that the module exports, from a structured-cloneable state. */
export interface Serialized {
  /** The URL of a module. */
  readonly module: string;
  /** The name of an export of it: a function of the state. */
  readonly restore: string;
  readonly state: unknown;
}

/** An object that knows its own fingerprint. */
export interface Fingerprinted {
  [fingerprint](): string;
}

/** An object that can be sent to another thread. */
export interface Serializable {
  [serialize](): Serialized;
}

/** True where `value` implements the fingerprint symbol. */
export function isFingerprinted(value: unknown): value is Fingerprinted {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as Partial<Fingerprinted>)[fingerprint] === "function"
  );
}

/** True where `value` implements the serialize symbol. */
export function isSerializable(value: unknown): value is Serializable {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as Partial<Serializable>)[serialize] === "function"
  );
}
