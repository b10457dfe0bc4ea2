// Random choices for the corpus. Every draw follows from the seed, on any machine.
import { Mt19937 } from "../../src/support/mt19937.js";

export class Random {
  readonly #generator: Mt19937;

  constructor(seed: number) {
    this.#generator = new Mt19937(seed);
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#generator.next() / 2 ** 32;
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }

  /** One of `items` that is not among `others`. */
  pickOther<Item>(items: readonly Item[], others: readonly (Item | undefined)[]): Item {
    let item = this.pick(items);
    while (others.includes(item)) item = this.pick(items);
    return item;
  }

  /** The items in a random order (Fisher and Yates), in a new array. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const chosen = this.below(last + 1);
      [order[last], order[chosen]] = [order[chosen], order[last]];
    }
    return order;
  }
}
