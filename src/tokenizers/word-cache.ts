// A bounded memory of words already tokenized: text repeats its words, and looking one up costs far less than cutting it.
import { IntBuffer } from "./int-buffer.js";

/** Longer words are rare and would make the bound on entries no bound on memory. */
const LONGEST_WORD = 64;

/**
 * From a word to its ids. It holds two generations of up to `capacity` words: when the young one is full it becomes the
 * old one, and the old one is dropped but for what is used again. So words in use stay, and memory stays bounded.
 */
export class WordCache {
  readonly #capacity: number;
  #young: Generation;
  #old: Generation;

  constructor(capacity = 1 << 16) {
    this.#capacity = capacity;
    this.#young = new Generation();
    this.#old = new Generation();
  }

  /** Appends the ids of `word` to `out` and returns true, or returns false where it is not known. */
  lookUp(word: string, out: IntBuffer): boolean {
    const place = this.#young.places.get(word);
    if (place !== undefined) {
      this.#young.append(place, out);
      return true;
    }
    const oldPlace = this.#old.places.get(word);
    if (oldPlace === undefined) return false;
    const from = out.length;
    this.#old.append(oldPlace, out);
    this.remember(word, out, from);
    return true;
  }

  /** Remembers that the ids of `word` are those in `out` from index `from` on. */
  remember(word: string, out: IntBuffer, from: number): void {
    if (word.length > LONGEST_WORD) return;
    if (this.#young.places.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(word, out, from);
  }
}

/** Words with the places of their ids in one array: at a place stands the number of ids, behind it the ids. */
class Generation {
  readonly places = new Map<string, number>();
  readonly #ids = new IntBuffer(1 << 12);

  add(word: string, out: IntBuffer, from: number): void {
    // A slice of a text keeps the whole text alive; the detour through an array makes a string of its own.
    this.places.set(word.length < 13 ? word : Array.from(word).join(""), this.#ids.length);
    this.#ids.push(out.length - from);
    this.#ids.pushRange(out.values, from, out.length);
  }

  append(place: number, out: IntBuffer): void {
    const ids = this.#ids.values;
    if (ids[place] === 1) out.push(ids[place + 1]);
    else out.pushRange(ids, place + 1, place + 1 + ids[place]);
  }
}
