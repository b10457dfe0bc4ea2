// A repository at one commit, as a folder of the cache: what it holds is listed once, files are fetched when they are
// asked for. Where the Hub cannot be reached, what is in the cache serves.

import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { warn } from "../support/log.js";
import { listTree, repoState } from "./api.js";
import { namesIn, RepoCache, sizeOf, type Tree } from "./cache/layout.js";
import { ensureBlob, isPlaced } from "./cache/store.js";
import { hubEnvironment } from "./environment.js";
import { HubError } from "./errors.js";
import { type ConnectionOptions, HubConnection } from "./http.js";
import { inParallel } from "./parallel.js";
import { ByteProgress } from "./progress.js";
import { checkPath, checkRevision, describeRepo, filePath, isCommit, type Repo, repoOf } from "./repository.js";

/** Which state of a repository, and where it is kept. */
export interface HubOptions extends ConnectionOptions {
  /** A branch, a tag, `refs/pr/1`, or a commit. Default "main". */
  readonly revision?: string;
  /** The cache's folder. Default: HF_HUB_CACHE, else `hub` in HF_HOME, else ~/.cache/huggingface/hub. */
  readonly cacheDir?: string;
  /** Make no request: what is not in the cache is an error. Default: HF_HUB_OFFLINE. */
  readonly localFilesOnly?: boolean;
  /** Fetch files even if they are in the cache. Default false. */
  readonly forceDownload?: boolean;
  readonly signal?: AbortSignal;
}

const PARALLEL_FILES = 8;

export class Snapshot {
  readonly repo: Repo;
  readonly commit: string;
  readonly cache: RepoCache;
  /** The listing; undefined where there was no way to get it, and the cache has none. */
  readonly #tree: Tree | undefined;
  /** Undefined where no request may be made. */
  readonly #connection: HubConnection | undefined;
  readonly #options: HubOptions;

  private constructor(
    cache: RepoCache,
    commit: string,
    tree: Tree | undefined,
    connection: HubConnection | undefined,
    options: HubOptions,
  ) {
    this.cache = cache;
    this.repo = cache.repo;
    this.commit = commit;
    this.#tree = tree;
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Finds the commit of a revision and what is in it. `followRename` keeps a repository that the Hub has under another
   * id (datasets: "glue" is "nyu-mll/glue") under that one.
   *
   * A commit's listing never changes, so for a commit that was seen before nothing is asked. Where the Hub cannot be
   * reached or refuses, the commit that the revision was at when last seen serves, with a warning.
   * @throws HubError where neither the Hub nor the cache has it; ConfigError for what cannot be an id or a revision
   */
  static async open(given: Repo, options: HubOptions = {}, followRename = false): Promise<Snapshot> {
    const asked = repoOf(given.type, given.id);
    const revision = checkRevision(options.revision ?? "main");
    const offline = options.localFilesOnly ?? hubEnvironment().offline;
    if (offline) return Snapshot.#openCached(asked, revision, options);
    const connection = await HubConnection.open(options);
    const cached = await findCached(asked, revision, options);
    try {
      if (isCommit(revision) && cached !== undefined) {
        const tree = await cached.cache.readTree(revision);
        if (tree !== undefined) return new Snapshot(cached.cache, revision, tree, connection, options);
      }
      const attempts = cached === undefined ? undefined : 1; // with a way out there is no need to insist
      const { id, commit } = await repoState(connection, asked, revision, attempts);
      const repo = followRename ? repoOf(asked.type, id) : asked;
      const cache = new RepoCache(repo, options.cacheDir);
      await cache.writeRef(revision, commit);
      let tree = await cache.readTree(commit);
      if (tree === undefined) {
        tree = await listTree(connection, repo, commit);
        await cache.writeTree(commit, tree);
      }
      return new Snapshot(cache, commit, tree, connection, options);
    } catch (error) {
      const final = !(error instanceof HubError) || error.kind === "revision-not-found" || error.kind === "integrity";
      if (final || cached === undefined || options.forceDownload) throw error;
      warn(`${error.message}. Using ${describeRepo(asked)} as it is in the cache, at ${cached.commit.slice(0, 12)}`);
      return new Snapshot(cached.cache, cached.commit, await cached.cache.readTree(cached.commit), undefined, options);
    }
  }

  static async #openCached(asked: Repo, revision: string, options: HubOptions): Promise<Snapshot> {
    const cached = await findCached(asked, revision, options);
    if (cached === undefined) {
      const { root } = new RepoCache(asked, options.cacheDir);
      throw new HubError(
        "offline",
        `${describeRepo(asked)} at "${revision}" is not in the cache ${root}, and ` +
          `${options.localFilesOnly ? "localFilesOnly" : "HF_HUB_OFFLINE"} forbids to ask the Hub. Load it once with a connection`,
      );
    }
    return new Snapshot(cached.cache, cached.commit, await cached.cache.readTree(cached.commit), undefined, options);
  }

  /** The folder that holds the files fetched so far, under their paths. */
  get folder(): string {
    return this.cache.snapshot(this.commit);
  }

  /** Paths of all files; where the listing could not be had, of those in the cache. */
  async paths(): Promise<string[]> {
    return this.#tree === undefined ? filesUnder(this.folder) : [...this.#tree.keys()];
  }

  /** The size of a file, where the listing tells. */
  sizeOf(path: string): number | undefined {
    return this.#tree?.get(path)?.size;
  }

  /** Whether there is such a file. Without a listing: whether it is in the cache. */
  async has(path: string): Promise<boolean> {
    return this.#tree === undefined
      ? (await sizeOf(this.cache.pointer(this.commit, path))) !== undefined
      : this.#tree.has(path);
  }

  /** Says that a file was looked for and is not there: Python need not look again. */
  async noteAbsent(path: string): Promise<void> {
    if (this.#tree !== undefined && !this.#tree.has(path)) await this.cache.noteAbsent(this.commit, path);
  }

  /**
   * Fetches files that are not in the cache yet, several at a time, with one display of progress.
   * @returns Their paths on the disk, in the order given.
   * @throws HubError where one does not exist or cannot be had; those that were fetched before stay in the cache
   */
  async fetch(paths: readonly string[]): Promise<string[]> {
    const pointers = paths.map((path) => this.cache.pointer(this.commit, checkPath(path)));
    const missing: string[] = [];
    for (const [i, path] of paths.entries()) {
      if (this.#tree !== undefined && !this.#tree.has(path)) throw this.#noEntry(path);
      const fresh = this.#options.forceDownload === true && this.#connection !== undefined;
      if (fresh || !(await isPlaced(pointers[i], this.#tree?.get(path)?.size))) missing.push(path);
    }
    if (missing.length > 0) await this.#download([...new Set(missing)]);
    return pointers;
  }

  async #download(paths: readonly string[]): Promise<void> {
    const connection = this.#connection;
    const tree = this.#tree;
    if (connection === undefined || tree === undefined) throw this.#notCached(paths);
    const { repo, commit, cache } = this;
    const { signal: outer, forceDownload } = this.#options;
    const entries = paths.flatMap((path) => {
      const entry = tree.get(path);
      return entry === undefined ? [] : [{ path, entry }];
    });
    const total = entries.reduce((sum, { entry }) => sum + entry.size, 0);
    using progress = new ByteProgress(`download ${repo.id}`, entries.length, total);
    const work = async ({ path, entry }: (typeof entries)[number], signal: AbortSignal) => {
      const source = {
        url: filePath(repo, commit, path),
        etag: entry.etag,
        size: entry.size,
        subject: { repo, revision: commit, path },
        onBytes: (count: number) => progress.advance(count),
        signal,
      };
      const blob = await ensureBlob(connection, cache, source, forceDownload);
      await cache.place(commit, path, blob);
      progress.fileDone();
    };
    await inParallel(entries, PARALLEL_FILES, work, outer);
  }

  #noEntry(path: string): HubError {
    return new HubError(
      "entry-not-found",
      `${describeRepo(this.repo)} has no file "${path}" at ${this.commit.slice(0, 12)}`,
    );
  }

  #notCached(paths: readonly string[]): HubError {
    const names = paths.slice(0, 5).join(", ") + (paths.length > 5 ? ` and ${paths.length - 5} more` : "");
    const reason = hubEnvironment().offline ? "HF_HUB_OFFLINE is set" : "the Hub is not asked or not reached";
    return new HubError(
      "offline",
      `${names} of ${describeRepo(this.repo)} (${this.commit.slice(0, 12)}): not in the cache ${this.cache.root}, and ${reason}. ` +
        "Load it once with a connection",
    );
  }
}

interface Cached {
  readonly cache: RepoCache;
  readonly commit: string;
}

/** What the cache has of a revision: under the id asked for, else for a bare name under the one owner that it has there. */
async function findCached(asked: Repo, revision: string, options: HubOptions): Promise<Cached | undefined> {
  const candidates = [asked];
  if (!asked.id.includes("/")) candidates.push(...(await ownersInCache(asked, options.cacheDir)));
  for (const repo of candidates) {
    const cache = new RepoCache(repo, options.cacheDir);
    const commit = isCommit(revision) ? revision : await cache.readRef(revision);
    if (commit !== undefined && (await namesIn(cache.snapshot(commit))).length > 0) return { cache, commit };
  }
  return undefined;
}

/** `owner/name` for a bare name; none where the cache has it of several owners. */
async function ownersInCache({ type, id }: Repo, cacheDir: string | undefined): Promise<Repo[]> {
  const { root } = new RepoCache({ type, id }, cacheDir);
  const ids = (await namesIn(root)).flatMap((name) => {
    const [kind, owner, rest, ...more] = name.split("--");
    return kind === `${type}s` && rest === id && more.length === 0 ? [`${owner}/${rest}`] : [];
  });
  return ids.length === 1 ? [repoOf(type, ids[0])] : [];
}

/** Paths of the files under a folder, with forward slashes, in order. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/")).sort();
}
