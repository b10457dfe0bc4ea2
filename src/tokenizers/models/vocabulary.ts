// A vocabulary as tokenizer.json has it: from tokens to ids, ascending.

/** The same entries in the order of their ids; the map itself where it has that order. */
export function byId(vocabulary: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  let last = Number.NEGATIVE_INFINITY;
  for (const id of vocabulary.values()) {
    if (id < last) return new Map([...vocabulary].sort(([, a], [, b]) => a - b));
    last = id;
  }
  return vocabulary;
}
