// All tokens that a text begins with, in one walk: a trie over UTF-16 units, its edges in one hash table of numbers, which
// takes a fraction of the memory of objects.

export class Trie {
  /** For each place of the table the edge's node, its unit, and the node it leads to; an unused place leads to 0. */
  #nodes = new Int32Array(1 << 12);
  #units = new Uint16Array(1 << 12);
  #targets = new Int32Array(1 << 12);
  #edges = 0;
  /** What ends at each node; -1 for nothing. Node 0 is the beginning. */
  #values = new Int32Array(1 << 12).fill(-1);
  #size = 1;

  /** Makes `value`, which is not negative, what ends with `text`. */
  set(text: string, value: number): void {
    let node = 0;
    for (let i = 0; i < text.length; i++)
      node = this.next(node, text.charCodeAt(i)) || this.#add(node, text.charCodeAt(i));
    this.#values[node] = value;
  }

  /** The node that follows `node` by `unit`; 0 where there is none. */
  next(node: number, unit: number): number {
    const mask = this.#targets.length - 1;
    for (let place = hash(node, unit) & mask; this.#targets[place] !== 0; place = (place + 1) & mask) {
      if (this.#nodes[place] === node && this.#units[place] === unit) return this.#targets[place];
    }
    return 0;
  }

  /** What ends at `node`; -1 for nothing. */
  valueAt(node: number): number {
    return this.#values[node];
  }

  #add(node: number, unit: number): number {
    if (2 * this.#edges >= this.#targets.length) this.#grow();
    const target = this.#size++;
    if (target === this.#values.length) {
      const values = new Int32Array(2 * target).fill(-1);
      values.set(this.#values);
      this.#values = values;
    }
    this.#put(node, unit, target);
    this.#edges++;
    return target;
  }

  #put(node: number, unit: number, target: number): void {
    const mask = this.#targets.length - 1;
    let place = hash(node, unit) & mask;
    while (this.#targets[place] !== 0) place = (place + 1) & mask;
    this.#nodes[place] = node;
    this.#units[place] = unit;
    this.#targets[place] = target;
  }

  #grow(): void {
    const [nodes, units, targets] = [this.#nodes, this.#units, this.#targets];
    const length = 2 * targets.length;
    this.#nodes = new Int32Array(length);
    this.#units = new Uint16Array(length);
    this.#targets = new Int32Array(length);
    targets.forEach((target, place) => {
      if (target !== 0) this.#put(nodes[place], units[place], target);
    });
  }
}

function hash(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
