// Follows a folder of runs while somebody looks at it, and tells those who listen what has changed.
import type { Run, Runs } from "../runs/index.js";
import { isObject } from "../support/json-object.js";
import { warnOnce } from "../support/log.js";
import type { RunInfo, RunsEvent } from "./protocol.js";
import type { Searches } from "./searches.js";

export type Listener = (event: RunsEvent) => void;

export class Watch {
  readonly #runs: Runs;
  readonly #searches: Searches;
  readonly #interval: number;
  readonly #listeners = new Set<Listener>();
  /** Runs that listeners have heard of, and whether those were rough then. */
  #known: ReadonlyMap<string, boolean> = new Map();
  #running: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> | undefined;
  #closed = false;
  /** Whether all runs have been read once. */
  loading = true;
  /** Resolves when they have. */
  readonly loaded: Promise<void>;

  /** @param interval Milliseconds between two looks. */
  constructor(runs: Runs, searches: Searches, interval: number) {
    this.#runs = runs;
    this.#searches = searches;
    this.#interval = interval;
    this.loaded = this.#look();
  }

  /** Calls `listener` whenever something has changed, until what is returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (!this.#refreshing) void this.#look();
    return () => this.#listeners.delete(listener);
  }

  /** Looks now, and waits for it; while runs are read for the first time it does not wait. */
  async refresh(): Promise<void> {
    if (!this.loading) await this.#look();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      clearTimeout(this.#timer);
      const later = () => void this.#look();
      if (!this.#closed && this.#listeners.size > 0) this.#timer = setTimeout(later, this.#interval);
    });
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    try {
      // While there is much to read for the first time, those who listen hear of what is there.
      const progress = this.loading ? setInterval(() => this.#tellNew(), Math.min(this.#interval, 250)) : undefined;
      const { changed, gone } = await this.#runs.refresh().finally(() => clearInterval(progress));
      const searched = await this.#searches.refresh(this.#runs.list.map(({ id }) => id));
      const first = this.loading;
      this.loading = false;
      this.#known = this.#listed();
      // A run that was killed says nothing of it, so that those that were running are told anew.
      const running = this.#runs.list.filter((run) => run.summary().status === "running").map(({ id }) => id);
      const stale = [...this.#running].filter((id) => !running.includes(id));
      this.#running = new Set(running);
      if (changed.length + gone.length + stale.length === 0 && !first && !searched) return;
      this.#tell([...new Set([...changed, ...stale])], gone, searched);
    } catch (error) {
      warnOnce(`watch ${this.#runs.folder}`, `${this.#runs.folder} cannot be read: ${(error as Error).message}`);
    }
  }

  #tellNew(): void {
    const listed = this.#listed();
    const fresh = [...listed].flatMap(([id, rough]) => (this.#known.get(id) === rough ? [] : id));
    this.#known = listed;
    if (fresh.length > 0) this.#tell(fresh, []);
  }

  #listed(): ReadonlyMap<string, boolean> {
    return new Map(this.#runs.list.map(({ id, rough }) => [id, rough]));
  }

  #tell(ids: readonly string[], gone: readonly string[], searched = false): void {
    const changed = ids.flatMap((id) => this.#runs.get(id) ?? []).map(infoOf);
    const searches = searched ? this.#searches.list : undefined;
    for (const listener of this.#listeners) listener({ loading: this.loading, changed, gone, searches });
  }
}

export function infoOf(run: Run): RunInfo {
  return { ...run.summary(), keys: run.history.keys, rough: run.rough, made: flatten(run.manifest ?? {}) };
}

/** Values of an object by their paths; lists are values, and what differs by nature is left out. */
function flatten(value: object, path = ""): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const place = path === "" ? key : `${path}.${key}`;
    if (/^(?:started|version|resumedAt|arguments\.(?:outputDir|runName|resumeFromCheckpoint))$/.test(place)) continue;
    if (isObject(inner)) Object.assign(found, flatten(inner, place));
    else found[place] = inner;
  }
  return found;
}
