// The plan of few-shot classification: pairs of a few examples of each class teach a model of sentences, and a logistic
// regression learns the classes when that is done; then it is measured by accuracy and F1.
import { type Dataset, DatasetDict } from "../../datasets/index.js";
import { CosineSimilarityLoss, FewShotClassifier, SentenceTransformer } from "../../embeddings/index.js";
import { DataError } from "../../support/errors.js";
import { info } from "../../support/log.js";
import { contrastivePairs, fitFewShotHead, type LabelledText } from "../few-shot.js";
import { findTask, metricFor, type Task } from "../task.js";
import { evaluationSplitsOf } from "../token-classification.js";
import { type PlanInputs, splitOf, type TaskChoices, type TaskPlan } from "./plan.js";

export async function planFewShot(inputs: PlanInputs): Promise<TaskPlan> {
  const { raw, checkpoint, revision, maxLength, choices, seed, splits } = inputs;
  const task = oneTextWithClasses(raw, choices);
  const model = await SentenceTransformer.fromPretrained(checkpoint, { revision, maxSeqLength: maxLength });
  const loss = new CosineSimilarityLoss(model);
  const examples = splits.includes("train") ? examplesOf(splitOf(raw, "train"), task) : undefined;
  const { pairIterations: numIterations } = choices;
  let classifier: FewShotClassifier | undefined;
  return {
    description: `${examples ? `${examples.length} texts` : "texts"} in ${task.textColumns[0]}, classes ${task.labelNames.slice(0, 12).join(", ")} in ${task.labelColumn}`,
    model: loss,
    adaptable: model.encoder,
    rows: examples ? { train: contrastivePairs(examples, { numIterations, seed }) } : {},
    collator: loss.collator,
    metricsOf: () => undefined,
    finish: async (folder) => {
      classifier = await fitFewShotHead(model, examples ?? []);
      if (folder !== undefined) await classifier.saveHead(folder);
    },
    measure: async (split) => {
      classifier ??= await FewShotClassifier.fromPretrained(checkpoint, { revision });
      return measureClassifier(classifier, examplesOf(splitOf(raw, split), task));
    },
  };
}

/** @throws DataError for a label that the classifier does not have */
async function measureClassifier(
  classifier: FewShotClassifier,
  asked: readonly LabelledText[],
): Promise<Readonly<Record<string, number>>> {
  const { labels } = classifier;
  const references = asked.map(({ label }, row) => {
    const number = labels.indexOf(label);
    if (number >= 0) return number;
    throw new DataError(`the label of row ${row} is ${JSON.stringify(label)}; the classifier has ${labels.join(", ")}`);
  });
  const found = await classifier.predict(asked.map(({ text }) => text));
  const predictions = found.map(({ label }) => labels.indexOf(label));
  return metricFor(labels.length).compute({ predictions, references });
}

/**
 * A dataset with `shots` examples of each class to learn from, drawn by the seed. Where there is no split to measure on, the
 * other rows are it. All rows are kept without `shots`.
 * @throws DataError where a class has fewer, and as planFewShot
 */
export function takeShots(raw: DatasetDict, choices: TaskChoices, seed: number): DatasetDict {
  const { shots } = choices;
  if (shots === undefined || !raw.has("train")) return raw;
  const task = oneTextWithClasses(raw, choices);
  const shuffled = raw.train.shuffle({ seed });
  const taken = new Map<string, number[]>(task.labelNames.map((name) => [name, []]));
  const left: number[] = [];
  for (const [i, { label }] of examplesOf(shuffled, task).entries()) {
    const own = taken.get(label) ?? [];
    if (own.length < shots) own.push(i);
    else left.push(i);
  }
  const few = [...taken].find(([, rows]) => rows.length < shots);
  if (few) throw new DataError(`--shots ${shots}: the class ${few[0]} has ${few[1].length} rows in the split train`);
  const train = shuffled.select([...taken.values()].flat());
  const others = Object.fromEntries([...raw].filter(([name]) => name !== "train"));
  if (evaluationSplitsOf(raw).length > 0 || left.length === 0) return new DatasetDict({ ...others, train });
  info(`there is no split to measure on: the ${left.length} rows that are not learned from are it`);
  return new DatasetDict({ ...others, train, validation: shuffled.select(left) });
}

/** @throws DataError where rows are pairs, or have numbers for labels */
function oneTextWithClasses(raw: DatasetDict, choices: TaskChoices): Task {
  const task = findTask(raw, undefined, choices);
  if (task.textColumns.length > 1)
    throw new DataError(
      `few-shot classification takes one text, and these rows have two (${task.textColumns.join(", ")}): --text-column says which`,
    );
  if (task.labelNames.length === 0)
    throw new DataError(`few-shot classification needs classes, and ${task.labelColumn} holds numbers with fractions`);
  return task;
}

function examplesOf(dataset: Dataset, { textColumns: [text], labelColumn, labelNames }: Task): LabelledText[] {
  const texts = dataset.column(text) as readonly string[];
  return dataset.column(labelColumn).map((label, i) => {
    const name = labelNames[Number(label)];
    if (name === undefined) throw new DataError(`row ${i} has the label ${String(label)}, which is no class`);
    return { text: texts[i], label: name };
  });
}
