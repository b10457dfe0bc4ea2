// The cache on the disk, as Python's huggingface_hub 2.x lays it out, so that both find what either downloaded:
//   models--owner--name/blobs/ETAG              contents
//                      /refs/REVISION           the commit that a branch or tag was at, 40 digits without a newline
//                      /snapshots/COMMIT/PATH   relative links to the blobs (copies where there can be no links)
//                      /.no_exist/COMMIT/PATH   empty: known not to be in that commit
//                      /trees/COMMIT.json       the listing of a commit
// Python guards it with flock, which Node lacks. Here a file is written under a name of its own and renamed, so two that
// fetch the same one end with one good blob.
import {
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  unlink,
} from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { writeFileAtomic, writerMark } from "../../support/atomic.js";
import { exists } from "../../support/exists.js";
import { debug } from "../../support/log.js";
import { hubEnvironment } from "../environment.js";
import { HubError } from "../errors.js";
import { checkPath, isCommit, type Repo } from "../repository.js";

/** A file of a commit's listing. */
export interface TreeEntry {
  readonly size: number;
  /** The name of its blob, and its checksum: sha256 of large files, git's sha1 of others. */
  readonly etag: string;
  /** Of git's object: for a large file that of its pointer. */
  readonly oid: string;
  readonly xetHash?: string;
}

export type Tree = ReadonlyMap<string, TreeEntry>;

/** The folder of a repository, as its name in the cache. */
export function repoFolderName({ type, id }: Repo): string {
  return [`${type}s`, ...id.split("/")].join("--");
}

/** One repository's folder in the cache. */
export class RepoCache {
  readonly repo: Repo;
  /** The cache's root. */
  readonly root: string;
  readonly folder: string;

  constructor(repo: Repo, cacheDir: string | undefined) {
    this.repo = repo;
    this.root = resolve(cacheDir ?? hubEnvironment().cacheDir);
    this.folder = join(this.root, repoFolderName(repo));
  }

  get blobs(): string {
    return join(this.folder, "blobs");
  }

  /** The path of a content. Throws HubError for an ETag that cannot be a file's name. */
  blob(etag: string): string {
    if (/^[\w][\w.+=-]{0,199}$/.test(etag)) return join(this.blobs, etag);
    throw new HubError("integrity", `the ETag ${JSON.stringify(etag)} cannot name a file; it is refused`);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  /** The path of a file in a snapshot. Throws HubError for a path that leads out of it. */
  pointer(commit: string, path: string): string {
    return join(this.snapshot(commit), checkPath(path));
  }

  /** The commit that a revision was at when it was last seen. */
  async readRef(revision: string): Promise<string | undefined> {
    const text = await readText(join(this.folder, "refs", revision));
    const commit = text?.trim(); // some tools end it with a newline
    return commit !== undefined && isCommit(commit) ? commit : undefined;
  }

  /** Notes where a revision is; a cache that cannot be written to (another user's, a read-only disk) is no error. */
  async writeRef(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.readRef(revision)) === commit) return;
    await this.#note(join(this.folder, "refs", revision), commit);
  }

  async isKnownAbsent(commit: string, path: string): Promise<boolean> {
    return exists(join(this.folder, ".no_exist", commit, checkPath(path)));
  }

  /** Notes that a commit has no such file, so that Python need not ask, either. */
  async noteAbsent(commit: string, path: string): Promise<void> {
    const marker = join(this.folder, ".no_exist", commit, checkPath(path));
    if (!(await exists(marker))) await this.#note(marker, "");
  }

  /** The listing of a commit, if it was fetched before; one that cannot be read counts as not fetched. */
  async readTree(commit: string): Promise<Tree | undefined> {
    const text = await readText(join(this.folder, "trees", `${commit}.json`));
    return text === undefined ? undefined : parseTree(text);
  }

  async writeTree(commit: string, tree: Tree): Promise<void> {
    await this.#note(join(this.folder, "trees", `${commit}.json`), formatTree(tree));
  }

  /** Makes the folders for blobs, and marks the cache for backup tools. */
  async prepare(): Promise<void> {
    await mkdir(this.blobs, { recursive: true });
    const tag = join(this.root, "CACHEDIR.TAG");
    if (!(await exists(tag))) await this.#note(tag, CACHEDIR_TAG);
  }

  /**
   * Makes `path` appear in a snapshot as the content of a blob: a relative link, or where the system has none a copy.
   * @throws HubError where a folder on the way is a link that leads out of the snapshot.
   */
  async place(commit: string, path: string, blob: string): Promise<string> {
    const pointer = this.pointer(commit, path);
    await mkdir(dirname(pointer), { recursive: true });
    await this.#refuseDetour(commit, pointer);
    if (!hubEnvironment().copiesOnly && (await linkTo(blob, pointer))) return pointer;
    await copyTo(blob, pointer);
    return pointer;
  }

  async #refuseDetour(commit: string, pointer: string): Promise<void> {
    const snapshot = this.snapshot(commit);
    const expected = join(await realpath(snapshot), relative(snapshot, dirname(pointer)));
    const actual = await realpath(dirname(pointer));
    if (actual === expected) return;
    throw new HubError(
      "integrity",
      `${dirname(pointer)} is a link to ${actual}: nothing is written through it. Remove the link, or the whole folder ${snapshot}`,
    );
  }

  async #note(path: string, text: string): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, text);
    } catch (error) {
      debug(`not noted in the cache: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const CACHEDIR_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This file marks a cache directory, so that backup tools leave it out.
# See https://bford.info/cachedir/
`;

/** Points `pointer` at `blob`. @returns False where the system has no links for this user. */
async function linkTo(blob: string, pointer: string): Promise<boolean> {
  const target = relative(dirname(pointer), blob);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await symlink(target, pointer); // appears whole or not at all, so it needs no temporary name
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") return refuseUnlessUnsupported(error, code);
      if ((await readlink(pointer).catch(() => undefined)) === target) return true; // another process was faster
      await unlink(pointer); // it points at another content, at nothing, or is a damaged copy
    }
  }
  throw new HubError("integrity", `${pointer} is changed by another process all the time`);
}

function refuseUnlessUnsupported(error: unknown, code: string | undefined): false {
  if (["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL"].includes(code ?? "")) return false;
  throw error;
}

/** Puts the content of a blob at `pointer`: a hard link where that works, else a copy that appears whole. */
async function copyTo(blob: string, pointer: string): Promise<void> {
  await unlink(pointer).catch(() => undefined);
  try {
    await link(await realpath(blob), pointer);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return; // another process was faster
  }
  const staged = `${blob}.${writerMark()}.incomplete`;
  try {
    await copyFile(blob, staged);
    await rename(staged, pointer);
  } finally {
    await rm(staged, { force: true });
  }
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function parseTree(text: string): Tree | undefined {
  try {
    const { format_version: format, files } = JSON.parse(text) as { format_version?: unknown; files?: unknown };
    if (format !== 1 || typeof files !== "object" || files === null) return undefined;
    const entries = Object.entries(files as Record<string, Record<string, unknown>>);
    const tree = new Map<string, TreeEntry>();
    for (const [path, { size, blob_id: oid, lfs_sha256: sha256, lfs_size: largeSize, xet_hash: xetHash }] of entries) {
      if (typeof size !== "number" || typeof oid !== "string") return undefined;
      const large = typeof sha256 === "string" && typeof largeSize === "number";
      tree.set(path, {
        size: large ? largeSize : size,
        etag: large ? sha256 : oid,
        oid,
        ...(typeof xetHash === "string" ? { xetHash } : {}),
      });
    }
    return tree;
  } catch {
    return undefined;
  }
}

/** As Python writes it: sorted paths, one space of indentation. */
function formatTree(tree: Tree): string {
  const files = [...tree.keys()].sort().map((path): [string, object] => {
    const { size, etag, oid, xetHash } = tree.get(path) as TreeEntry;
    const large = etag === oid ? {} : { lfs_sha256: etag, lfs_size: size };
    return [path, { size, blob_id: oid, ...large, ...(xetHash === undefined ? {} : { xet_hash: xetHash }) }];
  });
  return JSON.stringify({ format_version: 1, files: Object.fromEntries(files) }, null, 1);
}

/** The size of a file, links followed; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
}

/** Names of what is in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).then(
    (names) => names.sort(),
    () => [],
  );
}
