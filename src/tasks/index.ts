// Tasks: from a dataset to what it asks of a model, and what is worth knowing before and after training on it.
export { type Baseline, measureBaselines } from "./baselines.js";
export { checkData } from "./checks.js";
export type { ColumnChoices } from "./columns.js";
export {
  contrastivePairs,
  type FewShotOptions,
  fitFewShotHead,
  type LabelledText,
  trainFewShot,
} from "./few-shot.js";
export { describeForecast, type Forecast, forecastRun, type Planned } from "./forecast.js";
export { headOptions, labelsOf } from "./head.js";
export { loadFiles, loadOwnData, type OwnDataOptions } from "./own-data.js";
export {
  type ChoiceColumns,
  findChoiceColumns,
  type PlanInputs,
  planTask,
  type TaskChoices,
  type TaskPlan,
  takeShots,
  textBlocks,
  tokenizeChoices,
} from "./plans/index.js";
export {
  type AnswerFeatureOptions,
  answerFeatures,
  type FindAnswersOptions,
  type FoundAnswer,
  findAnswers,
  questionFeatures,
  type SquadRow,
  trainFeatures,
} from "./question-answering.js";
export { describeTask, evaluationName, findTask, type Task } from "./task.js";
export {
  type AlignLabelsOptions,
  alignLabels,
  evaluationSplitsOf,
  findTagColumns,
  type TagColumns,
  tokenizeTagged,
} from "./token-classification.js";
export { lengthLimit, tokenizeSplit } from "./tokenize.js";
