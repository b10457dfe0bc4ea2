// The merges of a byte-pair encoding: from merges.txt, or found in a vocabulary whose file has none.
import { FileFormatError } from "../../support/errors.js";
import { isObject } from "../../support/json-object.js";
import { type Merge, mergeOf } from "../models/bpe.js";

/** The merges of merges.txt, a pair a line behind a line with the version. Throws FileFormatError, naming file and line. */
export function parseMerges(text: string, file: string): Merge[] {
  return text
    .split(/\r?\n/)
    .map((line, i): [string, number] => [line, i + 1])
    .filter(([line]) => line !== "" && !line.startsWith("#version"))
    .map(([line, number]) => mergeOf(line, `${file}: line ${number}`));
}

/**
 * The merges that the order of a vocabulary implies: each token may be merged of any two others, and earlier tokens are
 * merged first (transformers: generate_merges).
 */
export function mergesOfVocabulary(vocabulary: ReadonlyMap<string, number>): Merge[] {
  const merges: { readonly merge: Merge; readonly id: number; readonly first: number; readonly second: number }[] = [];
  for (const [token, id] of vocabulary) {
    for (let i = 1; i < token.length; i++) {
      const merge: Merge = [token.slice(0, i), token.slice(i)];
      const [first, second] = merge.map((part) => vocabulary.get(part));
      if (first !== undefined && second !== undefined) merges.push({ merge, id, first, second });
    }
  }
  const lengthOf = (text: string): number => Array.from(text).length;
  return merges
    .sort(
      (a, b) =>
        a.id - b.id ||
        lengthOf(a.merge[0]) - lengthOf(b.merge[0]) ||
        lengthOf(a.merge[1]) - lengthOf(b.merge[1]) ||
        a.first - b.first ||
        a.second - b.second,
    )
    .map(({ merge }) => merge);
}

/** The tokens of vocab.json with their ids. Throws FileFormatError where it is something else. */
export function parseVocabulary(value: unknown, file: string): Map<string, number> {
  if (!isObject(value)) {
    throw new FileFormatError(`${file} is no object from tokens to ids`);
  }
  const entries = Object.entries(value);
  const wrong = entries.find(([, id]) => !(Number.isSafeInteger(id) && Number(id) >= 0));
  if (wrong) throw new FileFormatError(`${file}: the id of "${wrong[0]}" is ${JSON.stringify(wrong[1])}`);
  return new Map(entries as [string, number][]);
}
