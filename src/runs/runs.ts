// All runs of a folder, as they come, go on and go.
import { findRuns } from "./find.js";
import { Inside, NotThere } from "./inside.js";
import type { LogStore } from "./log-store.js";
import { Run, type RunSummary } from "./run.js";

export class Runs {
  readonly #inside: Inside;
  readonly #store: LogStore | undefined;
  readonly #runs = new Map<string, Run>();

  private constructor(inside: Inside, store: LogStore | undefined) {
    this.#inside = inside;
    this.#store = store;
  }

  /**
   * @param folder A folder of runs, or a run's own.
   * @param store Keeps what was read of long logs from start to start.
   * @throws ConfigError where there is no such folder
   */
  static async open(folder: string, store?: LogStore): Promise<Runs> {
    return new Runs(await Inside.open(folder), store);
  }

  /** The folder, absolute, with all links followed. */
  get folder(): string {
    return this.#inside.root;
  }

  /**
   * Looks for runs that are new or gone, and reads what all have logged since. New ones are listed after a first look, their
   * histories `rough` where their logs are long, before those logs are read.
   */
  async refresh(): Promise<RunChanges> {
    const ids = new Set(await findRuns(this.#inside));
    const gone = [...this.#runs.keys()].filter((id) => !ids.has(id));
    for (const id of gone) this.#runs.delete(id);
    const changed = new Set<string>();
    /** Undefined where the run was removed since it was found. */
    const look = async <T>(id: string, what: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await what();
      } catch (error) {
        if (!(error instanceof NotThere)) throw error;
        if (this.#runs.delete(id)) gone.push(id);
        changed.delete(id);
        return undefined;
      }
    };
    for (const id of ids) {
      if (this.#runs.has(id)) continue;
      await look(id, async () => {
        const run = new Run(this.#inside, id, this.#store);
        await run.glance();
        this.#runs.set(id, run);
        changed.add(id);
      });
    }
    for (const [id, run] of [...this.#runs]) {
      if (changed.has(id) && !run.rough) continue; // read a moment ago
      if (await look(id, () => run.refresh())) changed.add(id);
    }
    return { changed: [...changed], gone };
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
