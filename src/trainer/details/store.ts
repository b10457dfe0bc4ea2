// The folder `evaluations` of a run: a file for each evaluation, the newest and the best of them kept.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../support/atomic.js";
import { warnOnce } from "../../support/log.js";
import { evaluationsFolder } from "../run-files.js";
import type { EvaluationDetails } from "./types.js";

const KEPT = 50;
const NAME = /^(.+)-(\d{8,})\.json$/;

/** What a file's name says; undefined where it is no file of ours. */
export function parseDetailsName(name: string): { readonly prefix: string; readonly step: number } | undefined {
  const [, prefix, step] = NAME.exec(name) ?? [];
  return prefix === undefined ? undefined : { prefix, step: Number(step) };
}

function nameOf({ prefix, step }: EvaluationDetails): string {
  // A prefix may hold the name of a dataset, which may hold anything.
  return `${prefix.replaceAll(/[^\w.-]/g, "_").slice(0, 80)}-${String(step).padStart(8, "0")}.json`;
}

/** Writes the details into a run's folder, and removes the oldest beyond fifty; never fails, as the figures are in the log. */
export async function storeDetails(outputDir: string, details: EvaluationDetails, bestStep?: number): Promise<void> {
  const folder = join(outputDir, evaluationsFolder);
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, nameOf(details)), `${JSON.stringify(details)}\n`);
    const { prefix } = parseDetailsName(nameOf(details)) ?? details;
    await remove(folder, (all) =>
      all.filter((each) => each.prefix === prefix && each.step !== bestStep).slice(0, -KEPT),
    );
  } catch (error) {
    warnOnce(
      `details ${folder}`,
      `${folder} cannot be written, which does not stop the run: ${(error as Error).message}`,
    );
  }
}

/** Removes what an earlier run, or this one before it went back to a checkpoint, has stored of steps after `step`. */
export async function forgetDetails(outputDir: string, step: number): Promise<void> {
  const folder = join(outputDir, evaluationsFolder);
  await remove(folder, (all) => all.filter((each) => each.step > step)).catch(() => undefined); // there is none
}

interface Stored {
  readonly name: string;
  readonly prefix: string;
  readonly step: number;
}

async function remove(folder: string, choose: (all: readonly Stored[]) => readonly Stored[]): Promise<void> {
  const all = (await readdir(folder)).flatMap((name): Stored[] => {
    const parsed = parseDetailsName(name);
    return parsed ? [{ name, ...parsed }] : [];
  });
  for (const { name } of choose(all.sort((a, b) => a.step - b.step))) await rm(join(folder, name), { force: true });
}
