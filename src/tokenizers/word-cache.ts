// A bounded memory of words already tokenized: text repeats its words, and looking one up costs far less than cutting it.
// A word is looked up where it stands in its text, unit by unit: making a string of each costs more than all else.
import { IntBuffer } from "./int-buffer.js";

/** Longer words are rare and would make the bound on entries no bound on memory. */
const LONGEST_WORD = 64;

/** A word that meets so many others on its way to a free slot is not kept, so that no text can make looking up slow. */
const MOST_PROBES = 32;

/** The hash of no units: another number in each process, so that no text can be made to fill one slot. */
export const EMPTY_HASH = Math.floor(Math.random() * 2 ** 31);

/**
 * From a word to its ids. It holds two generations of up to `capacity` words: when the young one is full it becomes the
 * old one, and the old one is dropped but for what is used again. So words in use stay, and memory stays bounded.
 */
export class WordCache {
  readonly #capacity: number;
  #young = new Generation();
  #old = new Generation();

  constructor(capacity = 1 << 16) {
    this.#capacity = capacity;
  }

  /**
   * Appends the ids of the word from unit `start` of `text` to `end` - 1, whose hash is `hash`, to `out`; returns false where
   * it is not known.
   */
  lookUp(text: string, start: number, end: number, hash: number, out: IntBuffer): boolean {
    if (end - start > LONGEST_WORD) return false;
    if (this.#young.append(hash, text, start, end, out)) return true;
    const from = out.length;
    if (!this.#old.append(hash, text, start, end, out)) return false;
    this.#add(hash, text, start, end, out, from);
    return true;
  }

  /** Remembers that the ids of a word, which look-up did not know, are those in `out` from index `from` on. */
  remember(text: string, start: number, end: number, hash: number, out: IntBuffer, from: number): void {
    if (end - start <= LONGEST_WORD) this.#add(hash, text, start, end, out, from);
  }

  #add(hash: number, text: string, start: number, end: number, out: IntBuffer, from: number): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(hash, text, start, end, out, from);
  }
}

/** The hash of units with one more behind them. */
export function hashWith(hash: number, unit: number): number {
  const mixed = Math.imul(hash ^ unit, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** The hash of a whole text. */
export function hashOf(text: string): number {
  let hash = EMPTY_HASH;
  for (let i = 0; i < text.length; i++) hash = hashWith(hash, text.charCodeAt(i));
  return hash;
}

/** What `entries` holds of a word, in this order. */
const ENTRY = { hash: 0, units: 1, length: 2, ids: 3, width: 4 } as const;

/** A hash table, open, with linear probing; of a word it keeps the units and the ids, all words' in one array each. */
class Generation {
  /** For each slot, one more than the number of its word; 0 where it is free. A power of two, at least half of them free. */
  #slots = new Int32Array(1 << 10);
  readonly #entries = new IntBuffer();
  #units = new Uint16Array(1 << 10);
  #unitsTaken = 0;
  /** At a word's place stands the number of its ids, behind it the ids. */
  readonly #ids = new IntBuffer();

  /** Words in it. */
  get size(): number {
    return this.#entries.length / ENTRY.width;
  }

  /** Appends the ids of a word to `out`, or returns false. */
  append(hash: number, text: string, start: number, end: number, out: IntBuffer): boolean {
    const slots = this.#slots;
    const entries = this.#entries.values;
    const last = slots.length - 1;
    for (let slot = hash & last, probes = 0; probes < MOST_PROBES; slot = (slot + 1) & last, probes++) {
      if (slots[slot] === 0) return false;
      const entry = (slots[slot] - 1) * ENTRY.width;
      if (entries[entry + ENTRY.hash] !== hash || entries[entry + ENTRY.length] !== end - start) continue;
      if (!this.#holds(entries[entry + ENTRY.units], text, start, end)) continue;
      const ids = this.#ids.values;
      const place = entries[entry + ENTRY.ids];
      if (ids[place] === 1) out.push(ids[place + 1]);
      else out.pushRange(ids, place + 1, place + 1 + ids[place]);
      return true;
    }
    return false;
  }

  /** Adds a word that is not in it. */
  add(hash: number, text: string, start: number, end: number, out: IntBuffer, from: number): void {
    if (2 * (this.size + 1) > this.#slots.length) this.#grow();
    if (!this.#takeSlot(hash, this.size)) return;
    this.#entries.push(hash);
    this.#entries.push(this.#keepUnits(text, start, end));
    this.#entries.push(end - start);
    this.#entries.push(this.#ids.length);
    this.#ids.push(out.length - from);
    this.#ids.pushRange(out.values, from, out.length);
  }

  #holds(place: number, text: string, start: number, end: number): boolean {
    const units = this.#units;
    for (let i = start, j = place; i < end; i++, j++) if (units[j] !== text.charCodeAt(i)) return false;
    return true;
  }

  #takeSlot(hash: number, word: number): boolean {
    const last = this.#slots.length - 1;
    for (let slot = hash & last, probes = 0; probes < MOST_PROBES; slot = (slot + 1) & last, probes++) {
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = word + 1;
      return true;
    }
    return false;
  }

  /** Twice the slots. A word that finds none among them is not found any more, as if it had never been there. */
  #grow(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let word = 0; word < this.size; word++)
      this.#takeSlot(this.#entries.values[word * ENTRY.width + ENTRY.hash], word);
  }

  #keepUnits(text: string, start: number, end: number): number {
    const place = this.#unitsTaken;
    this.#unitsTaken += end - start;
    if (this.#unitsTaken > this.#units.length) {
      const grown = new Uint16Array(2 * this.#units.length);
      grown.set(this.#units.subarray(0, place));
      this.#units = grown;
    }
    for (let i = start, j = place; i < end; i++, j++) this.#units[j] = text.charCodeAt(i);
    return place;
  }
}
