// NFC, NFD, NFKC and NFKD: Unicode's normal forms (tokenizers/src/normalizers/unicode.rs).
import { type NormalForm, normalize } from "../text/normal-form.js";
import type { NormalizedString } from "../text/normalized-string.js";
import type { Normalizer } from "./index.js";

export class UnicodeForm implements Normalizer {
  readonly form: NormalForm;
  readonly wordwise = true;

  constructor(form: NormalForm) {
    this.form = form;
  }

  normalize(text: NormalizedString): void {
    normalize(text, this.form);
  }

  toJSON(): object {
    return { type: this.form };
  }
}
