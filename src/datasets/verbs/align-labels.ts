// alignLabelsWithMapping: labels in the numbers that a model gives to their names.
import { ConfigError, DataError } from "../../support/errors.js";
import { ConvertedColumn } from "../column-views.js";
import { ClassLabel, describeFeature, List } from "../features.js";
import { columnOf, type Table } from "../table.js";

/**
 * The table with the labels of a column renumbered as `label2id` of a model says. Names are compared in lower case, as in
 * Python; a label of -1, unknown, stays.
 *
 * @throws DataError where the column holds no labels or one whose name `label2id` lacks; ConfigError where `label2id` is not
 * a number from 0 up for each of its names.
 */
export function alignLabelsWithMapping(table: Table, label2id: Readonly<Record<string, number>>, name: string): Table {
  const column = columnOf(table, name);
  const { feature } = column;
  const label = feature instanceof List ? feature.feature : feature;
  if (!(label instanceof ClassLabel)) {
    throw new DataError(
      `alignLabelsWithMapping: column "${name}" is ${describeFeature(feature)}, where labels or lists of labels are needed`,
    );
  }
  const names = Object.keys(label2id).sort((a, b) => label2id[a] - label2id[b]);
  if (names.some((each, i) => label2id[each] !== i)) {
    throw new ConfigError(
      `alignLabelsWithMapping: ${JSON.stringify(label2id)} does not give the ${names.length} numbers from 0 on to its names`,
    );
  }
  const byName = new Map(names.map((each, i) => [each.toLowerCase(), i]));
  const aligned = label.names.map((each) => byName.get(each.toLowerCase()));
  const lacking = label.names.find((_, i) => aligned[i] === undefined);
  if (lacking !== undefined) {
    throw new DataError(
      `alignLabelsWithMapping: the column "${name}" has a class "${lacking}", of which the mapping knows nothing: it has ` +
        names.map((each) => `"${each}"`).join(", "),
    );
  }
  const renumber = (value: unknown): unknown => (typeof value === "number" ? (aligned[value] ?? value) : value);
  const target = new ClassLabel({ names });
  const convert =
    feature instanceof List
      ? (values: unknown) => (values === null ? null : Array.from(values as ArrayLike<unknown>, renumber))
      : renumber;
  const alignedFeature = feature instanceof List ? feature.holding(target) : target;
  return { ...table, columns: new Map(table.columns).set(name, new ConvertedColumn(alignedFeature, column, convert)) };
}
