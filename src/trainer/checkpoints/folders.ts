// The checkpoints of a run's folder: checkpoint-<step>, each whole or not there, with two links beside them, `last` and
// `best`, for people and scripts. What they point to is found again without them, where a file system has no links.
import { readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { removeFolderAtomic, sweepAbandoned } from "../../support/atomic.js";
import { ConfigError } from "../../support/errors.js";
import { debug, info } from "../../support/log.js";
import { readTrainerState } from "../state.js";
import { checkpointFiles } from "./files.js";

const PREFIX = "checkpoint-";

/** The folder of the checkpoint of a step. */
export function checkpointFolder(outputDir: string, step: number): string {
  return join(outputDir, `${PREFIX}${step}`);
}

/** A checkpoint of a run's folder. */
interface Found {
  readonly step: number;
  readonly folder: string;
  /** When it was written, in milliseconds since 1970. */
  readonly written: number;
}

/**
 * The checkpoints of a folder, in the order in which they were written: a folder that was trained into twice holds those
 * of an older run, too, whose steps may be greater.
 */
async function listCheckpoints(outputDir: string): Promise<Found[]> {
  const entries = await readdir(outputDir, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && /^checkpoint-\d+$/.test(entry.name));
  const found = await Promise.all(
    names.map(async ({ name }) => {
      const folder = join(outputDir, name);
      return { folder, step: Number(name.slice(PREFIX.length)), written: await writtenAt(folder) };
    }),
  );
  return found.sort((a, b) => a.written - b.written || a.step - b.step);
}

/** What the checkpoint says of itself; for one of Python, what the file system says, which copying changes. */
async function writtenAt(folder: string): Promise<number> {
  try {
    const { written } = JSON.parse(await readFile(join(folder, checkpointFiles.counters), "utf8")) as {
      written: number;
    };
    if (Number.isFinite(written)) return written;
  } catch {
    // none of ours, or damaged: whoever reads it says so
  }
  return (await stat(folder)).mtimeMs;
}

/** The newest checkpoint of a run's folder; undefined where there is none. */
export async function lastCheckpoint(outputDir: string): Promise<string | undefined> {
  return (await listCheckpoints(outputDir)).at(-1)?.folder;
}

/** The best checkpoint of a run's folder, as the newest says; undefined where none was evaluated, or it is gone. */
export async function bestCheckpoint(outputDir: string): Promise<string | undefined> {
  const last = await lastCheckpoint(outputDir);
  if (last === undefined) return undefined;
  const { state } = await readTrainerState(join(last, checkpointFiles.state));
  const { bestGlobalStep, bestModelCheckpoint } = state;
  const found = [bestModelCheckpoint, bestGlobalStep && checkpointFolder(outputDir, bestGlobalStep)];
  for (const folder of found) if (folder && (await isFolder(folder))) return folder;
  return undefined;
}

/**
 * The folder that `resumeFromCheckpoint` means: a checkpoint's path, "last" (or true) for the newest of `outputDir`, "auto"
 * for the newest or, where there is none, a new start (undefined).
 * @throws ConfigError where there is no such checkpoint, listing those that are there.
 */
export async function resolveCheckpoint(outputDir: string, wanted: string | true): Promise<string | undefined> {
  if (wanted !== true && wanted !== "last" && wanted !== "auto") {
    if (await isFolder(wanted)) return wanted;
    const those = (await listCheckpoints(outputDir)).map(({ folder }) => folder);
    throw new ConfigError(
      `there is no checkpoint ${wanted}` +
        (those.length > 0 ? `; those of ${outputDir} are ${those.join(", ")}` : `, and ${outputDir} holds none`),
    );
  }
  const last = await lastCheckpoint(outputDir);
  if (last !== undefined) return last;
  if (wanted === "auto") {
    info(`no checkpoint in ${outputDir} yet: starting anew`);
    return undefined;
  }
  throw new ConfigError(
    `${outputDir} holds no checkpoint to go on from: start without resumeFromCheckpoint, or set it to "auto" to go on ` +
      "where there is one",
  );
}

/** Removes what killed runs left in a run's folder half-written or half-removed; says what an earlier run has left whole. */
export async function prepareRunFolder(
  outputDir: string,
  { startsAnew }: { readonly startsAnew: boolean },
): Promise<void> {
  await sweepAbandoned(outputDir, /^(checkpoint-\d+|\.saving)$/);
  const earlier = startsAnew ? await listCheckpoints(outputDir) : [];
  if (earlier.length > 0) {
    info(
      `${outputDir} holds ${earlier.length} checkpoint${earlier.length > 1 ? "s" : ""} of an earlier run, which stay until ` +
        "this one writes over them or saveTotalLimit removes them; resumeFromCheckpoint would have gone on from the newest",
    );
  }
}

/** Points `last` and `best` at their checkpoints. */
export async function updateLinks(outputDir: string, step: number, bestStep: number | undefined): Promise<void> {
  await link(outputDir, "last", step);
  if (bestStep !== undefined && (await isFolder(checkpointFolder(outputDir, bestStep)))) {
    await link(outputDir, "best", bestStep);
  }
}

async function link(outputDir: string, name: string, step: number): Promise<void> {
  const folder = checkpointFolder(outputDir, step);
  const path = join(outputDir, name);
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    // Windows wants a junction, which has an absolute target and needs no special right.
    const windows = process.platform === "win32";
    await symlink(windows ? resolve(folder) : basename(folder), fresh, windows ? "junction" : "dir");
    if (windows) await rm(path, { force: true, recursive: true });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    debug(`no link ${path} to ${folder}: ${(error as Error).message}`); // the checkpoint is found by its number
  }
}

/** Removes the oldest checkpoints beyond `limit`; the newest and the best always stay. */
export async function rotateCheckpoints(outputDir: string, limit: number, bestStep: number | undefined): Promise<void> {
  const all = await listCheckpoints(outputDir);
  const kept = new Set(all.filter(({ step }, i) => i === all.length - 1 || step === bestStep));
  for (const each of all.toReversed()) if (kept.size < limit) kept.add(each);
  for (const each of all) if (!kept.has(each)) await removeFolderAtomic(each.folder);
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
