// Pre-tokenizers one after another, each cutting what the one before left (tokenizers/src/pre_tokenizers/sequence.rs).
import type { NormalizedString } from "../text/normalized-string.js";
import type { PreTokenizer } from "./index.js";

export class PreTokenizerSequence implements PreTokenizer {
  readonly preTokenizers: readonly PreTokenizer[];
  readonly cuts: PreTokenizer["cuts"];
  readonly knowsBeginning: boolean;

  constructor(preTokenizers: readonly PreTokenizer[]) {
    this.preTokenizers = preTokenizers;
    this.cuts = cutsOf(preTokenizers);
    this.knowsBeginning = preTokenizers.some(({ knowsBeginning }) => knowsBeginning);
  }

  preTokenize(text: NormalizedString): NormalizedString[] {
    return this.preTokenizers.reduce(
      (parts, preTokenizer) =>
        parts.flatMap((part) => preTokenizer.preTokenize(part)).filter((part) => part.text !== ""),
      [text],
    );
  }

  toJSON(): object {
    return { type: "Sequence", pretokenizers: this.preTokenizers.map((preTokenizer) => preTokenizer.toJSON()) };
  }
}

/**
 * Once a stage has cut at spaces, later ones see words only, wherever they cut; unless they look for the beginning of the
 * text, or the words no longer begin with the spaces that later ones cut at.
 */
function cutsOf(stages: readonly PreTokenizer[]): PreTokenizer["cuts"] {
  const first = stages.findIndex(({ cuts }) => cuts !== "by characters");
  if (first < 0) return stages.length === 0 ? "anywhere" : "by characters";
  const later = stages.slice(first);
  return later[0].cuts === "at spaces" && !later.some(({ knowsBeginning }) => knowsBeginning)
    ? "at spaces"
    : "anywhere";
}
