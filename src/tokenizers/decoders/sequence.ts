// Decoders one after another (tokenizers/src/decoders/sequence.rs).
import type { Decoder } from "./index.js";

export class DecoderSequence implements Decoder {
  readonly decoders: readonly Decoder[];

  constructor(decoders: readonly Decoder[]) {
    this.decoders = decoders;
  }

  decode(tokens: readonly string[]): string[] {
    return this.decoders.reduce((pieces, decoder) => decoder.decode(pieces), [...tokens]);
  }

  toJSON(): object {
    return { type: "Sequence", decoders: this.decoders.map((decoder) => decoder.toJSON()) };
  }
}
