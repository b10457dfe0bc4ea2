// Extractive question answering: where in a text the answer stands, or that it does not. Long texts are read in parts. The
// rows are made up (made-up.ts), with SQuAD 2's columns.
//   npx tsx examples/question-answering.ts --model bert-base-uncased --output runs/answers
import { parseArgs } from "node:util";
import { AutoModelForQuestionAnswering, AutoTokenizer, DataCollatorWithPadding, pipeline, Trainer } from "attune";
import { squadV2 } from "attune/metrics";
import { answerFeatures, findAnswers, trainFeatures } from "attune/tasks";
import { questions } from "./made-up.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "bert-base-uncased" },
    output: { type: "string", default: "runs/answers" },
    rows: { type: "string", default: "1000" },
    epochs: { type: "string", default: "2" },
  },
});

const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForQuestionAnswering.fromPretrained(values.model);
const [train, test] = [questions(Number(values.rows), "train"), questions(60, "test")];
const options = { maxLength: 64, docStride: 16 }; // 384 and 128 are usual; small ones cut these short texts, too

const trainer = new Trainer({
  model,
  args: {
    outputDir: values.output,
    numTrainEpochs: Number(values.epochs),
    learningRate: 2e-4,
    saveStrategy: "epoch",
    saveTotalLimit: 1,
  },
  trainDataset: await trainFeatures(train, tokenizer, options),
  dataCollator: new DataCollatorWithPadding(tokenizer),
  processingClass: tokenizer,
});
await trainer.train();

// A question's rows each have scores of starts and ends; the best span of all of them is the answer, unless "none" is better.
const features = await answerFeatures(test, tokenizer, options);
const { outputs } = await trainer.predict(features.removeColumns(["start_positions", "end_positions"]));
const found = findAnswers(
  test,
  features,
  { start_logits: outputs.start_logits, end_logits: outputs.end_logits },
  { withoutAnswers: true },
);
const references = Array.from(test, ({ id, answers }) => ({
  id: id as string,
  answers: answers as { text: string[] },
}));
const { exact, f1, total } = squadV2().compute({ predictions: found, references });
console.log(`${features.length} rows of ${total} questions: exact ${exact.toFixed(1)}, f1 ${f1.toFixed(1)}`);

const answer = await pipeline("question-answering", values.output);
const context = "Karen Hayes works as a pilot for Acme in Dublin . Contoso sent Louis King to Rome as a cook .";
console.log(await answer({ question: "Where does Karen Hayes work ?", context }));
console.log(await answer({ question: "Who owns the moon ?", context }, { handleImpossibleAnswer: true }));
