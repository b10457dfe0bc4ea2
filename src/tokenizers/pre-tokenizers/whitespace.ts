// Runs of word characters and runs of anything else that is not white space (tokenizers/src/pre_tokenizers/whitespace.rs).
import type { NormalizedString } from "../text/normalized-string.js";
import { RUST_WORD } from "../text/unicode.js";
import type { PreTokenizer } from "./index.js";

const PIECE = new RegExp(`${RUST_WORD}+|[^${RUST_WORD}\\p{White_Space}]+`, "gv");

export class Whitespace implements PreTokenizer {
  readonly cuts = "at spaces";

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.match(PIECE);
  }

  toJSON(): object {
    return { type: "Whitespace" };
  }
}
