// Templates (tokenizers/src/processors/template.rs): the final sequence is written down piece by piece, once for a single
// text and once for a pair.
import { FileFormatError } from "../../support/errors.js";
import { JsonFields } from "../json/fields.js";
import type { PostProcessor } from "./index.js";
import type { Piece } from "./pieces.js";

export class TemplateProcessing implements PostProcessor {
  readonly #single: readonly Piece[];
  readonly #pair: readonly Piece[];
  readonly #json: object;
  readonly frames = true;

  private constructor(single: readonly Piece[], pair: readonly Piece[], json: object) {
    this.#single = single;
    this.#pair = pair;
    this.#json = json;
  }

  static fromJson(fields: JsonFields): TemplateProcessing {
    return new TemplateProcessing(piecesOf(fields, "single"), piecesOf(fields, "pair"), fields.object);
  }

  /** BERT's frame as a template, which is how transformers writes it: [CLS] A [SEP] and [CLS] A [SEP] B [SEP]. */
  static bert(
    cls: readonly [token: string, id: number],
    sep: readonly [token: string, id: number],
  ): TemplateProcessing {
    const special = (id: string, type_id: number): object => ({ SpecialToken: { id, type_id } });
    const sequence = (id: string, type_id: number): object => ({ Sequence: { id, type_id } });
    const single = [special(cls[0], 0), sequence("A", 0), special(sep[0], 0)];
    const json = {
      type: "TemplateProcessing",
      single,
      pair: [...single, sequence("B", 1), special(sep[0], 1)],
      special_tokens: Object.fromEntries([cls, sep].map(([id, n]) => [id, { id, ids: [n], tokens: [id] }])),
    };
    return TemplateProcessing.fromJson(new JsonFields("tokenizer.json", json, "post_processor"));
  }

  pieces(pair: boolean, addSpecialTokens: boolean): readonly Piece[] {
    const pieces = pair ? this.#pair : this.#single;
    return addSpecialTokens ? pieces : pieces.filter(({ kind }) => kind === "sequence");
  }

  toJSON(): object {
    return this.#json;
  }
}

function piecesOf(fields: JsonFields, template: "single" | "pair"): Piece[] {
  const pieces = fields.array(template).flatMap((value, i): Piece[] => {
    const piece = new JsonFields(fields.file, value, `${fields.path}.${template}[${i}]`);
    if (piece.has("Sequence")) {
      const sequence = piece.child("Sequence");
      return [{ kind: "sequence", sequence: sequence.string("id") === "B" ? 1 : 0, typeId: sequence.count("type_id") }];
    }
    const special = piece.child("SpecialToken");
    const ids = fields.child("special_tokens").child(special.string("id")).array("ids");
    const typeId = special.count("type_id");
    return ids.map((id) => ({ kind: "special", id: Number(id), typeId }));
  });
  const uses = (sequence: 0 | 1): boolean =>
    pieces.some((piece) => piece.kind === "sequence" && piece.sequence === sequence);
  if (template === "single" ? uses(1) || !uses(0) : !uses(0) || !uses(1)) {
    const needed = template === "single" ? "the first sequence only" : "both sequences";
    throw new FileFormatError(`${fields.place}.${template} has to use ${needed}`);
  }
  return pieces;
}
