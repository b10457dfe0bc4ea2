// Files by patterns, `data/**/*.csv`: the files of the folder before the first sign of a pattern that match it.
import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { FileFormatError } from "../support/errors.js";
import { matchesGlob } from "./glob.js";

/** True where a path has signs that only patterns have. */
export function isPattern(path: string): boolean {
  return /[*?[\]{}]/.test(path);
}

/** The paths as they are, patterns among them as the files that match, in order. Throws FileFormatError where none does. */
export async function expandPatterns(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!isPattern(path)) files.push(path);
    else files.push(...(await matchingFiles(path.replaceAll("\\", "/"))));
  }
  return [...new Set(files)];
}

async function matchingFiles(pattern: string): Promise<string[]> {
  const parts = pattern.split("/");
  const fixed = parts.findIndex(isPattern);
  const folder = parts.slice(0, fixed).join("/") || (pattern.startsWith("/") ? "/" : ".");
  const rest = parts.slice(fixed).join("/");
  const found = (await filesUnder(folder)).filter((file) => matchesGlob(file, rest));
  if (found.length > 0) return found.map((file) => join(folder, file));
  throw new FileFormatError(`no file matches ${pattern}`);
}

/** Paths of all files under a folder, relative to it, with forward slashes, in order; hidden ones are left out. */
export async function filesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const child = posix.join(path, entry.name);
      if (entry.isDirectory()) await walk(child);
      else files.push(child);
    }
  };
  try {
    await walk("");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new FileFormatError(`there is no folder ${folder}`, { cause: error });
  }
  return files.sort();
}
