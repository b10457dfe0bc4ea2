// Label names in the types: a model that was loaded with names written out is known to predict those.
import type { ModelOptions } from "./building.js";

/** A model whose labels are `Name`; where no names are known, the model as it is. */
export type Labelled<Model, Name extends string> = string extends Name
  ? Model
  : Model & { readonly config: { readonly id2label: Readonly<Record<number, Name>> } };

/** ModelOptions, with the names that `id2label` gives: `raw.train.features.label.names`, or a list that is written out. */
export type LabelledOptions<Name extends string> = ModelOptions & {
  readonly id2label?: readonly Name[] | Readonly<Record<number, Name>>;
};
