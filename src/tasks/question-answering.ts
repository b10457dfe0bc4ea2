// Extractive question answering: questions with contexts become rows that a model takes, parts of long contexts among them,
// and a model's scores of tokens become answers. (Python: transformers' examples/pytorch/question-answering.)
import type { AnyRow, Dataset } from "../datasets/index.js";
import type { SquadPrediction } from "../metrics/index.js";
import { DataError } from "../support/errors.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";

/** A row as SQuAD has it. */
export interface SquadRow {
  readonly id: string;
  readonly question: string;
  readonly context: string;
  /** None where the context does not answer the question. */
  readonly answers: { readonly text: readonly string[]; readonly answer_start: ArrayLike<number> };
}

export interface AnswerFeatureOptions {
  /** Tokens of question and context in a row. Default 384, within what the model takes. */
  readonly maxLength?: number;
  /** Tokens that two parts of a long context share. Default 128. */
  readonly docStride?: number;
}

/** The span of an answer in tokens; [0, 0], the first token, where a row holds none. */
type TokenSpan = readonly [start: number, end: number];

interface Features {
  input_ids: Int32Array[];
  attention_mask: Int32Array[];
  token_type_ids?: Int32Array[];
  /** For each row, of which of the questions it is. */
  question: number[];
  /** Of each token of the context its span, start and end by turns; -1 for other tokens. */
  spans: Int32Array[];
  /** Place of the first token, which stands for "no answer". */
  first: number[];
}

/** Tokenizes questions with their contexts; a long context comes as several rows. */
export function questionFeatures(
  questions: readonly string[],
  contexts: readonly string[],
  tokenizer: PreTrainedTokenizer,
  { maxLength = Math.min(384, tokenizer.modelMaxLength), docStride = 128 }: AnswerFeatureOptions = {},
): Features {
  const questionFirst = tokenizer.paddingSide === "right";
  const asked = questions.map((question) => question.trimStart()); // some of SQuAD's begin with spaces, which cost tokens
  const [one, two] = questionFirst ? [asked, contexts] : [contexts, asked];
  const encoding = tokenizer(one, two, {
    truncation: questionFirst ? "only_second" : "only_first",
    maxLength,
    stride: docStride,
    returnOverflowingTokens: true,
    returnOffsetsMapping: true,
    returnTensors: false,
    verbose: false,
  });
  const side = questionFirst ? 1 : 0;
  const spans = encoding.offset_mapping.map((offsets, row) => {
    const sequences = encoding.sequenceIds(row);
    return Int32Array.from(offsets.flatMap(([start, end], i) => (sequences[i] === side ? [start, end] : [-1, -1])));
  });
  return {
    input_ids: encoding.input_ids,
    attention_mask: encoding.attention_mask,
    ...(encoding.token_type_ids ? { token_type_ids: encoding.token_type_ids } : {}),
    question: Array.from(encoding.overflow_to_sample_mapping),
    spans,
    first: encoding.input_ids.map((ids) => Math.max(0, ids.indexOf(tokenizer.clsTokenId ?? -1))),
  };
}

/** The tokens of an answer, given by its characters, within a row; the row's first token where it does not hold all of it. */
export function answerTokens(spans: Int32Array, first: number, start: number, end: number): TokenSpan {
  const count = spans.length / 2;
  let begin = 0;
  while (begin < count && spans[2 * begin] < 0) begin++;
  let last = count - 1;
  while (last >= 0 && spans[2 * last] < 0) last--;
  if (begin > last || spans[2 * begin] > start || spans[2 * last + 1] < end) return [first, first];
  while (begin < count && spans[2 * begin] >= 0 && spans[2 * begin] <= start) begin++;
  while (last >= 0 && spans[2 * last + 1] >= end) last--;
  return [begin - 1, last + 1];
}

/** Of each row the tokens of its question's first answer. `tokensOf`: answerTokens. */
function answerSpans(
  { question, spans, first }: Pick<Features, "question" | "spans" | "first">,
  answers: readonly SquadRow["answers"][],
  tokensOf: typeof answerTokens,
): TokenSpan[] {
  return spans.map((row, i) => {
    const { text, answer_start: starts } = answers[question[i]];
    if (text.length === 0) return [first[i], first[i]];
    const start = Number(starts[0]);
    return tokensOf(row, first[i], start, start + text[0].length);
  });
}

/** A split of SQuAD's kind as rows to train on: model inputs, start_positions and end_positions. */
export async function trainFeatures(
  dataset: Dataset,
  tokenizer: PreTrainedTokenizer,
  options: AnswerFeatureOptions = {},
): Promise<Dataset> {
  checkColumns(dataset, ["id", "question", "context", "answers"]);
  return mapFeatures(dataset, tokenizer, { ...options, toAnswer: false });
}

/**
 * A split as rows to answer: model inputs, `example_id`, and `spans`, of each token its place in the context; with
 * start_positions and end_positions, for the loss, where it has answers.
 */
export async function answerFeatures(
  dataset: Dataset,
  tokenizer: PreTrainedTokenizer,
  options: AnswerFeatureOptions = {},
): Promise<Dataset> {
  checkColumns(dataset, ["id", "question", "context"]);
  return mapFeatures(dataset, tokenizer, { ...options, toAnswer: true });
}

function mapFeatures(
  dataset: Dataset,
  tokenizer: PreTrainedTokenizer,
  { toAnswer, ...options }: AnswerFeatureOptions & { readonly toAnswer: boolean },
): Promise<Dataset> {
  return dataset.map(
    (rows, context) => {
      const columns = rows as unknown as { [Name in keyof SquadRow]: SquadRow[Name][] };
      const { question, spans, first, ...inputs } = context.questionFeatures(
        columns.question,
        columns.context,
        context.tokenizer,
        context.options,
      );
      const own = context.toAnswer ? { ...inputs, example_id: question.map((i) => columns.id[i]), spans } : inputs;
      if (columns.answers === undefined) return own;
      const found = context.answerSpans({ question, spans, first }, columns.answers, context.answerTokens);
      return { ...own, start_positions: found.map(([start]) => start), end_positions: found.map(([, end]) => end) };
    },
    {
      batched: true,
      with: { tokenizer, options, toAnswer, questionFeatures, answerSpans, answerTokens },
      removeColumns: dataset.columnNames,
    },
  ) as Promise<Dataset>;
}

function checkColumns(dataset: Dataset, needed: readonly string[]): void {
  const names: readonly string[] = dataset.columnNames;
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  throw new DataError(
    `question answering needs the columns ${needed.join(", ")}, as SQuAD has them; ${missing.join(", ")} is missing among ${names.join(", ")}`,
  );
}

export interface FindAnswersOptions {
  /** How many starts and ends of a row are tried with each other. Default 20. */
  readonly nBestSize?: number;
  /** Tokens of the longest answer. Default 30. */
  readonly maxAnswerLength?: number;
  /** Questions may have no answer, as in SQuAD 2. Default false. */
  readonly withoutAnswers?: boolean;
  /** "No answer" is given where its score is more than this above the best answer's. Default 0. */
  readonly nullScoreDiffThreshold?: number;
}

/** An answer to a question, and with `withoutAnswers` by how much "no answer" scored above it. */
export interface FoundAnswer extends SquadPrediction {
  /** Where the answer stands in the context; [0, 0] where there is none. */
  readonly span: readonly [start: number, end: number];
  /** Score of "no answer" less that of the best answer; 0 where questions all have answers. */
  readonly scoreDiff: number;
}

/** A model's scores: row after row, as many as the longest row has tokens. */
interface Scores {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * The best answer to each question from a model's scores of the tokens of its rows.
 * @param questions The split that answerFeatures was given. @param features What it gave.
 * @throws DataError where scores and rows differ in number
 */
export function findAnswers(
  questions: Dataset,
  features: Dataset,
  scores: { readonly start_logits: Scores; readonly end_logits: Scores },
  options: FindAnswersOptions = {},
): FoundAnswer[] {
  const { nBestSize = 20, maxAnswerLength = 30, withoutAnswers = false, nullScoreDiffThreshold = 0 } = options;
  const { start_logits: starts, end_logits: ends } = scores;
  if (starts.shape[0] !== features.length) {
    throw new DataError(`${starts.shape[0]} rows of scores for ${features.length} rows of questions`);
  }
  const rowsOf = new Map<unknown, number[]>();
  features.column("example_id").forEach((id, row) => {
    rowsOf.set(id, [...(rowsOf.get(id) ?? []), row]);
  });
  const spans = features.column("spans") as readonly Int32Array[];
  const [, length] = starts.shape;
  return Array.from(questions as Iterable<AnyRow>, (question): FoundAnswer => {
    const { id, context } = question as unknown as SquadRow;
    let best: { score: number; span: readonly [number, number] } | undefined;
    let nothing = Infinity;
    for (const row of rowsOf.get(id) ?? []) {
      const own = spans[row];
      const count = own.length / 2;
      const at = row * length;
      nothing = Math.min(nothing, starts.data[at] + ends.data[at]);
      const order = (values: ArrayLike<number>) =>
        Array.from({ length: count }, (_, i) => i)
          .sort((a, b) => values[at + b] - values[at + a])
          .slice(0, nBestSize);
      const lasts = order(ends.data);
      for (const first of order(starts.data)) {
        for (const last of lasts) {
          if (own[2 * first] < 0 || own[2 * last] < 0 || last < first || last - first + 1 > maxAnswerLength) continue;
          const score = starts.data[at + first] + ends.data[at + last];
          if (!best || score > best.score) best = { score, span: [own[2 * first], own[2 * last + 1]] };
        }
      }
    }
    const scoreDiff = withoutAnswers ? nothing - (best?.score ?? -Infinity) : 0;
    const span = !best || (withoutAnswers && scoreDiff > nullScoreDiffThreshold) ? ([0, 0] as const) : best.span;
    return { id, prediction_text: context.slice(...span), span, scoreDiff };
  });
}
