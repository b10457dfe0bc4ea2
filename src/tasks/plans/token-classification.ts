// The plan of token classification: a label for each word, measured by entities (seqeval).
import { DataCollatorForTokenClassification } from "../../batches/index.js";
import { seqeval } from "../../metrics/index.js";
import { AutoConfig, AutoModelForTokenClassification } from "../../models/index.js";
import { DataError } from "../../support/errors.js";
import { findTagColumns, tokenizeTagged } from "../token-classification.js";
import { lengthLimit } from "../tokenize.js";
import { type PlanInputs, splitOf, type TaskPlan } from "./plan.js";

export async function planTokenClassification(inputs: PlanInputs): Promise<TaskPlan> {
  const { raw, checkpoint, revision, tokenizer, choices, seed, freshHead } = inputs;
  const { textColumn: wordsColumn, labelColumn: tagsColumn, labelAllTokens } = choices;
  const columns = findTagColumns(splitOf(raw, inputs.splits[0]), { wordsColumn, tagsColumn });
  const labelNames = await namesFor(columns.labelNames, checkpoint, revision);
  const options = { revision, seed, ignoreMismatchedSizes: freshHead };
  const model = await AutoModelForTokenClassification.fromPretrained(checkpoint, { ...options, id2label: labelNames });
  const maxLength = lengthLimit(inputs.maxLength, tokenizer, model.config);
  const rows = await Promise.all(
    inputs.splits.map(async (split) => {
      const renumbered = { ...columns, labelNames };
      const tokenized = await tokenizeTagged(splitOf(raw, split), renumbered, tokenizer, { maxLength, labelAllTokens });
      return [split, tokenized] as const;
    }),
  );
  const metric = seqeval({ labels: labelNames });
  return {
    description: `words in ${columns.words}, tags ${labelNames.slice(0, 12).join(", ")} in ${columns.tags}`,
    model,
    rows: Object.fromEntries(rows),
    collator: new DataCollatorForTokenClassification(tokenizer),
    metricsOf: () => metric,
  };
}

/** The dataset's names. A checkpoint that knows the same ones has to have them in the same order. */
async function namesFor(
  names: readonly string[],
  checkpoint: string,
  revision: string | undefined,
): Promise<readonly string[]> {
  const { id2label } = await AutoConfig.fromPretrained(checkpoint, { revision });
  const theirs = Object.keys(id2label).map((id) => id2label[Number(id)]);
  const same = theirs.length === names.length && theirs.every((name) => names.includes(name));
  if (same && theirs.some((name, i) => name !== names[i])) {
    throw new DataError(
      `${checkpoint} has the labels in the order ${theirs.join(", ")}, and the dataset in the order ${names.join(", ")}: bring the ` +
        "dataset's into the model's order (alignLabelsWithMapping, or names of tags in place of numbers)",
    );
  }
  return names;
}
