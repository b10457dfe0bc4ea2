// A queue that hands out the item of the highest priority: a binary heap.

export interface QueueEntry<Item> {
  readonly item: Item;
  readonly priority: number;
}

export class MergeQueue<Item> {
  readonly #heap: QueueEntry<Item>[] = [];
  readonly #compare: (a: Item, b: Item) => number;

  /** Of items of one priority the one that `compare` puts first goes first. */
  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  push(item: Item, priority: number): void {
    const heap = this.#heap;
    const entry = { item, priority };
    let i = heap.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#goesBefore(entry, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = entry;
  }

  /** Takes out the first entry; undefined where there is none. */
  pop(): QueueEntry<Item> | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#goesBefore(heap[child + 1], heap[child])) child++;
      if (!this.#goesBefore(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return top;
  }

  #goesBefore(a: QueueEntry<Item>, b: QueueEntry<Item>): boolean {
    return a.priority > b.priority || (a.priority === b.priority && this.#compare(a.item, b.item) < 0);
  }
}
