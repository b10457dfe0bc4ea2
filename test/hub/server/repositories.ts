// What a Hub keeps: repositories with their branches and commits, files by content as git and LFS name them.
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";

export type RepoType = "model" | "dataset";

/** A content, in memory or in a file on the disk. */
export interface Content {
  readonly size: number;
  read(start: number, end: number): Readable;
}

export interface StoredFile {
  readonly content: Content;
  /** Git's id of the blob: for a large file that of its pointer. */
  readonly oid: string;
  /** Large files only. */
  readonly sha256?: string;
  readonly xetHash?: string;
}

export type Files = ReadonlyMap<string, StoredFile>;

export interface Commit {
  readonly id: string;
  readonly parent: string | undefined;
  readonly title: string;
  readonly description: string;
  readonly files: Files;
}

export interface Repository {
  readonly type: RepoType;
  readonly id: string;
  private: boolean;
  /** Users that have been granted access; undefined for a repository that is not gated. */
  gated?: readonly string[];
  readonly branches: Map<string, string>;
  readonly commits: Map<string, Commit>;
  pulls: number;
}

export function bytesContent(bytes: Uint8Array): Content {
  return { size: bytes.length, read: (start, end) => Readable.from([bytes.subarray(start, end)]) };
}

export function fileContent(path: string): Content {
  const { size } = statSync(path);
  return {
    size,
    read: (start, end) => (end > start ? createReadStream(path, { start, end: end - 1 }) : Readable.from([])),
  };
}

export function gitOid(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** A file as git keeps it. */
export function smallFile(bytes: Uint8Array | string): StoredFile {
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return { content: bytesContent(content), oid: gitOid(content) };
}

/** A file as LFS keeps it. */
export function largeFile(content: Content, sha256: string, xetHash?: string): StoredFile {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${content.size}\n`;
  return { content, sha256, oid: gitOid(new TextEncoder().encode(pointer)), xetHash };
}

export function largeBytes(bytes: Uint8Array): StoredFile {
  return largeFile(bytesContent(bytes), createHash("sha256").update(bytes).digest("hex"));
}

/** The Hub's choice: these endings, and what is longer than 10 MB, go to LFS. */
export function isLarge(path: string, size: number): boolean {
  return size > 10e6 || /\.(safetensors|bin|parquet|h5|onnx|pt|arrow|model)$/.test(path);
}

/** All files of a folder, as the Hub would keep them. */
export function filesOfFolder(folder: string): Files {
  const files = new Map<string, StoredFile>();
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const whole = join(folder, path);
    if (!statSync(whole).isFile()) continue;
    const large = isLarge(path, statSync(whole).size);
    files.set(path, large ? largeFile(fileContent(whole), hashOfFile(whole)) : smallFile(readFileSync(whole)));
  }
  return files;
}

export function hashOfFile(path: string): string {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  const buffer = new Uint8Array(1 << 20);
  for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer))
    hash.update(buffer.subarray(0, count));
  closeSync(file);
  return hash.digest("hex");
}

let commits = 0;

/** Adds a commit with these files to a branch. */
export function commit(
  repository: Repository,
  branch: string,
  files: Files,
  { title = "commit", description = "" }: { readonly title?: string; readonly description?: string } = {},
): Commit {
  const parent = repository.branches.get(branch);
  const id = createHash("sha1").update(`${repository.type} ${repository.id} ${branch} ${commits++}`).digest("hex");
  const made = { id, parent, title, description, files };
  repository.commits.set(id, made);
  repository.branches.set(branch, id);
  return made;
}

export function emptyRepository(type: RepoType, id: string, isPrivate = false): Repository {
  const repository = { type, id, private: isPrivate, branches: new Map(), commits: new Map(), pulls: 0 };
  commit(repository, "main", new Map([[".gitattributes", smallFile("*.safetensors filter=lfs\n")]]), {
    title: "initial commit",
  });
  return repository;
}

/** The commit that a branch, a commit or its beginning names. */
export function commitAt(repository: Repository, revision: string): Commit | undefined {
  const id = repository.branches.get(revision) ?? repository.branches.get(`refs/heads/${revision}`) ?? revision;
  return repository.commits.get(id);
}
