// Templates (tokenizers/src/processors/template.rs): the final sequence is written down piece by piece, once for a single
// text and once for a pair.
import { FileFormatError } from "../../support/errors.js";
import { JsonFields } from "../json/fields.js";
import type { PostProcessor } from "./index.js";
import type { Piece } from "./pieces.js";

type NamedId = readonly [token: string, id: number];

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
  static bert(cls: NamedId, sep: NamedId): TemplateProcessing | undefined {
    return TemplateProcessing.fromText("cls A sep", "cls A sep B:1 sep:1", (name) => (name === "cls" ? cls : sep));
  }

  /**
   * A template written as words: A and B are the texts, other words special tokens by a name that `find` knows; `:1` behind
   * a word is its type. Undefined where a special token is not found.
   */
  static fromText(
    single: string,
    pair: string,
    find: (name: string) => NamedId | undefined,
  ): TemplateProcessing | undefined {
    const tokens = new Map<string, number>();
    let missing = false;
    const pieces = (text: string): object[] =>
      text.split(" ").map((word) => {
        const [name, type = "0"] = word.split(":");
        if (name === "A" || name === "B") return { Sequence: { id: name, type_id: Number(type) } };
        const [token, id] = find(name) ?? ["", 0];
        missing ||= token === "";
        tokens.set(token, id);
        return { SpecialToken: { id: token, type_id: Number(type) } };
      });
    const json = { type: "TemplateProcessing", single: pieces(single), pair: pieces(pair) };
    const special_tokens = Object.fromEntries([...tokens].map(([id, n]) => [id, { id, ids: [n], tokens: [id] }]));
    if (missing) return undefined;
    return TemplateProcessing.fromJson(new JsonFields("tokenizer.json", { ...json, special_tokens }, "post_processor"));
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
