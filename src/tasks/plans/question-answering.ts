// The plan of extractive question answering: measured by SQuAD's exact match and F1, with or without questions that have no
// answer.
import { DataCollatorWithPadding } from "../../batches/index.js";
import type { AnyRow, Dataset } from "../../datasets/index.js";
import { type EvalPrediction, squad, squadV2 } from "../../metrics/index.js";
import { AutoModelForQuestionAnswering } from "../../models/index.js";
import { answerFeatures, findAnswers, type SquadRow, trainFeatures } from "../question-answering.js";
import { lengthLimit } from "../tokenize.js";
import { type PlanInputs, splitOf, type TaskPlan } from "./plan.js";

/** Tokens of question and context that are read at once: the usual number, and what is quick. */
const USUAL_LENGTH = 384;

export async function planQuestionAnswering(inputs: PlanInputs): Promise<TaskPlan> {
  const { raw, checkpoint, revision, tokenizer, choices, seed, freshHead, splits } = inputs;
  const options = { revision, seed, ignoreMismatchedSizes: freshHead };
  const model = await AutoModelForQuestionAnswering.fromPretrained(checkpoint, options);
  const maxLength = Math.min(USUAL_LENGTH, lengthLimit(inputs.maxLength, tokenizer, model.config));
  const { docStride = Math.min(128, Math.floor(maxLength / 4)), maxAnswerLength = 30 } = choices;
  const features = { maxLength, docStride };
  const rows: Record<string, Dataset> = {};
  for (const split of splits) {
    const dataset = splitOf(raw, split);
    rows[split] = await (split === "train" ? trainFeatures : answerFeatures)(dataset, tokenizer, features);
  }
  const withoutAnswers = splits.some((split) =>
    raw
      .split(split)
      .column("answers")
      .some((answers) => (answers as SquadRow["answers"]).text.length === 0),
  );
  return {
    description: `questions with contexts${withoutAnswers ? ", some without answer" : ""}, parts of ${maxLength} tokens that share ${docStride}`,
    model,
    rows,
    collator: new DataCollatorWithPadding(tokenizer),
    metricsOf: (split) => measures(raw.split(split), rows[split], { withoutAnswers, maxAnswerLength }),
  };
}

/** Exact match and F1 of the answers that a model's scores make. */
function measures(
  questions: Dataset,
  features: Dataset,
  options: { readonly withoutAnswers: boolean; readonly maxAnswerLength: number },
) {
  return ({ outputs }: EvalPrediction): Record<string, number> => {
    const { start_logits, end_logits } = outputs;
    const [count] = start_logits.shape;
    // of one batch, tried before training, the questions that it holds
    const rows = count < features.length ? features.select(Array(count).keys()) : features;
    const ids = new Set(rows.column("example_id"));
    const asked = ids.size < questions.length ? questions.select(indicesOf(questions, ids)) : questions;
    const found = findAnswers(asked, rows, { start_logits, end_logits }, options);
    const references = Array.from(asked as Iterable<AnyRow>, (row) => {
      const { id, answers } = row as unknown as SquadRow;
      return { id, answers };
    });
    if (!options.withoutAnswers) return squad().compute({ predictions: found, references });
    const predictions = found.map(({ id, prediction_text }) => ({ id, prediction_text, no_answer_probability: 0 }));
    const {
      best_exact_thresh: _,
      best_f1_thresh: __,
      best_exact: ___,
      best_f1: ____,
      ...figures
    } = squadV2().compute({ predictions, references });
    return figures;
  };
}

function indicesOf(questions: Dataset, ids: ReadonlySet<unknown>): number[] {
  return questions.column("id").flatMap((id, i) => (ids.has(id) ? [i] : []));
}
