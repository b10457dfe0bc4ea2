// Texts in files: a folder for each label, in which each file is a text; with splits, such folders in a folder for each.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ClassLabel, Dataset, DatasetDict } from "../datasets/index.js";

/** Rows of `folder/LABEL/*.txt` or `folder/SPLIT/LABEL/*.txt`; undefined where the folder is not made so. */
export async function loadLabelFolders(path: string): Promise<DatasetDict | undefined> {
  const { folders, files } = await list(path);
  if (folders.length < 2 || files.some((name) => !/^(readme|\.)/i.test(name))) {
    const splits = folders.filter((name) => /^(train|validation|valid|dev|test)$/.test(name));
    if (splits.length === 0 || splits.length !== folders.length) return undefined;
  }
  if (folders.every((name) => /^(train|validation|valid|dev|test)$/.test(name))) {
    const parts: [string, string[]][] = [];
    for (const name of folders) {
      const { folders: labels } = await list(join(path, name));
      if (labels.length < 2 || !(await holdTexts(join(path, name), labels))) return undefined;
      parts.push([name, labels]);
    }
    const names = [...new Set(parts.flatMap(([, labels]) => labels))].sort();
    const splits: Record<string, Dataset> = {};
    for (const [name, labels] of parts) {
      splits[/^(valid|dev)$/.test(name) ? "validation" : name] = await readLabels(join(path, name), labels, names);
    }
    return new DatasetDict(splits);
  }
  if (!(await holdTexts(path, folders))) return undefined;
  return new DatasetDict({ train: await readLabels(path, folders, folders) });
}

async function list(path: string): Promise<{ folders: string[]; files: string[] }> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const visible = entries.filter(({ name }) => !name.startsWith("."));
  const names = (folders: boolean) =>
    visible
      .filter((entry) => entry.isDirectory() === folders)
      .map(({ name }) => name)
      .sort();
  return { folders: names(true), files: names(false) };
}

/** True where each folder holds files of text, and nothing else. */
async function holdTexts(path: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const inside = await list(join(path, folder));
    if (
      inside.folders.length > 0 ||
      inside.files.length === 0 ||
      !inside.files.every((name) => name.endsWith(".txt"))
    ) {
      return false;
    }
  }
  return true;
}

async function readLabels(path: string, labels: readonly string[], names: readonly string[]): Promise<Dataset> {
  const rows: { text: string; label: number }[] = [];
  for (const label of labels) {
    for (const file of (await list(join(path, label))).files) {
      rows.push({ text: (await readFile(join(path, label, file), "utf8")).trim(), label: names.indexOf(label) });
    }
  }
  return Dataset.fromRows(rows, { features: { label: new ClassLabel({ names }) } });
}
