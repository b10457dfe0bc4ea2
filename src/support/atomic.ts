// Writing files and folders so that a reader, a crash or a full disk never leaves a half-written one: everything goes
// to a temporary name in the same folder, reaches the disk (fsync), and only then takes its final name (rename). Devices and
// pipes are no files: what is written to them goes through, since a rename would put a file in their place.
import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { AttuneError } from "./errors.js";
import { warn } from "./log.js";

/** What a file is made of; an iterable is written as it is produced, so a file larger than memory is no problem. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes `data` to `path`, replacing any file of that name (a symbolic link is replaced, not followed). The folder must
 * exist. Readers see the old file or the whole new one, whatever happens in between; when the promise resolves, the new
 * one is on the disk. `mode` is that of the file from its first byte, 0o600 for secrets; default 0o666 less the umask.
 * A pipe or device, /dev/stdout say, is written to as the data comes.
 *
 * @throws AttuneError naming the path and the cause; the temporary file is gone and the old file untouched
 */
export async function writeFileAtomic(
  path: string,
  data: FileContent,
  options: { readonly mode?: number } = {},
): Promise<void> {
  if (await isPassage(path)) return writeThrough(path, data);
  const temporary = temporaryName(path);
  try {
    await removeAbandoned(path);
    const file = await open(temporary, "wx", options.mode);
    try {
      await writeAll(file, typeof data === "string" ? [new TextEncoder().encode(data)] : asChunks(data));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError("file", path, temporary, error);
  }
}

/** True where `path` is a pipe, a socket or a device, or a name in /dev that stands for whatever a stream leads to. */
async function isPassage(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return false;
  return !found.isFile() || /^\/dev\/(?:std(?:out|err)|fd\/\d+)$|^\/proc\/[^/]+\/fd\/\d+$/.test(resolve(path));
}

/** Appends to a pipe or device; a disk is refused, whose file system would be lost. */
async function writeThrough(path: string, data: FileContent): Promise<void> {
  try {
    if ((await stat(path)).isBlockDevice()) throw new Error("it is a disk. Choose the path of a file");
    const file = await open(path, "a");
    try {
      await writeAll(file, typeof data === "string" ? [new TextEncoder().encode(data)] : asChunks(data));
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AttuneError(`Could not write to ${path}: ${reason}`, { cause: error });
  }
}

/**
 * Makes the folder `path` hold exactly what `fill` writes into the temporary folder it is given; missing parents are
 * created. A folder that stood there before is replaced whole, with everything in it. Where none did, as with a new
 * checkpoint, its appearance is one rename; replacing one takes two, and a process killed between them leaves the old
 * folder under a temporary name beside it, which the next call for the same path puts back first.
 *
 * @throws AttuneError naming the path and the cause; the temporary folder is gone and the old folder untouched
 */
export async function replaceFolderAtomic(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const target = await realpath(path).catch(() => path); // a run's folder may be a link to a larger disk
  const parent = dirname(target);
  const temporary = temporaryName(target);
  try {
    await mkdir(parent, { recursive: true });
    await removeAbandoned(target);
    await mkdir(temporary);
    await fill(temporary);
    await syncTree(temporary);
    await takePlace(temporary, target);
    await syncFolder(parent);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw writeError("folder", path, temporary, error);
  }
}

/**
 * Removes a folder so that it is never seen half-removed: it leaves its name first. Does nothing where there is none.
 * @throws AttuneError naming the path and the cause
 */
export async function removeFolderAtomic(path: string): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await rename(path, temporary);
    await rm(temporary, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new AttuneError(`Could not remove ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Removes from `folder` what killed processes of this machine left of the folders and files whose names fit `pattern`,
 * after putting a folder back that one had moved away.
 */
export async function sweepAbandoned(folder: string, pattern: RegExp): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  const names = entries.map((entry) => /^\.(.+)\.\w+-\d+-[0-9a-f]{8}\.(?:tmp|old)$/.exec(entry)?.[1] ?? "");
  for (const name of new Set(names)) if (pattern.test(name)) await removeAbandoned(join(folder, name));
}

// Temporary names: .<name>.<host>-<pid>-<random>.tmp, and .old for a folder that is being replaced. Host and process
// tell a later writer whether the one that made it still lives.
const HOST = hostname()
  .replaceAll(/[^A-Za-z0-9]/g, "_")
  .slice(0, 40);

/** A part of a temporary file's name that no other file has, and that tells whether its writer still lives. */
export function writerMark(pid = process.pid): string {
  return `${HOST}-${pid}-${randomBytes(4).toString("hex")}`;
}

/** True for the mark of a process of this machine that has ended. */
export function isAbandoned(mark: string): boolean {
  const [, host, pid] = /^(\w+)-(\d+)-[0-9a-f]{8}$/.exec(mark) ?? [];
  return host === HOST && !isAlive(Number(pid));
}

/** A name beside `path` that no other process uses, and that removeAbandoned knows. */
export function temporaryName(path: string): string {
  return join(dirname(path), `${temporaryPrefix(path)}${writerMark()}.tmp`);
}

function temporaryPrefix(path: string): string {
  const name = basename(path);
  if (name.length <= 50) return `.${name}.`;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `.${name.slice(0, 40)}-${digest}.`; // file names end at 255 bytes on most file systems
}

/** Removes what killed processes of this machine left beside `path`, after putting a folder back that one had moved away. */
export async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = temporaryPrefix(path);
  const entries = await readdir(folder);
  for (const entry of entries) {
    if (!entry.startsWith(prefix)) continue;
    const [, mark, kind] = /^(\w+-\d+-[0-9a-f]{8})\.(tmp|old)$/.exec(entry.slice(prefix.length)) ?? [];
    if (mark === undefined || !isAbandoned(mark)) continue;
    if (kind === "old" && !entries.includes(basename(path))) await rename(join(folder, entry), path);
    else await rm(join(folder, entry), { recursive: true, force: true });
  }
}

/** Removes whatever killed processes of this machine left in a folder, beside any path. */
export async function removeAllAbandoned(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const [, host, pid] = /^\..+\.(\w+)-(\d+)-[0-9a-f]{8}\.tmp$/.exec(entry) ?? [];
    if (host === HOST && !isAlive(Number(pid))) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Renames the folder `temporary` to `path`; a folder there is moved away first, since rename replaces only empty ones. */
async function takePlace(temporary: string, path: string): Promise<void> {
  const old = temporary.replace(/\.tmp$/, ".old");
  try {
    await rename(temporary, path);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "EPERM") throw error; // EPERM: Windows' word for it
  }
  await rename(path, old);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rename(old, path);
    throw error;
  }
  await rm(old, { recursive: true, force: true }).catch((error) => {
    warn(`Replaced ${path}, but could not remove the folder that stood there, now ${old}: ${error.message}`);
  });
}

function asChunks(data: Exclude<FileContent, string>): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return data instanceof Uint8Array ? [data] : data;
}

const STAGE_BYTES = 1 << 20;
const MAX_WRITE_BYTES = 1 << 26; // a single write call ends at 2 GiB on every system; this stays far below

/** Writes the chunks in order; small ones are gathered, so that a writer of many rows does not make a system call each. */
async function writeAll(file: FileHandle, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const stage = new Uint8Array(STAGE_BYTES);
  let staged = 0;
  for await (const chunk of chunks) {
    if (staged + chunk.byteLength > STAGE_BYTES) {
      await writeFully(file, stage.subarray(0, staged));
      staged = 0;
    }
    if (chunk.byteLength > STAGE_BYTES) {
      await writeFully(file, chunk);
    } else {
      stage.set(chunk, staged);
      staged += chunk.byteLength;
    }
  }
  await writeFully(file, stage.subarray(0, staged));
}

/**
 * Writes all of `bytes`, where the file stands or from `position` on. A nearly full disk takes part of a write and reports
 * the error only at the next: so it is written until all of it is taken.
 */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  let offset = 0;
  while (offset < bytes.byteLength) {
    const length = Math.min(bytes.byteLength - offset, MAX_WRITE_BYTES);
    const { bytesWritten } = await file.write(bytes, offset, length, position === undefined ? null : position + offset);
    offset += bytesWritten;
  }
}

/** Makes everything in a folder durable. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncAndClose(await open(path, process.platform === "win32" ? "r+" : "r"));
  }
  await syncFolder(folder);
}

async function syncAndClose(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename durable. Windows and some network file systems cannot sync a folder; there the rename has to do. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await syncAndClose(await open(folder, "r"));
  } catch (error) {
    if (!["EISDIR", "EPERM", "EINVAL", "ENOTSUP", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw error;
    }
  }
}

/** What went wrong, in words a person can act on, by the system's error code. */
const REMEDIES: Record<string, string> = {
  ENOSPC: "the disk is full (ENOSPC). Free some space or choose another folder",
  EDQUOT: "the disk quota is used up (EDQUOT). Free some space or choose another folder",
  EFBIG:
    "the file would be larger than this process or file system allows (EFBIG). Raise the limit (see ulimit -f) or choose another folder",
  ENOENT: "its folder does not exist (ENOENT). Create the folder first",
  ENOTDIR: "a part of the path is a file, not a folder (ENOTDIR). Choose another path",
  EISDIR: "a folder of that name stands in its place (EISDIR). Choose another name",
  EACCES: "permission is denied (EACCES). Choose a folder that you may write to",
  EPERM: "the system does not permit it (EPERM). Choose a folder that you may write to",
  EROFS: "the file system is read-only (EROFS). Choose another folder",
  ENAMETOOLONG: "the name is too long (ENAMETOOLONG). Choose a shorter one",
};

const REASSURANCE = " Nothing half-written was left behind.";

/** What a failed write to `path` is reported as; `temporary` is the name that it was written under. */
export function writeError(kind: "file" | "folder", path: string, temporary: string, error: unknown): AttuneError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "";
  let cause = REMEDIES[code];
  if (cause === undefined) {
    const message = error instanceof Error ? error.message : String(error);
    cause = message.replace(REASSURANCE, "").replaceAll(temporary, path).replace(/\.$/, "");
  }
  return new AttuneError(`Could not write ${kind} ${path}: ${cause}.${REASSURANCE}`, { cause: error });
}
