// Characters that stand for bytes become the text of these bytes (tokenizers/src/pre_tokenizers/byte_level.rs).
import type { JsonFields } from "../json/fields.js";
import { charactersToBytes, textOfBytes } from "../text/bytes.js";
import type { Decoder } from "./index.js";

export class ByteLevelDecoder implements Decoder {
  /** The fields of the stage: they concern encoding, and are kept for other readers of the file. */
  readonly #json: object;

  constructor(json: object = { add_prefix_space: true, trim_offsets: true, use_regex: true }) {
    this.#json = json;
  }

  static fromJson(fields: JsonFields): ByteLevelDecoder {
    return new ByteLevelDecoder(fields.object);
  }

  decode(tokens: readonly string[]): string[] {
    return [textOfBytes(Buffer.concat(tokens.map(charactersToBytes)))];
  }

  toJSON(): object {
    return { type: "ByteLevel", ...this.#json };
  }
}
