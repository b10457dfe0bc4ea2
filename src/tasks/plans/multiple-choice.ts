// The plan of multiple choice: of several continuations of a text, or answers to a question, which is right.
import { DataCollatorForMultipleChoice } from "../../batches/index.js";
import { type Dataset, List } from "../../datasets/index.js";
import { accuracy } from "../../metrics/index.js";
import { AutoModelForMultipleChoice } from "../../models/index.js";
import { DataError } from "../../support/errors.js";
import type { PreTrainedTokenizer } from "../../tokenizers/index.js";
import { lengthLimit } from "../tokenize.js";
import { type PlanInputs, splitOf, type TaskPlan } from "./plan.js";

export async function planMultipleChoice(inputs: PlanInputs): Promise<TaskPlan> {
  const { raw, checkpoint, revision, tokenizer, choices, seed, freshHead, splits } = inputs;
  const options = { revision, seed, ignoreMismatchedSizes: freshHead };
  const model = await AutoModelForMultipleChoice.fromPretrained(checkpoint, options);
  const maxLength = lengthLimit(inputs.maxLength, tokenizer, model.config);
  const columns = findChoiceColumns(splitOf(raw, splits[0]), choices);
  const rows: Record<string, Dataset> = {};
  for (const split of splits) rows[split] = await tokenizeChoices(splitOf(raw, split), columns, tokenizer, maxLength);
  const metric = accuracy();
  const { texts, endings, label } = columns;
  return {
    description: `a text in ${texts.join(" and ")}, choices in ${[endings].flat().join(", ")}, the right one in ${label}`,
    model,
    rows,
    collator: new DataCollatorForMultipleChoice(tokenizer),
    metricsOf: () => metric,
  };
}

export interface ChoiceColumns {
  /** What the choices are of: one column, or two, of which the second begins every choice (SWAG). */
  readonly texts: readonly [string] | readonly [string, string];
  /** A column of lists of choices, or a column for each. */
  readonly endings: string | readonly string[];
  /** Number of the right choice. */
  readonly label: string;
}

/** @throws DataError where the columns cannot be told */
export function findChoiceColumns(
  dataset: Dataset,
  { textColumn, labelColumn }: { textColumn?: string; labelColumn?: string } = {},
): ChoiceColumns {
  const names: readonly string[] = dataset.columnNames;
  const has = (...all: string[]) => all.every((name) => names.includes(name));
  const label = labelColumn ?? ["label", "labels", "answer"].find((name) => has(name));
  if (label === undefined || !has(label))
    throw new DataError(`say with --label-column which of ${names.join(", ")} is the number of the right choice`);
  const numbered = names.filter((name) => /^(ending|choice|option|answer)_?\d+$/.test(name)).sort();
  const list = names.find((name) => /^(choices|endings|options)$/.test(name) && dataset.features[name] instanceof List);
  const endings = list ?? numbered;
  if (endings.length === 0) {
    throw new DataError(
      `multiple choice needs a column of lists (choices, endings), or columns ending0, ending1, ...; there are ${names.join(", ")}`,
    );
  }
  if (textColumn === undefined && has("sent1", "sent2")) return { texts: ["sent1", "sent2"], endings, label };
  const text = textColumn ?? ["question", "context", "startphrase", "sentence", "text"].find((name) => has(name));
  if (text === undefined || !has(text))
    throw new DataError(`say with --text-column which of ${names.join(", ")} the choices are of`);
  return { texts: [text], endings, label };
}

/** Every choice with its text: lists of model inputs, an entry a choice, and `labels`. */
export async function tokenizeChoices(
  dataset: Dataset,
  columns: ChoiceColumns,
  tokenizer: PreTrainedTokenizer,
  maxLength: number,
): Promise<Dataset> {
  const { texts, endings, label } = columns;
  const tokenized = (await dataset.map(
    (rows, context) => {
      const [first, second] = context.texts.map((name) => rows[name] as string[]);
      const choicesOf = (row: number): readonly string[] =>
        typeof context.endings === "string"
          ? Array.from((rows[context.endings] as string[][])[row])
          : context.endings.map((name) => (rows[name] as string[])[row]);
      const all = first.map((text, row) =>
        choicesOf(row).map((choice) => [text, second ? `${second[row]} ${choice}` : choice]),
      );
      const flat = all.flat();
      const encoding = context.tokenizer(
        flat.map(([text]) => text),
        flat.map(([, choice]) => choice),
        { truncation: true, maxLength: context.maxLength, returnTensors: false, verbose: false },
      );
      let next = 0;
      const starts = all.map((choices) => {
        next += choices.length;
        return next - choices.length;
      });
      const byRow = (values: readonly Int32Array[]) =>
        all.map((choices, row) => values.slice(starts[row], starts[row] + choices.length));
      return Object.fromEntries(
        Object.entries({ ...encoding }).map(([name, values]) => [name, byRow(values as Int32Array[])]),
      );
    },
    {
      batched: true,
      with: { tokenizer, texts: texts as readonly string[], endings, maxLength },
      removeColumns: dataset.columnNames.filter((name: string) => name !== label),
    },
  )) as Dataset;
  return label === "labels" ? tokenized : tokenized.renameColumn(label, "labels");
}
