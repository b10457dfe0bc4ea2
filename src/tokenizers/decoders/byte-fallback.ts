// Tokens of bytes, <0x61>, become the text that they spell (tokenizers/src/decoders/byte_fallback.rs).
import type { Decoder } from "./index.js";

const BYTE = /^<0x([0-9a-fA-F]{2})>$/;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ByteFallbackDecoder implements Decoder {
  decode(tokens: readonly string[]): string[] {
    const result: string[] = [];
    let bytes: number[] = [];
    const flush = (): void => {
      if (bytes.length > 0) result.push(...textOf(bytes));
      bytes = [];
    };
    for (const token of tokens) {
      const byte = BYTE.exec(token);
      if (byte) bytes.push(Number.parseInt(byte[1], 16));
      else {
        flush();
        result.push(token);
      }
    }
    flush();
    return result;
  }

  toJSON(): object {
    return { type: "ByteFallback" };
  }
}

/** The text of bytes, or U+FFFD for each of them where they are no UTF-8. */
function textOf(bytes: readonly number[]): string[] {
  try {
    return [strict.decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => "\ufffd");
  }
}
