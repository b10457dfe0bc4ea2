// What stands between white space (tokenizers/src/pre_tokenizers/whitespace.rs).
import type { NormalizedString } from "../text/normalized-string.js";
import type { PreTokenizer } from "./index.js";

const PIECE = /\P{White_Space}+/gu;

export class WhitespaceSplit implements PreTokenizer {
  readonly cuts = "at spaces";

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.match(PIECE);
  }

  toJSON(): object {
    return { type: "WhitespaceSplit" };
  }
}
