// hfHubDownload and snapshotDownload, with the meaning of Python's functions of these names.
import { readFile } from "node:fs/promises";
import { fileState } from "./api.js";
import { RepoCache, sizeOf } from "./cache/layout.js";
import { ensureBlob, isPlaced } from "./cache/store.js";
import { hubEnvironment } from "./environment.js";
import { HubError } from "./errors.js";
import { HubConnection } from "./http.js";
import { matchesPattern } from "./patterns.js";
import { ByteProgress } from "./progress.js";
import { checkPath, checkRevision, describeRepo, filePath, isCommit, type RepoType, repoOf } from "./repository.js";
import { type HubOptions, Snapshot } from "./snapshot.js";

export interface RepoOptions extends HubOptions {
  /** Default "model". */
  readonly repoType?: RepoType;
}

export interface SnapshotDownloadOptions extends RepoOptions {
  /** Fetch only paths that match one of these: `*` is any run of characters, slashes too, as in Python's fnmatch. */
  readonly allowPatterns?: string | readonly string[];
  /** Leave out paths that match one of these. */
  readonly ignorePatterns?: string | readonly string[];
}

/**
 * Fetches a repository's files into the cache.
 * @returns The snapshot's folder.
 * @throws HubError where the repository, the revision or a file cannot be had; offline, where not all of them are there
 */
export async function snapshotDownload(repoId: string, options: SnapshotDownloadOptions = {}): Promise<string> {
  const snapshot = await Snapshot.open({ type: options.repoType ?? "model", id: repoId }, options);
  const allow = options.allowPatterns === undefined ? ["*"] : [options.allowPatterns].flat();
  const ignore = [options.ignorePatterns ?? []].flat();
  const wanted = (await snapshot.paths()).filter(
    (path) =>
      allow.some((pattern) => matchesPattern(path, pattern)) &&
      !ignore.some((pattern) => matchesPattern(path, pattern)),
  );
  await snapshot.fetch(wanted);
  return snapshot.folder;
}

/**
 * Fetches one file into the cache, asking for it alone.
 * @returns Its path there.
 * @throws HubError where the repository, the revision or the file cannot be had
 */
export async function hfHubDownload(repoId: string, path: string, options: RepoOptions = {}): Promise<string> {
  const repo = repoOf(options.repoType ?? "model", repoId);
  const revision = checkRevision(options.revision ?? "main");
  checkPath(path);
  const cache = new RepoCache(repo, options.cacheDir);
  const cached = await tryToLoadFromCache(repoId, path, options);
  if (isCommit(revision) && cached !== undefined && !options.forceDownload) return cached;
  const offline = options.localFilesOnly ?? hubEnvironment().offline;
  if (offline) {
    if (cached !== undefined) return cached;
    throw new HubError(
      "offline",
      `${path} of ${describeRepo(repo)} is not in the cache ${cache.root}, and no request may be made`,
    );
  }
  const connection = await HubConnection.open(options);
  const state = await fileState(connection, repo, revision, path, cached === undefined ? undefined : 1).catch(
    (error) => {
      const reached = error instanceof HubError && ["revision-not-found", "integrity"].includes(error.kind);
      if (cached === undefined || options.forceDownload || reached || !(error instanceof HubError)) throw error;
      return undefined;
    },
  );
  if (state === undefined && cached !== undefined) return cached;
  if (state === undefined || "absentIn" in state) {
    const commit = state?.absentIn;
    if (commit !== undefined && isCommit(commit)) {
      await cache.writeRef(revision, commit);
      await cache.noteAbsent(commit, path);
    }
    throw new HubError("entry-not-found", `${describeRepo(repo)} has no file "${path}" at "${revision}"`);
  }
  const { commit, etag, size } = state;
  await cache.writeRef(revision, commit);
  const pointer = cache.pointer(commit, path);
  if (!options.forceDownload && (await isPlaced(pointer, size))) return pointer;
  using progress = new ByteProgress(`download ${path}`, 1, size ?? 0);
  const blob = await ensureBlob(
    connection,
    cache,
    {
      url: filePath(repo, commit, path),
      etag,
      size,
      subject: { repo, revision, path },
      onBytes: (count) => progress.advance(count),
      signal: options.signal,
    },
    options.forceDownload,
  );
  return cache.place(commit, path, blob);
}

/** The path of a file in the cache; undefined where it is not there. Makes no request. */
export async function tryToLoadFromCache(
  repoId: string,
  path: string,
  options: Pick<RepoOptions, "repoType" | "revision" | "cacheDir"> = {},
): Promise<string | undefined> {
  const cache = new RepoCache(repoOf(options.repoType ?? "model", repoId), options.cacheDir);
  const revision = checkRevision(options.revision ?? "main");
  const commit = isCommit(revision) ? revision : await cache.readRef(revision);
  if (commit === undefined) return undefined;
  const pointer = cache.pointer(commit, path);
  return (await sizeOf(pointer)) === undefined ? undefined : pointer;
}

/** The text of a file of a repository, through the cache; undefined where the repository has no such file. */
export async function readHubText(
  repoId: string,
  path: string,
  options: RepoOptions = {},
): Promise<string | undefined> {
  try {
    return await readFile(await hfHubDownload(repoId, path, options), "utf8");
  } catch (error) {
    if (error instanceof HubError && error.kind === "entry-not-found") return undefined;
    throw error;
  }
}
