// What `attune predict` answers, by the model's task: something for each text, or text and its pair.
import { cosine, SentenceTransformer } from "../embeddings/index.js";
import { pipeline } from "../pipelines/index.js";
import { UsageError } from "./flags.js";
import type { TaskName } from "./task-flags.js";

/** A line of input. */
export interface Asked {
  readonly text: string;
  readonly textPair?: string;
  readonly choices?: readonly string[];
}

/** A function from lines to answers. `topK`: how many of each, where somebody said. @throws as pipeline */
export async function answererOf(
  task: TaskName,
  model: string,
  options: { readonly revision: string | undefined; readonly topK: number | undefined },
): Promise<(inputs: readonly Asked[]) => Promise<readonly unknown[]>> {
  const { revision, topK } = options;
  const textsOf = (inputs: readonly Asked[]) =>
    inputs.map(({ text, textPair }) => {
      if (textPair !== undefined) throw new UsageError(`${task} takes one text, and not a pair`);
      return text;
    });
  switch (task) {
    case "text-classification":
    case "few-shot-classification": {
      const classify = await pipeline("text-classification", model, { revision });
      return (inputs) => (topK === undefined ? classify(inputs) : classify(inputs, { topK }));
    }
    case "sentence-similarity": {
      const embedder = await SentenceTransformer.fromPretrained(model, { revision });
      return async (inputs) => {
        const texts = inputs.flatMap(({ text, textPair }) => [text, ...(textPair === undefined ? [] : [textPair])]);
        const rows = await embedder.encode(texts);
        let next = 0;
        return inputs.map(({ textPair }) => {
          const own = rows[next++];
          return textPair === undefined ? Array.from(own) : { score: cosine(own, rows[next++]) };
        });
      };
    }
    case "token-classification": {
      const label = await pipeline(task, model, { revision });
      return (inputs) => label(textsOf(inputs), { aggregationStrategy: "simple", stride: 16 });
    }
    case "question-answering": {
      const answer = await pipeline(task, model, { revision });
      return (inputs) => {
        const questions = inputs.map(({ text, textPair }) => {
          if (textPair === undefined)
            throw new UsageError("question-answering takes a question (--text) and its context (--pair)");
          return { question: text, context: textPair };
        });
        return topK === undefined ? answer(questions) : answer(questions, { topK });
      };
    }
    case "fill-mask": {
      const fill = await pipeline(task, model, { revision });
      return (inputs) => fill(textsOf(inputs), topK === undefined ? {} : { topK });
    }
    case "multiple-choice": {
      const choose = await pipeline(task, model, { revision });
      return (inputs) => {
        const asked = textsOf(inputs).map((text, i) => {
          const { choices = [] } = inputs[i];
          if (choices.length >= 2) return { text, choices };
          throw new UsageError("multiple-choice takes a text and two choices at least: --choices 'one|another'");
        });
        return choose(asked, { topK });
      };
    }
    default:
      return task satisfies never;
  }
}
