// A split as the model reads it: tokens, and labels under the name that models take. What is cut off is said.
import type { Dataset } from "../datasets/index.js";
import { info } from "../support/log.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import type { Task } from "./task.js";

/** How long the rows of a split are, in tokens. */
export interface Lengths {
  readonly rows: number;
  readonly tokens: number;
  readonly longest: number;
  /** Rows that were cut, and how many tokens of theirs nobody reads. */
  readonly cutRows: number;
  readonly lostTokens: number;
}

/** Tokenizes a split's texts and keeps its labels. */
export async function tokenizeSplit(
  dataset: Dataset,
  task: Task,
  tokenizer: PreTrainedTokenizer,
  maxLength: number,
): Promise<{ tokenized: Dataset; lengths: Lengths }> {
  const texts: readonly string[] = task.textColumns;
  const kept = dataset.selectColumns([...texts, task.labelColumn]);
  const tokenized: Dataset = await kept.map(
    (rows, context) => {
      const [first, second] = context.texts.map((name) => rows[name] as string[]);
      return context.tokenizer(first, second, { truncation: true, maxLength: context.maxLength, returnTensors: false });
    },
    { batched: true, with: { tokenizer, texts, maxLength }, removeColumns: [...texts] },
  );
  const named = task.labelColumn === "labels" ? tokenized : tokenized.renameColumn(task.labelColumn, "labels");
  return { tokenized: named, lengths: measure(kept, tokenized, texts, tokenizer, maxLength) };
}

function measure(
  raw: Dataset,
  tokenized: Dataset,
  texts: readonly string[],
  tokenizer: PreTrainedTokenizer,
  maxLength: number,
): Lengths {
  let [tokens, longest, cutRows, lostTokens] = [0, 0, 0, 0];
  tokenized.column("input_ids").forEach((ids, i) => {
    const { length } = ids as ArrayLike<number>;
    tokens += length;
    longest = Math.max(longest, length);
    if (length < maxLength) return;
    const [first, second] = texts.map((name) => raw.at(i)[name] as string);
    const whole = tokenizer(first, second, { truncation: false, returnTensors: false }).input_ids.length;
    longest = Math.max(longest, whole);
    if (whole > length) cutRows++;
    lostTokens += whole - length;
  });
  return { rows: raw.length, tokens, longest, cutRows, lostTokens };
}

/** Says what was cut off, where something was. */
export function sayCut(split: string, { rows, cutRows, lostTokens, longest }: Lengths, maxLength: number): void {
  if (cutRows === 0) return;
  info(
    `${split}: ${cutRows} of ${rows} rows are longer than the ${maxLength} tokens that are read (the longest has ${longest}); ` +
      `${lostTokens} tokens were cut off`,
  );
}

/** The most tokens of a row: what is asked for, within what tokenizer and model take. */
export function lengthLimit(
  asked: number | undefined,
  tokenizer: PreTrainedTokenizer,
  config: { readonly max_position_embeddings?: unknown },
): number {
  const positions = config.max_position_embeddings;
  const limit = Math.min(tokenizer.modelMaxLength, typeof positions === "number" ? positions : Infinity);
  if (asked !== undefined && asked > limit)
    info(`--max-length ${asked} is more than the model takes; cutting texts to ${limit} tokens`);
  return Math.min(asked ?? limit, limit);
}
