// attune predict: labels for texts, from flags or from JSON lines on standard input, as JSON lines on standard output.
import { createInterface } from "node:readline";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import { integer, text } from "../trainer/fields.js";
import type { Asked } from "./answerer.js";
import { defineCommand } from "./command.js";
import { UsageError } from "./flags.js";
import { trainedModelFlags } from "./model-flags.js";
import { foundTaskFlag } from "./task-flags.js";

const flags = {
  ...trainedModelFlags,
  ...foundTaskFlag,
  text: text({
    default: undefined,
    placeholder: "TEXT",
    help: "text to classify; a question, a sentence",
    defaultNote: "JSON lines on standard input",
  }),
  pair: text({
    default: undefined,
    placeholder: "TEXT",
    help: "second text, for models of pairs; a question's context",
  }),
  choices: text({
    default: undefined,
    placeholder: "TEXT|TEXT",
    help: "multiple-choice: what to choose from, with | between",
  }),
  topK: integer({ default: 1, min: 1, help: "labels, answers or words to give for each text, best first" }),
  batchSize: integer({ default: 32, min: 1, help: "lines classified at once" }),
} as const;

export const command = defineCommand({
  name: "predict",
  description:
    "Asks a trained model. Each answer is a line of JSON: of a classifier { label, score }, or with --top-k a list of them; of\n" +
    "the other tasks what their pipelines give (entities, answers, words), or an embedding, of a pair its cosine.\n" +
    'Lines on standard input are texts ("..."), or objects: { "text": "...", "pair": "..." }, { "question": "...", "context": "..." },\n{ "text": "...", "choices": ["...", "..."] }.',
  usage: [
    'attune predict --model runs/mrpc --text "He said it ." --pair "It was said by him ."',
    "attune predict --model runs/mrpc < lines.jsonl",
  ],
  sections: [{ title: "Flags", flags }],
  flags,
  required: ["model"],
  run: async (values, given) => {
    for (const flag of ["pair", "choices"] as const) {
      if (values.text === undefined && values[flag] !== undefined)
        throw new UsageError(`--${flag} needs --text before it`);
    }
    const [{ answererOf }, { taskOf }] = await Promise.all([import("./answerer.js"), import("./run-plan.js")]);
    const { model = "", revision } = values;
    const task = values.task === "found" ? await taskOf(model, revision) : values.task;
    const topK = given.has("topK") ? values.topK : undefined;
    const answers = await answererOf(task, model, { revision, topK });
    const answer = async (inputs: readonly Asked[]) => {
      for (const result of await answers(inputs)) process.stdout.write(`${JSON.stringify(result)}\n`);
    };
    if (values.text !== undefined) {
      const choices = values.choices?.split("|").map((choice) => choice.trim());
      await answer([{ text: values.text, textPair: values.pair, choices }]);
      return 0;
    }
    if (process.stdin.isTTY) info("reading lines of JSON from standard input; --text gives a text on the command line");
    let inputs: Asked[] = [];
    let line = 0;
    for await (const content of createInterface({ input: process.stdin })) {
      line++;
      if (content.trim() === "") continue;
      inputs.push(readLine(content, line));
      if (inputs.length < values.batchSize) continue;
      await answer(inputs);
      inputs = [];
    }
    await answer(inputs);
    return 0;
  },
});

function readLine(content: string, line: number): Asked {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new DataError(`line ${line} of standard input is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value === "string") return { text: value };
  const {
    question,
    text: first = question,
    context,
    pair = context,
    textPair = pair,
    choices,
  } = (value ?? {}) as Record<string, unknown>;
  const fits = (part: unknown) => typeof part === "string";
  const areTexts = choices === undefined || (Array.isArray(choices) && choices.every(fits));
  if (fits(first) && (textPair === undefined || fits(textPair)) && areTexts) {
    return {
      text: first as string,
      textPair: textPair as string | undefined,
      choices: choices as string[] | undefined,
    };
  }
  throw new DataError(
    `line ${line} of standard input is ${content.slice(0, 80)}; a text or { "text": "...", "pair": "..." } is needed`,
  );
}
