// Checking the cache: every content against the checksum that is its name, every link for what it leads to.
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isAbandoned } from "../../support/atomic.js";
import { ByteProgress } from "../progress.js";
import { hashFor } from "../transfer.js";
import { namesIn, sizeOf } from "./layout.js";
import { type CachedRepo, scanCacheDir } from "./scan.js";

export interface Problem {
  /** `model owner/name`. */
  readonly repo: string;
  readonly path: string;
  readonly reason: string;
}

export interface Verification {
  /** Contents whose checksum was computed. */
  readonly checked: number;
  /** Contents whose names are no checksums. */
  readonly unchecked: number;
  readonly problems: readonly Problem[];
}

/**
 * Reads every content of the cache, or of the repositories `ids`, and compares checksums. With `fix` what is damaged is
 * removed, so that it is fetched anew when it is next needed.
 */
export async function verifyCache(
  options: { readonly ids?: readonly string[]; readonly cacheDir?: string; readonly fix?: boolean } = {},
): Promise<Verification> {
  const { ids, fix = false } = options;
  const scan = await scanCacheDir(options.cacheDir);
  const repos =
    ids === undefined || ids.length === 0
      ? scan.repos
      : scan.repos.filter(({ id, type }) => ids.some((each) => [id, `${type}/${id}`, `${type}s/${id}`].includes(each)));
  using progress = new ByteProgress(
    "verify",
    1,
    repos.reduce((sum, { size }) => sum + size, 0),
  );
  const problems: Problem[] = [];
  let [checked, unchecked] = [0, 0];
  for (const repo of repos) {
    const report = async (path: string, reason: string, remove: readonly string[]) => {
      problems.push({ repo: `${repo.type} ${repo.id}`, path, reason });
      if (fix) for (const each of remove) await rm(each, { force: true });
    };
    for (const path of danglingLinks(repo)) await report(path, "a link to a content that is not there", [path]);
    for (const name of await namesIn(join(repo.folder, "blobs"))) {
      const path = join(repo.folder, "blobs", name);
      const [, mark] = /^\w+\.(.+)\.incomplete$/.exec(name) ?? [];
      if (name.endsWith(".incomplete")) {
        if (mark !== undefined && isAbandoned(mark)) await report(path, "a download that was broken off", [path]);
        continue;
      }
      const size = await sizeOf(path);
      if (size === undefined) {
        await report(path, "a link to a content that is not there", [path]);
        continue;
      }
      const found = await checksum(path, name, size, (count) => progress.advance(count));
      if (found === undefined) unchecked++;
      else checked++;
      if (found === undefined || found === name) continue;
      await report(path, `its content has the checksum ${found}`, [path, ...pointersTo(repo, path)]);
    }
  }
  return { checked, unchecked, problems };
}

function danglingLinks(repo: CachedRepo): string[] {
  return repo.revisions.flatMap(({ folder, files }) =>
    files.filter(({ content }) => content === undefined).map(({ path }) => join(folder, path)),
  );
}

function pointersTo(repo: CachedRepo, blob: string): string[] {
  return repo.revisions.flatMap(({ folder, files }) =>
    files
      .filter((file) => file.blob !== undefined && basename(file.blob) === basename(blob))
      .map(({ path }) => join(folder, path)),
  );
}

/** The checksum of a content in the form of its name; undefined where the name is none. */
async function checksum(
  path: string,
  name: string,
  size: number,
  onBytes: (count: number) => void,
): Promise<string | undefined> {
  const hash = hashFor(name, size);
  if (hash === undefined) return undefined;
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    onBytes(chunk.length);
  }
  return hash.digest("hex");
}
