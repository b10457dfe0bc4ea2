// What a family's file says: how its encoder and its heads become nodes.
import type { EncoderModel, HeadModel } from "../../models/index.js";
import type { GraphBuilder, Value } from "../graph.js";

/** What goes into an encoder: int64 [batch, length] each. */
export interface EncoderValues {
  readonly ids: Value;
  readonly mask: Value;
  /** Where the encoder has token types. */
  readonly types: Value | undefined;
}

export interface FamilyEmitter<Encoder extends EncoderModel = EncoderModel> {
  readonly encoder: new (...args: never[]) => Encoder;
  /** Whether the graph takes token_type_ids. */
  takesTypes(model: Encoder): boolean;
  /** -> [batch, length, hidden]; with `firstOnly` the last layer computes first tokens alone: [batch, 1, hidden]. */
  encode(g: GraphBuilder, model: Encoder, inputs: EncoderValues, firstOnly: boolean): Value;
  readonly heads: readonly HeadEmitter[];
}

/** How the heads of some classes score what they are given: [..., hidden] -> [..., outputs]. */
export interface HeadEmitter {
  readonly classes: readonly HeadClass[];
  score(g: GraphBuilder, model: HeadModel, states: Value): Value;
}

type HeadClass = abstract new (...args: never[]) => HeadModel;

/** Gives `score` the type of the models that it is for. */
export function head<const Classes extends readonly HeadClass[]>(
  classes: Classes,
  score: (g: GraphBuilder, model: InstanceType<Classes[number]>, states: Value) => Value,
): HeadEmitter {
  return { classes, score: score as HeadEmitter["score"] };
}
