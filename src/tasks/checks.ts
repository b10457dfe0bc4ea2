// What is worth knowing of data before training on it: duplicates, texts that are evaluated on and trained on, classes that
// are rare or missing.
import type { Dataset } from "../datasets/index.js";
import { keysOf } from "./set-aside.js";
import type { Task } from "./task.js";

const RARE_ROWS = 10; // of fewer rows little is learned
const RARE_SHARE = 0.05;

/** Findings, a line each; none where all is well. */
export function checkData(train: Dataset, evaluation: Dataset | undefined, task: Task): string[] {
  return [
    ...duplicates(train, task),
    ...(evaluation ? leaks(train, evaluation, task) : []),
    ...(task.labelNames.length > 0 ? balance(train, evaluation, task) : []),
  ];
}

function duplicates(train: Dataset, task: Task): string[] {
  const labels = train.column(task.labelColumn);
  const first = new Map<string, unknown>();
  let [repeated, conflicting] = [0, 0];
  keysOf(train, task.textColumns).forEach((key, i) => {
    if (!first.has(key)) {
      first.set(key, labels[i]);
      return;
    }
    repeated++;
    if (first.get(key) !== labels[i]) conflicting++;
  });
  if (repeated === 0) return [];
  const conflict = conflicting > 0 ? `, ${conflicting} of them with another label` : "";
  return [`train: ${repeated} of ${train.length} rows repeat the text of an earlier one${conflict}`];
}

function leaks(train: Dataset, evaluation: Dataset, task: Task): string[] {
  const seen = new Set(keysOf(train, task.textColumns));
  const shared = keysOf(evaluation, task.textColumns).filter((key) => seen.has(key)).length;
  if (shared === 0) return [];
  return [
    `${shared} of the ${evaluation.length} rows evaluated on have a text that is trained on, too: their score says less than it seems`,
  ];
}

function balance(train: Dataset, evaluation: Dataset | undefined, task: Task): string[] {
  const findings: string[] = [];
  const counts = countClasses(train, task);
  const total = train.length;
  const listed = task.labelNames.map((name, i) => `${name} ${counts[i]}`);
  const rare = task.labelNames.filter((_, i) => counts[i] < Math.max(RARE_ROWS, Math.min(RARE_SHARE * total, 100)));
  if (rare.length > 0 && rare.length <= 20) {
    findings.push(
      `train: few rows of ${rare.map((name) => `${name} (${counts[task.labelNames.indexOf(name)]})`).join(", ")}`,
    );
  } else if (rare.length > 0) {
    findings.push(
      `train: ${rare.length} of the ${counts.length} classes have few rows, ${rare.slice(0, 3).join(", ")} among them. ` +
        `Are the labels in ${task.labelColumn}?`,
    );
  }
  const largest = Math.max(...counts);
  if (task.labelNames.length <= 20 && largest > (3 * total) / (task.labelNames.length + 1)) {
    findings.push(`train: the classes are out of balance: ${listed.join(", ")}`);
  }
  if (evaluation) {
    const there = countClasses(evaluation, task);
    const missing = task.labelNames.filter((_, i) => there[i] === 0);
    if (missing.length > 0 && missing.length <= 20) findings.push(`no row evaluated on is of ${missing.join(", ")}`);
  }
  return findings;
}

function countClasses(dataset: Dataset, task: Task): number[] {
  const counts = task.labelNames.map(() => 0);
  for (const label of dataset.column(task.labelColumn) as readonly number[]) counts[label]++;
  return counts;
}
