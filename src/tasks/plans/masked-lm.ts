// The plan of masked language modelling: going on with pretraining on texts of one's own.
import { DataCollatorForLanguageModeling } from "../../batches/index.js";
import type { Dataset } from "../../datasets/index.js";
import { AutoModelForMaskedLM } from "../../models/index.js";
import { DataError } from "../../support/errors.js";
import type { PreTrainedTokenizer } from "../../tokenizers/index.js";
import { isText } from "../columns.js";
import { lengthLimit } from "../tokenize.js";
import { type PlanInputs, splitOf, type TaskPlan } from "./plan.js";

/** Tokens of a row: the usual number, and what is quick. */
const USUAL_LENGTH = 128;

export async function planMaskedLM(inputs: PlanInputs): Promise<TaskPlan> {
  const { raw, checkpoint, revision, tokenizer, choices, seed, splits } = inputs;
  const model = await AutoModelForMaskedLM.fromPretrained(checkpoint, { revision, seed });
  const limit = lengthLimit(inputs.maxLength, tokenizer, model.config);
  const maxLength = inputs.maxLength === undefined ? Math.min(USUAL_LENGTH, limit) : limit;
  const { mlmProbability } = choices;
  const column = textColumnOf(splitOf(raw, splits[0]), choices.textColumn);
  const rows: Record<string, Dataset> = {};
  for (const split of splits) {
    rows[split] = await textBlocks(splitOf(raw, split), column, tokenizer, { maxLength });
    if (rows[split].length === 0)
      throw new DataError(`the texts of ${split} have fewer tokens than a row of ${maxLength}: --max-length`);
  }
  return {
    description: `texts in ${column}, in rows of ${maxLength} tokens`,
    model,
    rows,
    collator: new DataCollatorForLanguageModeling(tokenizer, { mlmProbability, seed }),
    metricsOf: () => undefined,
    derived: ({ eval_loss: loss }): Record<string, number> =>
      loss === undefined ? {} : { perplexity: Math.exp(loss) },
  };
}

function textColumnOf(dataset: Dataset, given: string | undefined): string {
  const names: readonly string[] = dataset.columnNames;
  const texts = names.filter((name) => isText(dataset.features[name]));
  if (given !== undefined) {
    if (texts.includes(given)) return given;
    throw new DataError(
      `--text-column ${given}: there is no such column of text; there are ${texts.join(", ") || "none"}`,
    );
  }
  const found = texts.includes("text") ? "text" : texts.length === 1 ? texts[0] : undefined;
  if (found !== undefined) return found;
  throw new DataError(`say with --text-column which column of text it is: ${texts.join(", ") || "there is none"}`);
}

/**
 * The texts of a split one after another, cut into rows of `maxLength` tokens with the frame of special tokens around each;
 * what is left at a batch's end is a shorter row. `labels` are the ids, of which the collator for masked language modelling
 * asks some.
 */
export async function textBlocks(
  dataset: Dataset,
  column: string,
  tokenizer: PreTrainedTokenizer,
  { maxLength }: { readonly maxLength: number },
): Promise<Dataset> {
  const room = maxLength - tokenizer.numSpecialTokensToAdd();
  if (room < 1) throw new DataError(`rows of ${maxLength} tokens leave no room for text`);
  return dataset.selectColumns([column]).map(
    (rows, context) => {
      const texts = (rows[context.column] as string[]).filter((text) => text.trim() !== "");
      const { input_ids, attention_mask } = context.tokenizer([texts.join("\n")], {
        truncation: true,
        maxLength: context.maxLength,
        returnOverflowingTokens: true,
        returnTensors: false,
        verbose: false,
      });
      return { input_ids, attention_mask, labels: input_ids };
    },
    { batched: true, with: { tokenizer, column, maxLength }, removeColumns: [column] },
  ) as Promise<Dataset>;
}
