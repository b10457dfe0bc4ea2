// Normalizers one after another (tokenizers/src/normalizers/utils.rs).
import type { NormalizedString } from "../text/normalized-string.js";
import type { Normalizer } from "./index.js";

export class NormalizerSequence implements Normalizer {
  readonly normalizers: readonly Normalizer[];
  readonly wordwise: boolean;

  constructor(normalizers: readonly Normalizer[]) {
    this.normalizers = normalizers;
    this.wordwise = normalizers.every(({ wordwise }) => wordwise);
  }

  normalize(text: NormalizedString): void {
    for (const normalizer of this.normalizers) normalizer.normalize(text);
  }

  toJSON(): object {
    return { type: "Sequence", normalizers: this.normalizers.map((normalizer) => normalizer.toJSON()) };
  }
}
