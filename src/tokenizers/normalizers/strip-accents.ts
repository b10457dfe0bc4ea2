// Takes out combining marks (tokenizers/src/normalizers/strip.rs); letters lose their accents where NFD went before.
import type { NormalizedString } from "../text/normalized-string.js";
import { mark } from "../text/unicode.js";
import type { Normalizer } from "./index.js";

export class StripAccents implements Normalizer {
  readonly wordwise = true;

  normalize(text: NormalizedString): void {
    text.replace(mark, () => "");
  }

  toJSON(): object {
    return { type: "StripAccents" };
  }
}
