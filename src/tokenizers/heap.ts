// A binary heap: hands out the entry that goes before all others.

export class Heap<Entry> {
  readonly #entries: Entry[] = [];
  readonly #goesBefore: (a: Entry, b: Entry) => boolean;

  constructor(goesBefore: (a: Entry, b: Entry) => boolean) {
    this.#goesBefore = goesBefore;
  }

  push(entry: Entry): void {
    const entries = this.#entries;
    let i = entries.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#goesBefore(entry, entries[parent])) break;
      entries[i] = entries[parent];
      i = parent;
    }
    entries[i] = entry;
  }

  /** Takes out the first entry; undefined where there is none. */
  pop(): Entry | undefined {
    const entries = this.#entries;
    const [top] = entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && this.#goesBefore(entries[child + 1], entries[child])) child++;
      if (!this.#goesBefore(entries[child], last)) break;
      entries[i] = entries[child];
      i = child;
    }
    entries[i] = last;
    return top;
  }
}
