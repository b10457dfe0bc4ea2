// Module: parameters and submodules by their field names, in the order of the fields, which are the keys of checkpoints.
import { AttuneError } from "../support/errors.js";
import { currentBackend, outsideScopes, type Shape, sizeOf, Tensor, tidy } from "../tensor/index.js";
import { Storage } from "../tensor/storage.js";
import { matchingNames, type NamePattern } from "./names.js";

/** A tensor that training changes: a leaf that collects gradients. Its elements are zero until somebody sets them. */
export class Parameter extends Tensor {
  /** `storage` and `offset`: where parameters share memory, see `stack` in linear.ts. */
  constructor(shape: Shape, storage?: Storage, offset = 0) {
    const own = storage ?? outsideScopes(() => new Storage(currentBackend(), "float32", sizeOf(shape)));
    super(own, shape, { offset });
    this.setRequiresGrad(true);
    if (!storage) this.fill_(0);
  }
}

/** Base of layers and models. Subclasses hold parameters and modules in fields and define `forward`. */
export abstract class Module {
  /** Whether dropout is active. Set by train() and eval(). */
  training = true;

  constructor() {
    // Handles made inside the outermost forward end with it; the graph keeps what backward needs.
    const forward = this.forward.bind(this) as (...inputs: unknown[]) => unknown;
    Object.defineProperty(this, "forward", {
      value: (...inputs: unknown[]) => {
        if (depth > 0) return forward(...inputs);
        depth++;
        try {
          return tidy(() => forward(...inputs));
        } finally {
          depth--;
        }
      },
      writable: true,
      configurable: true,
    });
  }

  /** Computes the module's output. */
  abstract forward(...inputs: never[]): unknown;

  /** Submodules held in fields, and in arrays in fields, with their names ("layer.0"). */
  *children(): Generator<[string, Module]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) yield [name, value];
      else if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) if (item instanceof Module) yield [`${name}.${i}`, item];
      }
    }
  }

  /** This module and all below it, with their paths ("" is this one). */
  *namedModules(prefix = ""): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, child] of this.children()) yield* child.namedModules(prefix ? `${prefix}.${name}` : name);
  }

  /**
   * Parameters with their paths, a module's own before those of its submodules, as PyTorch orders them. A parameter held
   * in several places (tied) comes once, at the first.
   */
  *namedParameters(): Generator<[string, Parameter]> {
    const seen = new Set<Parameter>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, value] of Object.entries(module)) {
        if (value instanceof Parameter && !seen.has(value)) {
          seen.add(value);
          yield [path ? `${path}.${name}` : name, value];
        }
      }
    }
  }

  /** As namedParameters, without the paths: loops ask for them at every step. */
  parameters(): Parameter[] {
    const found = new Set<Parameter>();
    this.#collectParameters(found);
    return [...found];
  }

  #collectParameters(found: Set<Parameter>): void {
    for (const value of Object.values(this) as unknown[]) if (value instanceof Parameter) found.add(value);
    for (const [, child] of this.children()) child.#collectParameters(found);
  }

  /** Switches dropout on (or off) here and below. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }

  /** Switches dropout off here and below. */
  eval(): this {
    return this.train(false);
  }

  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }

  /**
   * Keeps the parameters that the patterns match from training: they collect no gradient, and backward computes nothing
   * for their sake. To freeze what stands beneath a head: `model.freeze("bert.embeddings", /layer\.[0-5]\./)`.
   * @returns their names
   * @throws ConfigError for a pattern that matches none
   */
  freeze(...patterns: NamePattern[]): string[] {
    return this.#setTrainable(patterns, false);
  }

  /** Lets the parameters that the patterns match train again. As freeze. */
  unfreeze(...patterns: NamePattern[]): string[] {
    return this.#setTrainable(patterns, true);
  }

  #setTrainable(patterns: readonly NamePattern[], trainable: boolean): string[] {
    const parameters = new Map(this.namedParameters());
    const names = [...parameters.keys()];
    const found = new Set(patterns.flatMap((pattern) => matchingNames(names, pattern)));
    for (const name of found) {
      const parameter = parameters.get(name);
      if (!trainable) parameter?.zeroGrad();
      parameter?.setRequiresGrad(trainable);
    }
    return names.filter((name) => found.has(name));
  }

  /** The parameter at a path. Throws AttuneError naming those that exist below the nearest module. */
  parameter(path: string): Parameter {
    for (const [name, parameter] of this.namedParameters()) if (name === path) return parameter;
    const names = Array.from(this.namedParameters(), ([name]) => name);
    throw new AttuneError(
      `no parameter "${path}"; there are ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", ..." : ""}`,
    );
  }
}

let depth = 0;
