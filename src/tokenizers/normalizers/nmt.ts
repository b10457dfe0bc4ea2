// The cleaning of neural machine translation (tokenizers/src/normalizers/unicode.rs, Nmt): controls out, odd spaces to spaces.
import type { NormalizedString } from "../text/normalized-string.js";
import type { Normalizer } from "./index.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const CONTROLS = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g;
const SPACES = /[\u0009\u000a\u000c\u000d\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

export class Nmt implements Normalizer {
  readonly wordwise = true;

  normalize(text: NormalizedString): void {
    text.replace(CONTROLS, () => "");
    text.replace(SPACES, () => " ");
  }

  toJSON(): object {
    return { type: "Nmt" };
  }
}
