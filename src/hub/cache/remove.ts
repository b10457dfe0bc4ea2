// Removing from the cache: whole repositories, or single revisions with the contents that no other revision uses.
import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError, nearest } from "../../support/errors.js";
import { namesIn, repoFolderName } from "./layout.js";
import { type CachedRepo, type CachedRevision, type CacheScan, scanCacheDir } from "./scan.js";
import { sharedTarget } from "./shared.js";

export interface Removal {
  /** What is removed: `model owner/name`, or with a revision `model owner/name@0123abc`. */
  readonly what: readonly string[];
  /** Bytes that become free. */
  readonly freed: number;
  /** Bytes in the store that Python shares among repositories; they stay until `hf cache prune`. */
  readonly shared: number;
}

/**
 * Removes repositories or revisions: `owner/name`, `model/owner/name`, `dataset/owner/name`, each with `@REVISION` (a
 * branch, a tag, a commit or its beginning) for one revision only. With `dryRun` nothing is removed.
 * @throws ConfigError for what the cache does not have, before anything is removed
 */
export async function removeFromCache(
  names: readonly string[],
  options: { readonly cacheDir?: string; readonly dryRun?: boolean } = {},
): Promise<Removal> {
  const scan = await scanCacheDir(options.cacheDir);
  const chosen = new Map<CachedRepo, Set<CachedRevision>>();
  for (const name of names) {
    const { repo, revisions } = find(scan, name);
    chosen.set(repo, new Set([...(chosen.get(repo) ?? []), ...revisions]));
  }
  const what: string[] = [];
  let freed = 0;
  let shared = 0;
  for (const [repo, revisions] of chosen) {
    const isWhole = revisions.size === repo.revisions.length;
    const label = `${repo.type} ${repo.id}`;
    what.push(...(isWhole ? [label] : [...revisions].map(({ commit }) => `${label}@${commit.slice(0, 7)}`)));
    const kept = new Set(
      repo.revisions.filter((each) => !revisions.has(each)).flatMap(({ files }) => files.map(({ content }) => content)),
    );
    const counted = new Set<string>();
    const blobs = new Set<string>();
    for (const { blob, content, size } of [...revisions].flatMap(({ files }) => files)) {
      if (content !== undefined && (kept.has(content) || counted.has(content))) continue;
      if (content !== undefined) counted.add(content);
      if (blob !== undefined) blobs.add(blob);
      if (blob !== undefined && (await sharedTarget(scan.folder, blob)) !== undefined) shared += size;
      else freed += size;
    }
    if (options.dryRun) continue;
    if (isWhole) await removeRepo(scan, repo);
    else await removeRevisions(repo, [...revisions], blobs);
  }
  return { what, freed, shared };
}

/** A repository with all its revisions, or one of them. */
function find(
  scan: CacheScan,
  name: string,
): { readonly repo: CachedRepo; readonly revisions: readonly CachedRevision[] } {
  const [, asked = name, revision] = /^(.*?)(?:@(.+))?$/.exec(name) ?? [];
  const matches = scan.repos.filter(
    ({ type, id }) => asked === id || asked === `${type}/${id}` || asked === `${type}s/${id}`,
  );
  if (matches.length === 0) {
    const near = nearest(
      asked,
      scan.repos.map(({ id }) => id),
    );
    throw new ConfigError(
      `the cache ${scan.folder} has no "${asked}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
    );
  }
  if (matches.length > 1) {
    const both = matches.map(({ type, id }) => `${type}/${id}`).join(" or ");
    throw new ConfigError(`"${asked}" is several things in the cache: say ${both}`);
  }
  const [repo] = matches;
  if (revision === undefined) return { repo, revisions: repo.revisions };
  const revisions = repo.revisions.filter(({ commit, refs }) => commit.startsWith(revision) || refs.includes(revision));
  if (revisions.length === 1) return { repo, revisions };
  const known = repo.revisions.map(({ commit, refs }) => [commit.slice(0, 7), ...refs].join(" ")).join(", ");
  const how = revisions.length === 0 ? "has no revision" : "has several revisions that begin with";
  throw new ConfigError(`${repo.id} ${how} "${revision}" in the cache; it has ${known}`);
}

/** Links go before contents, so that a process that is killed in between leaves contents without links, never the reverse. */
async function removeRevisions(
  repo: CachedRepo,
  revisions: readonly CachedRevision[],
  blobs: ReadonlySet<string>,
): Promise<void> {
  for (const { commit, refs, folder } of revisions) {
    for (const ref of refs) await rm(join(repo.folder, "refs", ref), { force: true });
    await rm(folder, { recursive: true, force: true });
    await rm(join(repo.folder, ".no_exist", commit), { recursive: true, force: true });
    await rm(join(repo.folder, "trees", `${commit}.json`), { force: true });
  }
  for (const blob of blobs) await rm(blob, { force: true }); // of a link, the link
}

async function removeRepo(scan: CacheScan, repo: CachedRepo): Promise<void> {
  for (const part of ["refs", "snapshots"]) await rm(join(repo.folder, part), { recursive: true, force: true });
  await rm(repo.folder, { recursive: true, force: true });
  const locks = join(scan.folder, ".locks", repoFolderName(repo));
  await rm(locks, { recursive: true, force: true });
  if ((await namesIn(dirname(locks))).length === 0) await rmdir(dirname(locks)).catch(() => undefined);
}
