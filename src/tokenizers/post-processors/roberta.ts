// RoBERTa's frame (tokenizers/src/processors/roberta.rs): <s> A </s>, or <s> A </s></s> B </s>, all of type 0.
import type { JsonFields } from "../json/fields.js";
import { type TokenAndId, tokenAndId } from "./bert.js";
import type { PostProcessor } from "./index.js";
import { type OffsetTrim, type Piece, plainPieces } from "./pieces.js";

export class RobertaProcessing implements PostProcessor {
  readonly sep: TokenAndId;
  readonly cls: TokenAndId;
  readonly trim: OffsetTrim | undefined;
  readonly frames = true;
  readonly #addPrefixSpace: boolean;

  constructor(sep: TokenAndId, cls: TokenAndId, options: { trimOffsets?: boolean; addPrefixSpace?: boolean } = {}) {
    this.sep = sep;
    this.cls = cls;
    this.#addPrefixSpace = options.addPrefixSpace ?? true;
    this.trim = (options.trimOffsets ?? true) ? { addPrefixSpace: this.#addPrefixSpace } : undefined;
  }

  static fromJson(fields: JsonFields): RobertaProcessing {
    return new RobertaProcessing(tokenAndId(fields, "sep"), tokenAndId(fields, "cls"), {
      trimOffsets: fields.boolean("trim_offsets"),
      addPrefixSpace: fields.boolean("add_prefix_space"),
    });
  }

  pieces(pair: boolean, addSpecialTokens: boolean): readonly Piece[] {
    const sequences = plainPieces(pair).map((piece): Piece => ({ ...piece, typeId: 0 }));
    if (!addSpecialTokens) return sequences;
    const special = ([, id]: TokenAndId): Piece => ({ kind: "special", id, typeId: 0 });
    return sequences.flatMap((piece, i) => [special(i === 0 ? this.cls : this.sep), piece, special(this.sep)]);
  }

  toJSON(): object {
    return {
      type: "RobertaProcessing",
      sep: this.sep,
      cls: this.cls,
      trim_offsets: this.trim !== undefined,
      add_prefix_space: this.#addPrefixSpace,
    };
  }
}
