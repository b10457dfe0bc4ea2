// A split as the model reads it: tokens, and labels under the name that models take. What is cut off is said.
import type { Dataset, DatasetDict } from "../datasets/index.js";
import { info } from "../support/log.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import { type PositionsConfig, positionsOf } from "../tokenizers/model-positions.js";
import type { Task } from "./task.js";

/** Tokenizes a split's texts and keeps its labels; says how much was cut off. */
export async function tokenizeSplit(
  raw: DatasetDict,
  split: string,
  task: Task,
  tokenizer: PreTrainedTokenizer,
  maxLength: number,
): Promise<Dataset> {
  const texts: readonly string[] = task.textColumns;
  const kept = raw.split(split).selectColumns([...texts, task.labelColumn]);
  const tokenized: Dataset = await kept.map(
    (rows, context) => {
      const [first, second] = context.texts.map((name) => rows[name] as string[]);
      const options = { truncation: true, maxLength: context.maxLength, returnTensors: false, verbose: false } as const;
      return context.tokenizer(first, second, options);
    },
    {
      batched: true,
      with: { tokenizer, texts, maxLength },
      removeColumns: [...texts],
      description: `tokens of ${split}`,
    },
  );
  const cut = measureCut(kept, tokenized, texts, tokenizer, maxLength);
  if (cut.rows > 0) {
    info(
      `${split}: ${cut.rows} of ${kept.length} rows are longer than the ${maxLength} tokens that are read (the longest has ` +
        `${cut.longest}); ${cut.lost} tokens were cut off`,
    );
  }
  return task.labelColumn === "labels" ? tokenized : tokenized.renameColumn(task.labelColumn, "labels");
}

/** How many rows were cut, the tokens of the longest, and those that nobody reads. */
function measureCut(
  raw: Dataset,
  tokenized: Dataset,
  texts: readonly string[],
  tokenizer: PreTrainedTokenizer,
  maxLength: number,
): { rows: number; longest: number; lost: number } {
  const cut = { rows: 0, longest: 0, lost: 0 };
  tokenized.column("input_ids").forEach((ids, i) => {
    const { length } = ids as ArrayLike<number>;
    if (length < maxLength) return;
    const [first, second] = texts.map((name) => raw.at(i)[name] as string);
    const whole = tokenizer(first, second, { truncation: false, returnTensors: false, verbose: false }).input_ids
      .length;
    if (whole > length) cut.rows++;
    cut.longest = Math.max(cut.longest, whole);
    cut.lost += whole - length;
  });
  return cut;
}

/** The most tokens of a row: what is asked for, within what tokenizer and model take. */
export function lengthLimit(
  asked: number | undefined,
  tokenizer: PreTrainedTokenizer,
  config: PositionsConfig,
): number {
  const limit = Math.min(tokenizer.modelMaxLength, positionsOf(config));
  if (asked !== undefined && asked > limit)
    info(`--max-length ${asked} is more than the model takes; cutting texts to ${limit} tokens`);
  return Math.min(asked ?? limit, limit);
}
