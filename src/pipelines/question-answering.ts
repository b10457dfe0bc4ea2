// The pipeline "question-answering": the part of a context that answers a question. Outputs are those of transformers'
// pipelines/question_answering.py (of its version 4; version 5 has none).
import type { HubOptions } from "../hub/index.js";
import { AutoModelForQuestionAnswering } from "../models/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { softmax } from "../support/softmax.js";
import type { Tensor } from "../tensor/index.js";
import {
  checkCount,
  type InputRow,
  inBatches,
  inEvaluation,
  largest,
  loadParts,
  longestInput,
  type PipelineModel,
  padInputs,
  type TokenizerLike,
} from "./running.js";

/** What the pipeline asks of a model: a question-answering head. */
export type QuestionAnsweringModelLike = PipelineModel<{ readonly start_logits: Tensor; readonly end_logits: Tensor }>;

export interface Question {
  readonly question: string;
  readonly context: string;
}

export interface Answer {
  /** Probability of the answer among all spans of the part of the context that holds it. */
  readonly score: number;
  /** Where it stands in the context, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The text; empty where there is no answer (`handleImpossibleAnswer`). */
  readonly answer: string;
}

export interface AnswerOptions {
  /** How many answers to give, best first. Without it one answer is given by itself. */
  readonly topK?: number;
  /** Tokens that two parts of a long context share. Default 128, or half of `maxSeqLen` where that is less. */
  readonly docStride?: number;
  /** Tokens of the longest answer. Default 15. */
  readonly maxAnswerLen?: number;
  /** Tokens of question and context that are read at once. Default 384, or what the model takes where that is less. */
  readonly maxSeqLen?: number;
  /** "No answer" is an answer, too. Default false. */
  readonly handleImpossibleAnswer?: boolean;
  /** Answers begin and end with words. Default true. */
  readonly alignToWords?: boolean;
  /** Parts of contexts computed at once. Default 32. */
  readonly batchSize?: number;
}

/**
 * Answers one question, or many in their order. With `topK` each gets a list of answers.
 * @throws DataError for an input that is no question with a context, or a question too long to leave room for one
 */
export interface QuestionAnsweringPipeline {
  (input: Question, options?: AnswerOptions & { readonly topK?: undefined }): Promise<Answer>;
  (input: Question, options: AnswerOptions & { readonly topK: number }): Promise<Answer[]>;
  (inputs: readonly Question[], options?: AnswerOptions & { readonly topK?: undefined }): Promise<Answer[]>;
  (inputs: readonly Question[], options: AnswerOptions & { readonly topK: number }): Promise<Answer[][]>;
}

export async function loadQuestionAnswering(
  given: string | QuestionAnsweringModelLike,
  tokenizer?: TokenizerLike,
  hub: HubOptions = {},
): Promise<QuestionAnsweringPipeline> {
  const parts = await loadParts(AutoModelForQuestionAnswering, given, tokenizer, hub);
  const answer = async (input: unknown, options: AnswerOptions = {}) => {
    const { topK = 1, maxAnswerLen = 15, batchSize = 32, handleImpossibleAnswer = false } = options;
    for (const [name, value] of Object.entries({ topK, maxAnswerLen, batchSize })) checkCount(name, value);
    const single = !Array.isArray(input);
    const questions = ([input].flat() as unknown[]).map(asQuestion);
    const found: Answer[][] = questions.map(() => []);
    const none: number[] = questions.map(() => Infinity);
    const pieces = questions.flatMap((question, i) => cut(parts, question, i, options));
    for (const [, batch] of inBatches(pieces, batchSize)) {
      const inputs = padInputs(
        parts.tokenizer,
        batch.map(({ row }) => row),
      );
      const output = inEvaluation(parts.model, () => parts.model.forward(inputs));
      const [, length] = output.start_logits.shape;
      const [starts, ends] = await Promise.all([output.start_logits.data(), output.end_logits.data()]);
      const left = parts.tokenizer.paddingSide === "left";
      for (const [i, piece] of batch.entries()) {
        const begin = i * length + (left ? length - piece.row.input_ids.length : 0);
        const part = (values: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> }) =>
          values.subarray(begin, begin + piece.row.input_ids.length);
        const { spans, nothing } = bestSpans(piece, part(starts), part(ends), { topK, maxAnswerLen, options });
        none[piece.question] = Math.min(none[piece.question], nothing);
        for (const span of spans)
          join(found[piece.question], answerOf(piece, questions[piece.question].context, span, options));
      }
    }
    const results = found.map((answers, i) => {
      const all = handleImpossibleAnswer ? [...answers, { score: none[i], start: 0, end: 0, answer: "" }] : answers;
      return all.sort((a, b) => b.score - a.score).slice(0, topK);
    });
    const shown = options.topK === undefined ? results.map(([best]) => best) : results;
    return single ? shown[0] : shown;
  };
  return answer as QuestionAnsweringPipeline;
}

type Parts = { readonly model: QuestionAnsweringModelLike; readonly tokenizer: TokenizerLike };

/** A question with a part of its context. */
interface Piece {
  /** Number of the question. */
  readonly question: number;
  readonly row: InputRow;
  /** Whether a token may be in an answer: those of the context, and the first, which stands for none. */
  readonly asked: readonly boolean[];
  /** A token's span of the context. */
  readonly spanOf: (token: number, aligned: boolean) => readonly [start: number, end: number];
}

function asQuestion(input: unknown, i: number): Question {
  const { question, context } = (input ?? {}) as Partial<Question>;
  if (typeof question === "string" && typeof context === "string" && context !== "") return { question, context };
  throw new DataError(
    `input ${i} of the pipeline is ${JSON.stringify(input)?.slice(0, 200)}; { question, context } is needed, both texts, the context not empty`,
  );
}

function cut(
  { tokenizer, model }: Parts,
  { question, context }: Question,
  number: number,
  options: AnswerOptions,
): Piece[] {
  const { maxSeqLen = Math.min(longestInput(tokenizer, model), 384) } = options;
  const { docStride = Math.min(Math.floor(maxSeqLen / 2), 128) } = options;
  if (docStride > maxSeqLen)
    throw new ConfigError(`pipeline: docStride ${docStride} is more than maxSeqLen ${maxSeqLen}`);
  const questionFirst = tokenizer.paddingSide === "right";
  const [first, second] = questionFirst ? [question, context] : [context, question];
  const encoding = tokenizer([first], [second], {
    truncation: questionFirst ? "only_second" : "only_first",
    maxLength: maxSeqLen,
    stride: docStride,
    returnOverflowingTokens: true,
    returnTensors: false,
    verbose: false,
  });
  const sequence = questionFirst ? 1 : 0;
  return encoding.input_ids.map((input_ids, row): Piece => {
    const sequences = encoding.sequenceIds(row);
    return {
      question: number,
      row: {
        input_ids,
        attention_mask: encoding.attention_mask?.[row],
        token_type_ids: encoding.token_type_ids?.[row],
      },
      asked: sequences.map((one, i) => one === sequence || input_ids[i] === tokenizer.clsTokenId),
      spanOf: (token, aligned) => {
        const word = aligned ? encoding.tokenToWord(token, { row }) : undefined;
        const span = word === undefined ? undefined : encoding.wordToChars(word, { row, sequence });
        return span ?? encoding.tokenToChars(token, { row }) ?? [0, 0];
      },
    };
  });
}

interface ScoredSpan {
  readonly first: number;
  readonly last: number;
  readonly score: number;
}

const CLOSED = -10000; // transformers' number for tokens that cannot be in an answer

/** The best spans of a piece, and the probability that it holds no answer. */
function bestSpans(
  { asked }: Piece,
  starts: ArrayLike<number>,
  ends: ArrayLike<number>,
  { topK, maxAnswerLen, options }: { topK: number; maxAnswerLen: number; options: AnswerOptions },
): { spans: ScoredSpan[]; nothing: number } {
  const probabilities = (logits: ArrayLike<number>) => softmax(asked.map((open, i) => (open ? logits[i] : CLOSED)));
  const [start, end] = [probabilities(starts), probabilities(ends)];
  const nothing = start[0] * end[0];
  start[0] = 0;
  end[0] = 0;
  const spans: ScoredSpan[] = [];
  for (let first = 0; first < start.length; first++) {
    if (!asked[first]) continue;
    for (let last = first; last < Math.min(start.length, first + maxAnswerLen); last++) {
      if (asked[last]) spans.push({ first, last, score: start[first] * end[last] });
    }
  }
  const count = options.alignToWords === false ? topK : 2 * topK + 10; // several may be the same once they are aligned
  const best = largest(
    spans.map(({ score }) => score),
    count,
  );
  return { spans: best.map((i) => spans[i]), nothing };
}

function answerOf(
  { spanOf }: Piece,
  context: string,
  { first, last, score }: ScoredSpan,
  { alignToWords = true }: AnswerOptions,
): Answer {
  const [start] = spanOf(first, alignToWords);
  const [, end] = spanOf(last, alignToWords);
  return { score, start, end, answer: context.slice(start, end) };
}

/** Adds an answer; the same text again adds to its score. */
function join(answers: Answer[], answer: Answer): void {
  const at = answers.findIndex((other) => other.answer.toLowerCase() === answer.answer.toLowerCase());
  if (at < 0) answers.push(answer);
  else answers[at] = { ...answers[at], score: answers[at].score + answer.score };
}
