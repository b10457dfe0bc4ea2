// Cached results on disk: a folder each, named by what the result depends on, with Arrow files and an entry.json. An entry
// appears by one rename when all of it is on the disk, so what stands there is whole, whoever else makes it at the same time.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeAbandoned, removeAllAbandoned, syncTree, temporaryName, writeError } from "../../support/atomic.js";
import { info, warn } from "../../support/log.js";
import { version } from "../../support/version.js";
import type { Feature, StructFeature } from "../features.js";
import { digest } from "../fingerprint/digest.js";
import { featureFromJson } from "../read-features.js";
import type { Table } from "../table.js";
import { tableOfParts, type WrittenTable } from "../table-builder.js";
import { cacheBudget, cacheDirectory } from "./directory.js";

/** What a result depends on, by name: "the function", "input `tokenizer`", "the rows". */
export type Dependencies = Readonly<Record<string, string>>;

/** What entry.json says. */
export interface Entry {
  readonly format: number;
  /** What made the result: "map", "filter", "load". */
  readonly kind: string;
  readonly dependencies: Dependencies;
  readonly features: Readonly<Record<string, Feature>>;
  readonly rows: number;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** The kind of files that were loaded. */
export const LOAD = "load";

/** Raised when entries of older versions cannot be read any more. */
const FORMAT = 1;

/** Our version and Node.js's, on which every result depends. */
function ours(): string {
  const built = statSync(fileURLToPath(import.meta.url)).mtimeMs; // of a checkout: when it was compiled last
  return [version, built, FORMAT, process.versions.node.split(".")[0]].join(" ");
}

/** Everything that a result of a caller's function depends on beside it: our version, and what JavaScript's own results do. */
export function environment(): string {
  const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return [ours(), locale, timeZone].join(" ");
}

/** The name of the entry of such a result; files that are loaded are what they are in every language and time zone. */
export function keyOf(kind: string, dependencies: Dependencies): string {
  return digest(kind, kind === LOAD ? ours() : environment(), ...Object.entries(dependencies).flat());
}

/** Folders of results that were opened before they had their last names. */
const moved = new Map<string, string>();

/** Where a file of a result stands that was opened at `path`. */
export function placeOf(path: string): string {
  const folder = moved.get(dirname(path));
  return folder === undefined ? path : join(folder, basename(path));
}

const usedHere = new Set<string>();
const beingPublished = new Map<string, Promise<void>>();

/** Waits until every result of this process that is on its way to the cache is there. */
export async function cacheSettled(): Promise<void> {
  await Promise.all(beingPublished.values());
}

/** The cached result of that name; undefined where there is none, or where it is damaged, of which a warning says so. */
export async function findEntry(kind: string, key: string): Promise<Table | undefined> {
  await beingPublished.get(key);
  const folder = join(cacheDirectory(), kind, key);
  if (!existsSync(join(folder, "entry.json"))) return undefined;
  try {
    const entry = readEntry(folder);
    for (const { name, bytes } of entry.files) {
      const found = statSync(join(folder, name)).size;
      if (found !== bytes) throw new Error(`${name} has ${found} bytes, where ${bytes} were written`);
    }
    const table = tableOfEntry(folder, key, entry);
    const now = new Date();
    utimesSync(join(folder, "entry.json"), now, now); // what was used last goes last
    usedHere.add(key);
    return table;
  } catch (error) {
    warn(
      `the cached result ${folder} is damaged and made anew: ${error instanceof Error ? error.message : String(error)}`,
    );
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}

export function readEntry(folder: string): Entry {
  const entry = JSON.parse(readFileSync(join(folder, "entry.json"), "utf8")) as Entry;
  return { ...entry, features: featureFromJson(entry.features) as StructFeature };
}

function tableOfEntry(folder: string, key: string, { files, features, rows }: Entry): Table {
  const parts = files.map(({ name }) => ({ path: join(folder, name) }));
  return tableOfParts(parts, features, rows, (column) => digest(key, column));
}

/** A result in the making, in a folder of its own that becomes an entry. */
export class EntryDraft {
  readonly kind: string;
  readonly key: string;
  /** Where its files go. */
  readonly folder: string;
  readonly #target: string;

  /** Throws AttuneError where the cache cannot be written to. */
  constructor(kind: string, key: string) {
    this.kind = kind;
    this.key = key;
    this.#target = join(cacheDirectory(), kind, key);
    this.folder = temporaryName(this.#target);
    try {
      mkdirSync(this.folder, { recursive: true });
    } catch (error) {
      throw writeError("folder", this.#target, this.folder, error);
    }
  }

  /** Nothing of it is left. */
  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * The result, to be read at once, while it goes to the disk and into the cache behind the caller's back: whoever asks for
   * it meanwhile waits, and a process that is killed leaves nothing.
   */
  publish({ parts, features, length }: WrittenTable, dependencies: Dependencies): Table {
    const files = parts.map(({ path }) => ({ name: basename(path), bytes: statSync(path).size }));
    const entry: Entry = { format: FORMAT, kind: this.kind, dependencies, features, rows: length, files };
    const table = tableOfEntry(this.folder, this.key, entry);
    usedHere.add(this.key);
    const published = this.#publish(entry)
      .catch((error: unknown) => {
        this.discard();
        warn(`a result could not be cached: ${error instanceof Error ? error.message : String(error)}`);
      })
      .finally(() => beingPublished.delete(this.key));
    beingPublished.set(this.key, published);
    return table;
  }

  async #publish(entry: Entry): Promise<void> {
    await writeFile(join(this.folder, "entry.json"), JSON.stringify(entry));
    await removeAbandoned(this.#target);
    await syncTree(this.folder);
    try {
      await rename(this.folder, this.#target);
    } catch (error) {
      // Another process was faster: its result is as good as this one, which stays readable while it is open.
      if (!existsSync(join(this.#target, "entry.json"))) throw error;
      this.discard();
    }
    moved.set(this.folder, this.#target);
    await keepBudget(cacheBudget());
  }
}

/** An entry as lists show it. */
export interface CachedResult {
  readonly kind: string;
  readonly key: string;
  readonly folder: string;
  readonly bytes: number;
  readonly rows: number;
  readonly columns: readonly string[];
  /** When it was made or used last. */
  readonly lastUsed: Date;
  readonly dependencies: Dependencies;
}

/** All cached results, or those of a kind, the one that was used last first. Folders that are no results are left out. */
export async function listCache(only?: string): Promise<CachedResult[]> {
  const root = cacheDirectory();
  const results: CachedResult[] = [];
  for (const kind of only === undefined ? await namesIn(root) : [only]) {
    for (const key of await namesIn(join(root, kind))) {
      const folder = join(root, kind, key);
      try {
        const { features, files, rows, dependencies } = readEntry(folder);
        const { mtime, size } = statSync(join(folder, "entry.json"));
        const bytes = files.reduce((sum, file) => sum + file.bytes, size);
        results.push({ kind, key, folder, bytes, rows, columns: Object.keys(features), lastUsed: mtime, dependencies });
      } catch {
        // not one of ours, or just being removed
      }
    }
  }
  return results.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/** Visible folders in a folder; none where it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
}

/**
 * Removes results, those that were unused for longest first, until the rest takes at most `budget` bytes, and what killed
 * processes left. Results that this process uses stay; what another has open stays readable for it.
 */
export async function pruneCache(budget: number, options: { dryRun?: boolean } = {}): Promise<CachedResult[]> {
  const root = cacheDirectory();
  if (options.dryRun !== true) {
    for (const kind of await namesIn(root)) await removeAllAbandoned(join(root, kind));
  }
  return keepBudget(budget, options.dryRun);
}

async function keepBudget(budget: number, dryRun = false): Promise<CachedResult[]> {
  const results = await listCache();
  const removed: CachedResult[] = [];
  let left = results.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const result of results.toReversed()) {
    if (left <= budget) break;
    if (usedHere.has(result.key)) continue;
    if (!dryRun) await rm(result.folder, { recursive: true, force: true });
    removed.push(result);
    left -= result.bytes;
  }
  if (removed.length > 0 && !dryRun) {
    const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0);
    info(
      `cache: removed ${removed.length} results that were unused for longest, ${Math.round(freed / 1e6)} MB (budget ${Math.round(budget / 1e9)} GB)`,
    );
  }
  return removed;
}

/** In words, what a result that is not there differs in from the nearest one that is; undefined where none is near. */
export async function explainMiss(kind: string, dependencies: Dependencies): Promise<string | undefined> {
  let best: string[] | undefined;
  for (const other of await listCache(kind)) {
    const names = new Set([...Object.keys(dependencies), ...Object.keys(other.dependencies)]);
    const changed = [...names].filter((name) => dependencies[name] !== other.dependencies[name]);
    if (
      changed.length > 0 &&
      changed.length < names.size &&
      changed.length < (best?.length ?? Number.POSITIVE_INFINITY)
    )
      best = changed;
  }
  return best?.join(", ");
}
