// The normal forms of Unicode 9.0 (UAX 15), the version behind Python's tokenizers, with an account of which character
// became which, as the crate unicode-normalization-alignments keeps it.
import type { Change, NormalizedString } from "./normalized-string.js";
import { combining, composedSince, fixedCanonical, fixedCompatible } from "./unicode.js";

export type NormalForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/** Nothing that any normal form changes. */
const ASCII = /^\p{ASCII}*$/u;

/** Puts a text into a normal form. */
export function normalize(text: NormalizedString, form: NormalForm): void {
  if (ASCII.test(text.text)) return;
  text.transform(normalForm(text.text, form), () => {
    const decomposed = decompositions(text.text, form === "NFKC" || form === "NFKD");
    return form === "NFC" || form === "NFKC" ? recompositions(decomposed) : decomposed;
  });
}

/** The text in a normal form. */
export function normalForm(text: string, form: NormalForm): string {
  const fixed = form === "NFKC" || form === "NFKD" ? fixedCompatible : fixedCanonical;
  if (!fixed.test(text)) return normalizePart(text, form);
  // What stands between characters that stay where they are takes its form by itself.
  return text
    .split(fixed)
    .map((part, i) => (i % 2 === 1 ? part : normalizePart(part, form)))
    .join("");
}

function normalizePart(text: string, form: NormalForm): string {
  const normalized = text.normalize(form);
  return form === "NFC" || form === "NFKC"
    ? normalized.replace(composedSince, (character) => character.normalize("NFD"))
    : normalized;
}

/** The characters of the decomposed text: the first part of a character takes its place, further ones are put in. */
function* decompositions(text: string, compatible: boolean): Generator<Change> {
  const form = compatible ? "NFKD" : "NFD";
  let pending: Change[] = []; // a character that stays, and those that canonical ordering moves behind it
  for (const character of text) {
    let change = 0;
    for (const part of normalForm(character, form)) {
      if (!combining.test(part)) {
        yield* inCanonicalOrder(pending);
        pending = [];
      }
      pending.push([part, change]);
      change = 1;
    }
  }
  yield* inCanonicalOrder(pending);
}

/** Marks in canonical order, each with the change that it came with. */
function inCanonicalOrder(changes: readonly Change[]): readonly Change[] {
  if (changes.length < 2) return changes;
  const known = new Map<string, number[]>();
  for (const [character, change] of changes) {
    const others = known.get(character);
    if (others) others.push(change);
    else known.set(character, [change]);
  }
  const ordered = changes
    .map(([character]) => character)
    .join("")
    .normalize("NFD");
  return Array.from(ordered, (character): Change => [character, known.get(character)?.shift() ?? 0]);
}

/** Composes what can be composed: what is composed of n characters takes the place of all of them. */
function* recompositions(decomposed: Iterable<Change>): Generator<Change> {
  let base: [character: string, change: number] | undefined; // the last character that marks can be composed with
  let held: Change[] = []; // marks behind it that stay
  for (const [character, change] of decomposed) {
    const isMark = combining.test(character);
    if (base === undefined) {
      if (isMark) yield [character, change];
      else base = [character, change];
      continue;
    }
    const last = held[held.length - 1];
    const blocked = last !== undefined && (!isMark || !movesBefore(last[0], character));
    const composed = blocked ? undefined : compose(base[0], character);
    if (composed !== undefined) base = [composed, base[1] + change - 1];
    else if (isMark) held.push([character, change]);
    else {
      yield base;
      yield* held;
      held = [];
      base = [character, change];
    }
  }
  if (base) yield base;
  yield* held;
}

/** True where canonical ordering puts mark `a` before mark `b`: its combining class is lower. */
function movesBefore(a: string, b: string): boolean {
  return a !== b && (b + a).normalize("NFD").startsWith(a);
}

function compose(base: string, character: string): string | undefined {
  const composed = normalForm(base + character, "NFC");
  return composed.length === String.fromCodePoint(composed.codePointAt(0) ?? 0).length ? composed : undefined;
}
