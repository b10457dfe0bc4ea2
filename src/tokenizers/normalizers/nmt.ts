// The cleaning of neural machine translation (tokenizers/src/normalizers/unicode.rs, Nmt): controls out, odd spaces to spaces.
import type { NormalizedString } from "../text/normalized-string.js";
import { nmtControl, nmtSpace } from "../text/unicode.js";
import type { Normalizer } from "./index.js";

export class Nmt implements Normalizer {
  readonly wordwise = true;

  normalize(text: NormalizedString): void {
    text.replace(nmtControl, () => "");
    text.replace(nmtSpace, () => " ");
  }

  toJSON(): object {
    return { type: "Nmt" };
  }
}
