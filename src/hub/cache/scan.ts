// What is in the cache: repositories, their revisions and files, as Python's scan_cache_dir finds them.
import { lstat, readdir, readFile, readlink, realpath, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { exists } from "../../support/exists.js";
import { hubEnvironment } from "../environment.js";
import { isCommit, isRepoId, REPO_TYPES, type Repo } from "../repository.js";
import { namesIn } from "./layout.js";

export interface CachedFile {
  /** In the repository. */
  readonly path: string;
  /** Where its content is, links followed; undefined where a link leads to nothing. */
  readonly content: string | undefined;
  /** The blob in the repository's folder; undefined for a copy in the snapshot. */
  readonly blob: string | undefined;
  readonly size: number;
}

export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that were at this commit when last seen. */
  readonly refs: readonly string[];
  readonly folder: string;
  readonly files: readonly CachedFile[];
  /** Sum of its files; files that revisions share count for each. */
  readonly size: number;
}

export interface CachedRepo extends Repo {
  readonly folder: string;
  readonly revisions: readonly CachedRevision[];
  /** Bytes on the disk, each content once. */
  readonly size: number;
  readonly lastModified: Date;
}

export interface CacheScan {
  readonly folder: string;
  readonly repos: readonly CachedRepo[];
  /** Bytes on the disk of all repositories, contents that they share once. */
  readonly size: number;
  /** Downloads that are under way, or were broken off. */
  readonly incomplete: readonly { readonly path: string; readonly size: number }[];
}

/** Reads a cache; one that is not there is empty. */
export async function scanCacheDir(cacheDir?: string): Promise<CacheScan> {
  const folder = resolve(cacheDir ?? hubEnvironment().cacheDir);
  const repos: CachedRepo[] = [];
  const incomplete: { path: string; size: number }[] = [];
  for (const name of await namesIn(folder)) {
    const repo = repoOfFolder(name);
    if (repo === undefined) continue;
    const path = join(folder, name);
    for (const blob of await namesIn(join(path, "blobs"))) {
      if (!blob.endsWith(".incomplete")) continue;
      const size = await stat(join(path, "blobs", blob)).then(
        (found) => found.size,
        () => undefined,
      );
      if (size !== undefined) incomplete.push({ path: join(path, "blobs", blob), size });
    }
    if (await exists(join(path, "snapshots"))) repos.push(await scanRepo(repo, path));
  }
  const contents = new Map<string, number>();
  for (const { content, size } of repos.flatMap(({ revisions }) => revisions.flatMap(({ files }) => files))) {
    if (content !== undefined) contents.set(content, size);
  }
  return { folder, repos, size: sum(contents.values()), incomplete };
}

/** models--owner--name -> the model owner/name. */
function repoOfFolder(name: string): Repo | undefined {
  const [kind, ...parts] = name.split("--");
  const type = REPO_TYPES.find((each) => `${each}s` === kind);
  const id = parts.join("/");
  return type === undefined || !isRepoId(id) ? undefined : { type, id };
}

async function scanRepo(repo: Repo, folder: string): Promise<CachedRepo> {
  const refs = new Map<string, string[]>();
  for (const path of await filesUnder(join(folder, "refs"))) {
    const commit = (await readFile(join(folder, "refs", path), "utf8").catch(() => "")).trim();
    if (isCommit(commit) && !path.endsWith(".tmp")) refs.set(commit, [...(refs.get(commit) ?? []), path]);
  }
  const revisions: CachedRevision[] = [];
  for (const commit of await namesIn(join(folder, "snapshots"))) {
    if (!isCommit(commit)) continue;
    const snapshot = join(folder, "snapshots", commit);
    const files: CachedFile[] = [];
    for (const path of await filesUnder(snapshot)) files.push(await scanFile(join(snapshot, path), path, folder));
    const size = sum(files.map((file) => file.size));
    revisions.push({ commit, refs: refs.get(commit) ?? [], folder: snapshot, files, size });
  }
  const contents = new Map(
    revisions.flatMap(({ files }) => files.map((file) => [file.content ?? file.path, file.size] as const)),
  );
  const times = await Promise.all(
    [...contents.keys()].map((path) =>
      stat(path).then(
        (found) => found.mtimeMs,
        () => 0,
      ),
    ),
  );
  return { ...repo, folder, revisions, size: sum(contents.values()), lastModified: new Date(Math.max(0, ...times)) };
}

async function scanFile(pointer: string, path: string, folder: string): Promise<CachedFile> {
  const isLink = (await lstat(pointer)).isSymbolicLink();
  const content = await realpath(pointer).catch(() => undefined);
  const size = content === undefined ? 0 : (await stat(content)).size;
  const blob = isLink ? await blobOf(pointer, folder) : undefined;
  return { path, content, blob, size };
}

/** The blob that a snapshot's link names, whether or not that is there. */
async function blobOf(pointer: string, folder: string): Promise<string | undefined> {
  const target = resolve(pointer, "..", await readlink(pointer));
  return resolve(target, "..") === join(folder, "blobs") ? target : undefined;
}

/** Paths of all files and links under a folder, with forward slashes, in order. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/")).sort();
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
