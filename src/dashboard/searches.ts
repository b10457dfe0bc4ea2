// The searches of a folder of runs: their search.json, read again when it has changed, and what the page is told of them.

import { Inside, NotThere, within } from "../runs/inside.js";
import { bestTrial, comparable, comparedAt, importances, type SearchRecord, searchFile } from "../search/index.js";
import { hasEnded, parseSearch } from "../search/record.js";
import type { SearchAnswer, SearchInfo, SearchTrial } from "./protocol.js";

const MOST_BYTES = 64 << 20;

interface Known {
  /** By which a file is known to be as it was. */
  readonly mark: string;
  readonly updated: number;
  readonly record: SearchRecord | undefined;
  /** Why there is none. */
  readonly error: string | undefined;
  shares?: SearchAnswer["importances"];
}

export class Searches {
  readonly #inside: Inside;
  readonly #known = new Map<string, Known>();

  private constructor(inside: Inside) {
    this.#inside = inside;
  }

  static async open(folder: string): Promise<Searches> {
    return new Searches(await Inside.open(folder));
  }

  /** Looks for searches in the folders that hold runs' folders. @returns whether anything has changed */
  async refresh(runs: Iterable<string>): Promise<boolean> {
    const folders = new Set(Array.from(runs, parentOf));
    let changed = false;
    for (const id of this.#known.keys()) {
      if (!folders.has(id)) changed = this.#known.delete(id);
    }
    for (const id of folders) if (await this.#look(id)) changed = true;
    return changed;
  }

  async #look(id: string): Promise<boolean> {
    try {
      const file = await this.#inside.open(within(id, searchFile));
      try {
        const { ino, size, mtimeMs: updated } = await file.stat();
        const mark = `${ino} ${size} ${updated}`;
        if (this.#known.get(id)?.mark === mark) return false;
        const text = size > MOST_BYTES ? undefined : await file.readFile("utf8");
        this.#known.set(id, { mark, updated, ...read(text) });
        return true;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!(error instanceof NotThere)) throw error;
      return this.#known.delete(id);
    }
  }

  /** Those that the last `refresh` found, the newest first. */
  get list(): SearchInfo[] {
    return [...this.#known].map(([id, known]) => this.#infoOf(id, known)).sort((a, b) => b.began - a.began);
  }

  #infoOf(id: string, { record, updated, error }: Known): SearchInfo {
    const asked = record?.trials.slice(0, record.nTrials) ?? [];
    const best = record && bestTrial(record);
    return {
      id,
      name: id === "." ? (this.#inside.root.split(/[\\/]/).at(-1) ?? id) : (id.split("/").at(-1) ?? id),
      began: record?.created ?? 0,
      updated,
      done: asked.filter(hasEnded).length,
      nTrials: record?.nTrials ?? 0,
      best: best?.objective,
      objective: record?.objective ?? null,
      error,
    };
  }

  /** @param hasRun Whether there is a run of that id. @returns undefined where there is no such search */
  answer(id: string, hasRun: (run: string) => boolean): SearchAnswer | undefined {
    const known = this.#known.get(id);
    if (!known) return undefined;
    const search = this.#infoOf(id, known);
    const { record } = known;
    if (!record) return { search, details: null, importances: null };
    known.shares ??= sharesOf(record);
    const { space, sampler, pruner, seed } = record;
    const best = bestTrial(record)?.number;
    const trials = record.trials
      .filter(({ state, number }) => state !== "waiting" || number < record.nTrials)
      .map((trial): SearchTrial => {
        const { number, name, params, state, reports, objective = reports.at(-1)?.value, seconds, error } = trial;
        const run = within(id, name);
        return {
          number,
          name,
          run: hasRun(run) ? run : null,
          params,
          state,
          value: Number.isFinite(objective) ? (objective ?? null) : null,
          evaluations: reports.length,
          seconds,
          error,
          best: number === best,
        };
      });
    return { search, details: { space, sampler, pruner, seed, trials }, importances: known.shares };
  }
}

function read(text: string | undefined): Pick<Known, "record" | "error"> {
  if (text === undefined) return { record: undefined, error: `${searchFile} is larger than is read` };
  try {
    return { record: parseSearch(text, searchFile), error: undefined };
  } catch (error) {
    return { record: undefined, error: (error as Error).message };
  }
}

function sharesOf(record: SearchRecord): SearchAnswer["importances"] {
  const measured = comparable(record);
  const shares = importances(record.space, measured);
  return shares ? { shares, trials: measured.length, at: comparedAt(record) } : null;
}

/** The folder that a run's folder is in. */
function parentOf(run: string): string {
  const end = run.lastIndexOf("/");
  return end < 0 ? "." : run.slice(0, end);
}
