// Lower case, each character by itself (tokenizers/src/normalizers/utils.rs).
import type { Change, NormalizedString } from "../text/normalized-string.js";
import { lowercase } from "../text/unicode.js";
import type { Normalizer } from "./index.js";

export class Lowercase implements Normalizer {
  readonly wordwise = true;

  normalize(text: NormalizedString): void {
    lowercaseText(text);
  }

  toJSON(): object {
    return { type: "Lowercase" };
  }
}

export function lowercaseText(text: NormalizedString): void {
  const { text: old } = text;
  text.transform(lowercase(old), function* (): Generator<Change> {
    for (const character of old) {
      let change = 0;
      for (const part of lowercase(character)) {
        yield [part, change];
        change = 1;
      }
    }
  });
}
