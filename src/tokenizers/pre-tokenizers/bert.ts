// BERT's words (tokenizers/src/pre_tokenizers/bert.rs): what stands between white space, each punctuation by itself.
import type { NormalizedString } from "../text/normalized-string.js";
import { bertPiece } from "../text/unicode.js";
import type { PreTokenizer } from "./index.js";

export class BertPreTokenizer implements PreTokenizer {
  readonly cuts = "at spaces";

  preTokenize(text: NormalizedString): NormalizedString[] {
    return text.match(bertPiece);
  }

  toJSON(): object {
    return { type: "BertPreTokenizer" };
  }
}
