// A task: what a dataset asks of a model. Which columns it reads, what it answers, how answers are measured.
import { type DatasetDict, glueTask, isGlueConfig } from "../datasets/index.js";
import { accuracy, combine, f1, glue, type Metric, pearsonr, spearmanr } from "../metrics/index.js";
import { type ColumnChoices, findLabelColumn, findTextColumns, namesOfLabels } from "./columns.js";

export interface Task {
  readonly textColumns: readonly [string] | readonly [string, string];
  readonly labelColumn: string;
  /** Names of the classes in order; empty for a regression. */
  readonly labelNames: readonly string[];
  readonly metric: Metric | undefined;
  /** The splits that models are evaluated on, those that the dataset has. */
  readonly evaluationSplits: readonly string[];
}

/** The task of a dataset: GLUE's by its configuration, else what its columns tell. @throws DataError where they do not */
export function findTask(raw: DatasetDict, config: string | undefined, choices: ColumnChoices = {}): Task {
  const dataset = raw.has("train") ? raw.train : raw.split(raw.splitNames[0]);
  const names: readonly string[] = dataset.columnNames;
  const chosen = choices.textColumn ?? choices.pairColumn ?? choices.labelColumn;
  if (config !== undefined && isGlueConfig(config) && chosen === undefined) {
    const { textColumns, labelNames, evaluationSplits } = glueTask(config);
    if (names.includes("label") && textColumns.every((column) => names.includes(column))) {
      return {
        textColumns,
        labelColumn: "label",
        labelNames,
        metric: config === "ax" ? undefined : glue(config),
        evaluationSplits: evaluationSplits.filter((split) => raw.has(split)),
      };
    }
  }
  const labelColumn = findLabelColumn(dataset, choices);
  const labelNames = namesOfLabels(dataset, labelColumn);
  return {
    textColumns: findTextColumns(dataset, labelColumn, choices),
    labelColumn,
    labelNames,
    metric: metricFor(labelNames.length),
    evaluationSplits: ["validation", "dev", "test"].filter((split) => raw.has(split)).slice(0, 1),
  };
}

/** What a classifier of so many classes is measured by; none: a regression. */
export function metricFor(classes: number): Metric {
  if (classes === 0) return combine([pearsonr({ key: "pearson" }), spearmanr()]);
  return classes === 2 ? combine([accuracy(), f1()]) : combine([accuracy(), f1({ average: "macro" })]);
}

/** What a task asks, in a line: "text in review, classes bad, good in stars". */
export function describeTask({ textColumns, labelColumn, labelNames }: Task): string {
  const shown = labelNames.slice(0, 12).join(", ") + (labelNames.length > 12 ? `, ... (${labelNames.length})` : "");
  return `text in ${textColumns.join(" and ")}, ${labelNames.length > 0 ? `classes ${shown}` : "a number"} in ${labelColumn}`;
}

/** Several evaluation splits by what sets them apart: validation_matched is `matched`. */
export function evaluationName(split: string): string {
  return split.replace(/^validation_/, "");
}
