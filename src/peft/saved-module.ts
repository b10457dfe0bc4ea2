// A module that every adapter has weights of its own for, such as a new head: they take the place of the model's while the
// adapter is the active one.
import { type Module, Parameter } from "../nn/index.js";

/** A field of a module that holds a parameter. */
interface Slot {
  /** Path within the saved module: "weight", "dense.weight". */
  readonly name: string;
  readonly original: Parameter;
  put(parameter: Parameter): void;
}

export class SavedModule {
  readonly path: string;
  readonly #slots: readonly Slot[];
  readonly #copies = new Map<string, readonly Parameter[]>();

  constructor(path: string, module: Module) {
    this.path = path;
    this.#slots = [...module.namedModules()].flatMap(([inner, owner]) =>
      Object.entries(owner).flatMap(([field, value]) => {
        if (!(value instanceof Parameter)) return [];
        // the fields are readonly to users: nothing but an adapter exchanges a layer's parameters
        const put = (parameter: Parameter) => Object.assign(owner, { [field]: parameter });
        return [{ name: inner ? `${inner}.${field}` : field, original: value, put }];
      }),
    );
  }

  /** An adapter's own weights, equal to the model's at first. */
  add(adapter: string): void {
    const copies = this.#slots.map(({ original }) => new Parameter(original.shape).copy_(original));
    this.#copies.set(adapter, copies);
  }

  has(adapter: string): boolean {
    return this.#copies.has(adapter);
  }

  remove(adapter: string): void {
    this.#copies.delete(adapter);
  }

  /** The weights of the first of `adapters` that has some take their place, or those of the model. */
  activate(adapters: readonly string[], training: ReadonlySet<string>): void {
    const active = adapters.find((name) => this.#copies.has(name));
    for (const [adapter, copies] of this.#copies) {
      for (const copy of copies) {
        const trains = adapter === active && training.has(adapter);
        if (!trains) copy.zeroGrad();
        copy.setRequiresGrad(trains);
      }
    }
    const shown = active === undefined ? undefined : this.#copies.get(active);
    for (const [i, slot] of this.#slots.entries()) slot.put(shown?.[i] ?? slot.original);
  }

  /** The weights of an adapter by their paths in the model; none where it has none. */
  *parametersOf(adapter: string): Generator<[path: string, parameter: Parameter]> {
    for (const [i, parameter] of (this.#copies.get(adapter) ?? []).entries()) {
      yield [`${this.path}.${this.#slots[i].name}`, parameter];
    }
  }

  /** How many elements the model's own weights have. */
  get size(): number {
    return this.#slots.reduce((sum, { original }) => sum + original.size, 0);
  }

  /** Copies an adapter's weights over the model's, which take their place again. */
  settle(adapters: readonly string[]): void {
    const active = adapters.find((name) => this.#copies.has(name));
    for (const [i, slot] of this.#slots.entries()) {
      const copy = active === undefined ? undefined : this.#copies.get(active)?.[i];
      if (copy) slot.original.copy_(copy);
      slot.put(slot.original);
    }
  }
}
