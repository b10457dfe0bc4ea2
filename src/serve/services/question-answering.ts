// The service of extractive question answering: questions and contexts to parts of the contexts.
import type { Answer, Question, QuestionAnsweringPipeline } from "../../pipelines/index.js";
import { HttpError } from "../http-error.js";
import type { Service } from "../service.js";
import { count, toggle } from "../settings.js";
import { LONGEST_TEXT, objectOf, textOf, textSchema } from "./inputs.js";

export interface AnswerSettings {
  readonly topK: number;
  readonly maxAnswerLen: number;
  readonly handleImpossibleAnswer: boolean;
}

export function questionService(
  answer: QuestionAnsweringPipeline,
): Service<Question, AnswerSettings, readonly Answer[]> {
  const place = { type: "integer", description: "in the context, in UTF-16 units" };
  return {
    task: "question-answering",
    inputSchema: {
      type: "object",
      description: "a question and the text that may answer it",
      properties: { question: textSchema, context: { ...textSchema, minLength: 1, maxLength: LONGEST_TEXT } },
      required: ["question", "context"],
      additionalProperties: false,
    },
    outputSchema: {
      type: "array",
      description: "answers, best first",
      items: {
        type: "object",
        properties: {
          score: { type: "number" },
          start: place,
          end: place,
          answer: { type: "string", description: "empty where there is none" },
        },
        required: ["score", "start", "end", "answer"],
      },
    },
    settings: {
      topK: count({ default: 1, description: "answers to each question, best first" }),
      maxAnswerLen: count({ default: 15, max: 512, description: "tokens of the longest answer" }),
      handleImpossibleAnswer: toggle({ default: false, description: '"no answer" is an answer, too' }),
    },
    example: { question: "Where was she born?", context: "Marie Curie was born in Warsaw." },
    parse,
    run: (inputs, settings) => answer(inputs, settings),
  };
}

function parse(value: unknown, path: string): Question {
  const given = objectOf(value, path, ["question", "context"], "{ question, context } of two texts");
  const question = textOf(given.question, `${path}.question`);
  const context = textOf(given.context, `${path}.context`, LONGEST_TEXT);
  if (context === "") throw new HttpError(400, `${path}.context must not be empty`);
  return { question, context };
}
