// All runs of a folder, as they come, go on and go.
import { findRuns } from "./find.js";
import { Inside, NotThere } from "./inside.js";
import { Run, type RunSummary } from "./run.js";

export class Runs {
  readonly #inside: Inside;
  readonly #runs = new Map<string, Run>();

  private constructor(inside: Inside) {
    this.#inside = inside;
  }

  /** @param folder A folder of runs, or a run's own. @throws ConfigError where there is no such folder */
  static async open(folder: string): Promise<Runs> {
    return new Runs(await Inside.open(folder));
  }

  /** The folder, absolute, with all links followed. */
  get folder(): string {
    return this.#inside.root;
  }

  /** Looks for runs that are new or gone, and reads what all have logged since. */
  async refresh(): Promise<RunChanges> {
    const ids = new Set(await findRuns(this.#inside));
    const gone = [...this.#runs.keys()].filter((id) => !ids.has(id));
    for (const id of gone) this.#runs.delete(id);
    const changed: string[] = [];
    for (const id of ids) {
      const known = this.#runs.get(id);
      const run = known ?? new Run(this.#inside, id);
      try {
        const isNew = (await run.refresh()) || known === undefined;
        this.#runs.set(id, run);
        if (isNew) changed.push(id);
      } catch (error) {
        if (!(error instanceof NotThere)) throw error; // removed since it was found
        if (this.#runs.delete(id)) gone.push(id);
      }
    }
    return { changed, gone };
  }

  /** The runs of the last `refresh`, the newest first. */
  get list(): readonly Run[] {
    const began = new Map([...this.#runs.values()].map((run) => [run, run.began ?? 0]));
    return [...this.#runs.values()].sort((a, b) => (began.get(b) ?? 0) - (began.get(a) ?? 0) || (a.id < b.id ? -1 : 1));
  }

  /** A run of the last `refresh`; undefined where there was none of that id. */
  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }
}

/** Ids of runs. */
export interface RunChanges {
  /** New ones with them. */
  readonly changed: readonly string[];
  readonly gone: readonly string[];
}

/** The runs of a folder as they stand now, the newest first. @throws ConfigError where there is no such folder */
export async function listRuns(folder: string): Promise<RunSummary[]> {
  const runs = await Runs.open(folder);
  await runs.refresh();
  return runs.list.map((run) => run.summary());
}
