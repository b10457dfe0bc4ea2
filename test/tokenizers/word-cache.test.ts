// The memory of words: right, bounded, and kept for what is used.
import { describe, expect, it } from "vitest";
import { IntBuffer } from "../../src/tokenizers/int-buffer.js";
import { hashOf, WordCache } from "../../src/tokenizers/word-cache.js";

/** Looks words up and remembers those that are not known: the ids of a word are its character codes. */
function uses(cache: WordCache, words: readonly string[]): string[] {
  const out = new IntBuffer(1);
  return words.filter((word) => {
    const from = out.length;
    const text = `(${word})`; // a word is looked up where it stands in a text
    const known = cache.lookUp(text, 1, 1 + word.length, hashOf(word), out);
    if (!known) {
      for (let i = 0; i < word.length; i++) out.push(word.charCodeAt(i));
      cache.remember(text, 1, 1 + word.length, hashOf(word), out, from);
    }
    expect(String.fromCharCode(...out.values.subarray(from, out.length))).toBe(word);
    return known;
  });
}

describe("the word cache", () => {
  it("knows what it was told, ids of none to many", () => {
    const cache = new WordCache();
    const words = ["a", "", "the", "of", "x".repeat(50), "é中"];
    expect(uses(cache, words)).toEqual([]);
    expect(uses(cache, [...words, "new"])).toEqual(words);
  });

  it("forgets what was not used for long, and only that", () => {
    const cache = new WordCache(3);
    uses(cache, ["a", "b", "c"]);
    expect(uses(cache, ["d", "a"])).toEqual(["a"]); // d begins a second generation, which takes a along
    expect(uses(cache, ["e", "f"])).toEqual([]); // f begins a third
    expect(uses(cache, ["a", "d"])).toEqual(["a", "d"]);
    expect(uses(cache, ["b", "c"])).toEqual([]);
  });

  it("tells words apart that differ in one unit, in length or in place, as it grows", () => {
    const cache = new WordCache();
    const words = Array.from({ length: 20_000 }, (_, i) => `${i % 2 ? " é" : ""}${i}中`.slice(i % 3));
    const unique = [...new Set(words)];
    uses(cache, unique);
    expect(uses(cache, unique).length).toBeGreaterThan(0.999 * unique.length); // few find their places in the table taken
    expect(
      uses(
        cache,
        unique.map((word) => `${word}x`),
      ),
    ).toEqual([]);
  });

  it("does not grow with the number of words", () => {
    const cache = new WordCache(100);
    const words = Array.from({ length: 10_000 }, (_, i) => `w${i}`);
    uses(cache, words);
    expect(uses(cache, words.slice(0, 5000))).toEqual([]);
    const long = "y".repeat(65);
    expect(uses(cache, [long, long])).toEqual([]); // too long to be worth it
  });
});
