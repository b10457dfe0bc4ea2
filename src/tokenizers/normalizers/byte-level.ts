// Bytes as characters, before the text is cut (tokenizers/src/normalizers/byte_level.rs).
import { bytesToCharacters } from "../text/bytes.js";
import type { Change, NormalizedString } from "../text/normalized-string.js";
import type { Normalizer } from "./index.js";

export class ByteLevelNormalizer implements Normalizer {
  readonly wordwise = false; // no space is left to cut at

  normalize(text: NormalizedString): void {
    spellBytes(text);
  }

  toJSON(): object {
    return { type: "ByteLevel" };
  }
}

/** Makes each byte of the text a character. */
export function spellBytes(text: NormalizedString): void {
  const { text: old } = text;
  text.transform(bytesToCharacters(old), function* (): Generator<Change> {
    for (const character of old) {
      let change = 0;
      for (const byte of bytesToCharacters(character)) {
        yield [byte, change];
        change = 1;
      }
    }
  });
}
