// The files of a run's folder appear together: they are written into a folder beside their place, and moved when all of
// them are on the disk. Whatever fails before leaves the folder as it was.
import { mkdir, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { replaceFolderAtomic, writeFileAtomic } from "../support/atomic.js";
import { AttuneError } from "../support/errors.js";
import { exists } from "../support/exists.js";
import { isObject } from "../support/json-object.js";

const STAGE = ".saving";

/**
 * Lets `fill` write files into an empty folder and moves them into `folder`, which is made if it is missing, over those
 * of the same names. Other files in `folder` stay.
 * @throws AttuneError naming the folder and the cause; nothing of what was written is left behind.
 */
export async function saveTogether(folder: string, fill: (stage: string) => Promise<void>): Promise<void> {
  const existed = await exists(folder);
  const stage = join(folder, STAGE);
  try {
    await replaceFolderAtomic(stage, fill);
  } catch (error) {
    if (!existed) await rmdir(folder).catch(() => undefined); // made for the stage, and empty again
    if (!(error instanceof AttuneError)) throw error;
    throw new AttuneError(error.message.replaceAll(stage, folder), { cause: error });
  }
  await mkdir(folder, { recursive: true });
  await moveInto(stage, folder);
  await rm(stage, { recursive: true });
}

/** Moves files over those of the same names, those of folders into folders of the same names. */
async function moveInto(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (!entry.isDirectory()) {
      await rename(source, target);
      continue;
    }
    await mkdir(target, { recursive: true });
    await moveInto(source, target);
  }
}

/** JSON as Python's Trainer writes it: sorted keys, a newline at the end. */
export function sortedJson(value: object, indent: number): string {
  const sort = (_key: string, item: unknown): unknown =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item;
  return `${JSON.stringify(value, sort, indent)}\n`;
}

/** Writes `<split>_results.json` into `folder`, and joins the figures to all_results.json there. */
export async function writeResults(folder: string, split: string, metrics: object, combined: boolean): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, `${split}_results.json`), sortedJson(metrics, 4));
  if (!combined) return;
  const all = join(folder, "all_results.json");
  const before = await readFile(all, "utf8").then(
    (text) => JSON.parse(text) as object,
    () => ({}),
  );
  await writeFileAtomic(all, sortedJson({ ...before, ...metrics }, 4));
}
