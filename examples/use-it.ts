// Using what was trained: labels with scores, for a text, a pair, many of them.
//   npx tsx examples/use-it.ts --model runs/mrpc
import { parseArgs } from "node:util";
import { pipeline } from "attune";

const { values } = parseArgs({ options: { model: { type: "string", default: "runs/mrpc" } } });

const classify = await pipeline("text-classification", values.model);
console.log(await classify({ text: "He said it .", textPair: "It was said by him ." }));
console.log(await classify({ text: "He said it .", textPair: "It was said by him ." }, { topK: null })); // every label
console.log(
  await classify([
    { text: "He said it .", textPair: "It was said by him ." },
    { text: "He said it .", textPair: "The weather was fine in June ." },
  ]),
);
