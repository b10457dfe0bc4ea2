// Labels that a program writes out, held against those of the model: what the compiler is told is true.
import type { HubOptions } from "../hub/index.js";
import { AutoModelForSequenceClassification } from "../models/index.js";
import { ConfigError } from "../support/errors.js";
import { AutoTokenizer } from "../tokenizers/index.js";
import type { TokenizerLike } from "./running.js";
import {
  type ClassificationModel,
  loadTextClassification,
  type TextClassificationPipeline,
} from "./text-classification.js";

/** Names in order, or a column that has them: `raw.train.features.label`. */
export type LabelNames<Name extends string = string> = readonly Name[] | { readonly names: readonly Name[] };

/** @throws ConfigError where the model's labels are others, in number, name or order */
export async function loadWithLabels(
  model: string | ClassificationModel,
  labels: LabelNames,
  tokenizer: TokenizerLike | undefined,
  hub: HubOptions,
): Promise<TextClassificationPipeline> {
  const loaded =
    typeof model === "string" ? await AutoModelForSequenceClassification.fromPretrained(model, { ...hub }) : model;
  const expected = "names" in labels ? labels.names : labels;
  const actual = Object.entries(loaded.config.id2label)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, name]) => name);
  if (actual.length !== expected.length || actual.some((name, i) => name !== expected[i])) {
    throw new ConfigError(
      `pipeline: the model's labels are ${actual.join(", ")}, and not ${expected.join(", ")}` +
        (actual.every((name, i) => name === `LABEL_${i}`)
          ? "; it was trained without names: load it with { id2label } and give the model to the pipeline"
          : ""),
    );
  }
  const own = typeof model === "string" ? await AutoTokenizer.fromPretrained(model, hub) : undefined;
  return loadTextClassification(loaded, tokenizer ?? own, hub);
}
