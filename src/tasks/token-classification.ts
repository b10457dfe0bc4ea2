// Token classification: words with tags become tokens with labels.
import { ClassLabel, type Dataset, type DatasetDict, type Feature, List } from "../datasets/index.js";
import { DataError } from "../support/errors.js";
import { fingerprint } from "../support/symbols.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";

/** The label of a token that no loss counts. */
const IGNORED = -100;

export interface AlignLabelsOptions {
  /**
   * Whether the later tokens of a word are labelled, too; its first one always is. With names of labels given, B- becomes
   * I- there. Default false.
   */
  readonly labelAllTokens?: boolean;
  /** Names of the labels in order ("O", "B-PER", "I-PER", ...), for labelAllTokens. */
  readonly labelNames?: readonly string[];
}

/**
 * The labels of a row's tokens: each word's label at its first token, -100 at its others and at special tokens.
 * @param wordIds Of each token the number of its word, or null: `encoding.wordIds(row)`.
 * @param labels Of each word the number of its label.
 * @throws DataError for a word without label
 */
export function alignLabels(
  wordIds: readonly (number | null)[],
  labels: ArrayLike<number | bigint>,
  { labelAllTokens = false, labelNames = [] }: AlignLabelsOptions = {},
): number[] {
  const inside = (label: number) => {
    const name = labelNames[label] ?? "";
    const at = name.startsWith("B-") ? labelNames.indexOf(`I-${name.slice(2)}`) : -1;
    return at < 0 ? label : at;
  };
  return wordIds.map((word, i) => {
    if (word === null) return IGNORED;
    if (word >= labels.length) throw new DataError(`word ${word} has no label: the row has ${labels.length} labels`);
    const label = Number(labels[word]);
    if (word !== wordIds[i - 1]) return label;
    return labelAllTokens && label !== IGNORED ? inside(label) : IGNORED;
  });
}

// what depends on it is found again in the cache, though it uses names of this module
Object.assign(alignLabels, { [fingerprint]: () => "alignLabels" });

/** The columns of a dataset of tagged words. */
export interface TagColumns {
  readonly words: string;
  readonly tags: string;
  /** Names of the tags in order. */
  readonly labelNames: readonly string[];
}

const WORDS = ["tokens", "words"];
const TAGS = ["ner_tags", "tags", "labels", "pos_tags", "chunk_tags"];

/**
 * Finds words and tags by their names and types, as somebody says, or as usual (tokens, ner_tags).
 * @throws DataError where they cannot be told, listing what there is
 */
export function findTagColumns(
  dataset: Dataset,
  choices: { readonly wordsColumn?: string; readonly tagsColumn?: string } = {},
): TagColumns {
  const names: readonly string[] = dataset.columnNames;
  const pick = (
    flag: string,
    given: string | undefined,
    usual: readonly string[],
    fits: (feature: Feature) => boolean,
  ) => {
    if (given !== undefined) {
      if (names.includes(given)) return given;
      throw new DataError(`${flag} ${given}: the dataset has no such column; its columns are ${names.join(", ")}`);
    }
    const found = usual.find((name) => names.includes(name) && fits(dataset.features[name]));
    if (found !== undefined) return found;
    throw new DataError(
      `no column of lists is called ${usual.join(" or ")}; say with ${flag} which of ${names.join(", ")} it is`,
    );
  };
  const words = pick("--text-column", choices.wordsColumn, WORDS, (feature) => feature instanceof List);
  const tags = pick("--label-column", choices.tagsColumn, TAGS, (feature) => feature instanceof List);
  return { words, tags, labelNames: tagNames(dataset, tags) };
}

/** Names of tags: those of the lists' ClassLabel; of texts all that occur, "O" first; LABEL_0 ... of numbers. */
function tagNames(dataset: Dataset, column: string): string[] {
  const feature: Feature = dataset.features[column];
  const inner = feature instanceof List ? feature.feature : undefined;
  if (inner instanceof ClassLabel) return [...inner.names];
  const seen = new Set<unknown>();
  for (const row of dataset.column(column)) for (const tag of row as Iterable<unknown>) seen.add(tag);
  const values = [...seen];
  if (values.every((value) => typeof value === "string")) {
    return (values as string[]).sort((a, b) => Number(b === "O") - Number(a === "O") || (a < b ? -1 : 1));
  }
  const most = values.reduce<number>((largest, value) => Math.max(largest, Number(value)), 0);
  if (!Number.isInteger(most))
    throw new DataError(`${column} holds no tags: lists of names or of whole numbers are needed`);
  return Array.from({ length: most + 1 }, (_, i) => `LABEL_${i}`);
}

/**
 * Tokenizes words and gives tokens their labels: columns of model inputs, and `labels`.
 * @throws DataError for a row with more words than tags, or a tag that has no name
 */
export async function tokenizeTagged(
  dataset: Dataset,
  columns: TagColumns,
  tokenizer: PreTrainedTokenizer,
  options: { readonly maxLength: number } & AlignLabelsOptions,
): Promise<Dataset> {
  const { words, tags, labelNames } = columns;
  const kept = dataset.selectColumns([words, tags]);
  const align = { labelAllTokens: options.labelAllTokens ?? false, labelNames };
  return kept.map(
    (rows, context) => {
      const texts = (rows[context.words] as string[][]).map((row) => [...row]);
      const encoding = context.tokenizer(texts, {
        isSplitIntoWords: true,
        truncation: true,
        maxLength: context.maxLength,
        returnTensors: false,
      });
      const labels = (rows[context.tags] as ArrayLike<string | number>[]).map((row, i) => {
        const numbers = Array.from(row, (tag) =>
          typeof tag === "string" ? context.align.labelNames.indexOf(tag) : Number(tag),
        );
        return context.alignLabels(encoding.wordIds(i), numbers, context.align);
      });
      return { ...encoding, labels };
    },
    {
      batched: true,
      with: { tokenizer, words, tags, maxLength: options.maxLength, align, alignLabels },
      removeColumns: [words, tags],
    },
  );
}

/** The splits that a model is evaluated on: the first of these that there is. */
export function evaluationSplitsOf(raw: DatasetDict): string[] {
  return ["validation", "dev", "test"].filter((split) => raw.has(split)).slice(0, 1);
}
