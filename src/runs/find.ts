// The runs of a folder: every folder in it, itself too, that holds what a Trainer leaves, down to some depth.
import type { Dirent } from "node:fs";
import { manifestFile, runLogFile } from "../trainer/run-files.js";
import { type Inside, within } from "./inside.js";

const MARKS: ReadonlySet<string> = new Set([runLogFile, manifestFile, "trainer_state.json"]);
const DEPTH = 4;
const MOST_FOLDERS = 20_000;

/** Paths of runs within the folder, with slashes; "." for the folder itself. */
export async function findRuns(inside: Inside): Promise<string[]> {
  const found: string[] = [];
  let seen = 0;
  const visit = async (path: string, depth: number): Promise<void> => {
    if (seen++ >= MOST_FOLDERS) return;
    const entries = await inside.list(path);
    if (entries.some(isMark)) found.push(path);
    if (depth >= DEPTH) return;
    const folders = entries.filter(
      (entry) => entry.isDirectory() && !/^(?:\.|node_modules$|checkpoint-\d+$)/.test(entry.name),
    );
    for (const { name } of folders) await visit(within(path, name), depth + 1);
  };
  await visit(".", 0);
  return found;
}

function isMark(entry: Dirent): boolean {
  return (entry.isFile() && MARKS.has(entry.name)) || (entry.isDirectory() && /^checkpoint-\d+$/.test(entry.name));
}
