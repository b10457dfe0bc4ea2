// All tokens as one (tokenizers/src/decoders/fuse.rs), so that what follows sees the whole text.
import type { Decoder } from "./index.js";

export class FuseDecoder implements Decoder {
  decode(tokens: readonly string[]): string[] {
    return [tokens.join("")];
  }

  toJSON(): object {
    return { type: "Fuse" };
  }
}
