// attune predict: labels for texts, from flags or from JSON lines on standard input, as JSON lines on standard output.
import { createInterface } from "node:readline";
import type { ClassificationInput } from "../pipelines/index.js";
import { DataError } from "../support/errors.js";
import { info } from "../support/log.js";
import { integer, text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { UsageError } from "./flags.js";
import { trainedModelFlags } from "./model-flags.js";

const flags = {
  ...trainedModelFlags,
  text: text({
    default: undefined,
    placeholder: "TEXT",
    help: "text to classify",
    defaultNote: "JSON lines on standard input",
  }),
  pair: text({ default: undefined, placeholder: "TEXT", help: "second text, for models of pairs" }),
  topK: integer({ default: 1, min: 1, help: "labels to give for each text, best first" }),
  batchSize: integer({ default: 32, min: 1, help: "lines classified at once" }),
} as const;

export const command = defineCommand({
  name: "predict",
  description:
    "Classifies texts with a trained model. Each answer is a line of JSON: { label, score }, or with --top-k a list of them.\n" +
    'Lines on standard input are texts ("...") or objects ({ "text": "...", "pair": "..." }).',
  usage: [
    'attune predict --model runs/mrpc --text "He said it ." --pair "It was said by him ."',
    "attune predict --model runs/mrpc < lines.jsonl",
  ],
  sections: [{ title: "Flags", flags }],
  flags,
  required: ["model"],
  run: async (values, given) => {
    if (values.text === undefined && values.pair !== undefined) throw new UsageError("--pair needs --text before it");
    const { pipeline } = await import("../pipelines/index.js");
    const classify = await pipeline("text-classification", values.model ?? "", { revision: values.revision });
    const topK = given.has("topK") ? values.topK : undefined;
    const answer = async (inputs: readonly ClassificationInput[]) => {
      const results = topK === undefined ? await classify(inputs) : await classify(inputs, { topK });
      for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
    };
    if (values.text !== undefined) {
      await answer([{ text: values.text, textPair: values.pair }]);
      return 0;
    }
    if (process.stdin.isTTY) info("reading lines of JSON from standard input; --text gives a text on the command line");
    let inputs: ClassificationInput[] = [];
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

function readLine(content: string, line: number): ClassificationInput {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new DataError(`line ${line} of standard input is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value === "string") return value;
  const { text: first, pair, textPair = pair } = (value ?? {}) as Record<string, unknown>;
  const fits = (part: unknown) => typeof part === "string";
  if (fits(first) && (textPair === undefined || fits(textPair))) {
    return { text: first as string, textPair: textPair as string | undefined };
  }
  throw new DataError(
    `line ${line} of standard input is ${content.slice(0, 80)}; a text or { "text": "...", "pair": "..." } is needed`,
  );
}
