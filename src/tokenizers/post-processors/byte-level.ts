// No frame: spaces at the ends of tokens do not count for offsets (tokenizers/src/pre_tokenizers/byte_level.rs).
import type { JsonFields } from "../json/fields.js";
import type { PostProcessor } from "./index.js";
import { type OffsetTrim, type Piece, plainPieces } from "./pieces.js";

export class ByteLevelProcessing implements PostProcessor {
  readonly trim: OffsetTrim | undefined;
  readonly frames = false;
  readonly #json: object;

  constructor(trim: OffsetTrim | undefined, json: object) {
    this.trim = trim;
    this.#json = json;
  }

  static fromJson(fields: JsonFields): ByteLevelProcessing {
    const addPrefixSpace = fields.boolean("add_prefix_space", true);
    return new ByteLevelProcessing(
      fields.boolean("trim_offsets", true) ? { addPrefixSpace } : undefined,
      fields.object,
    );
  }

  pieces(pair: boolean): readonly Piece[] {
    return plainPieces(pair);
  }

  toJSON(): object {
    return { ...this.#json, type: "ByteLevel" };
  }
}
