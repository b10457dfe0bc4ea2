// BERT's frame (tokenizers/src/processors/bert.rs): [CLS] A [SEP], or [CLS] A [SEP] B [SEP] with B and its [SEP] of type 1.
import { FileFormatError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import type { PostProcessor } from "./index.js";
import { type Piece, plainPieces } from "./pieces.js";

/** A special token and its id. */
export type TokenAndId = readonly [token: string, id: number];

export class BertProcessing implements PostProcessor {
  readonly sep: TokenAndId;
  readonly cls: TokenAndId;
  readonly frames = true;

  constructor(sep: TokenAndId, cls: TokenAndId) {
    this.sep = sep;
    this.cls = cls;
  }

  static fromJson(fields: JsonFields): BertProcessing {
    return new BertProcessing(tokenAndId(fields, "sep"), tokenAndId(fields, "cls"));
  }

  pieces(pair: boolean, addSpecialTokens: boolean): readonly Piece[] {
    if (!addSpecialTokens) return plainPieces(pair);
    const special = ([, id]: TokenAndId, typeId: number): Piece => ({ kind: "special", id, typeId });
    return plainPieces(pair).flatMap((piece) => {
      const framed = [piece, special(this.sep, piece.typeId)];
      return piece.typeId === 0 ? [special(this.cls, 0), ...framed] : framed;
    });
  }

  toJSON(): object {
    return { type: "BertProcessing", sep: this.sep, cls: this.cls };
  }
}

/** A field that holds a token and its id. Throws FileFormatError where it does not. */
export function tokenAndId(fields: JsonFields, name: string): TokenAndId {
  const [token, id] = fields.array(name);
  if (typeof token === "string" && typeof id === "number") return [token, id];
  throw new FileFormatError(`${fields.place}.${name} is ${JSON.stringify([token, id])}; a token and its id are needed`);
}
