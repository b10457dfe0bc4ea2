// Contents into the cache: each is written beside its place under a name of its own, and takes its place when it is whole.
import { type FileHandle, open, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { isAbandoned, writerMark } from "../../support/atomic.js";
import { AttuneError } from "../../support/errors.js";
import { exists } from "../../support/exists.js";
import { debug } from "../../support/log.js";
import { HubError } from "../errors.js";
import type { HubConnection } from "../http.js";
import { type Transfer, transfer } from "../transfer.js";
import { namesIn, type RepoCache, sizeOf } from "./layout.js";

/** Fetches in progress in this process by the path of their blob: a content that two ask for comes once. */
const running = new Map<string, Promise<string>>();

/**
 * The path of a content in the cache, fetched if it is not there.
 * @param anew Fetch it even if it is there.
 * @throws HubError as transfer does, or where the disk has not enough room; nothing half-written is left in its place.
 */
export async function ensureBlob(
  connection: HubConnection,
  cache: RepoCache,
  source: Transfer,
  anew = false,
): Promise<string> {
  const blob = cache.blob(source.etag);
  const present = await sizeOf(blob); // through a link into a store that several repositories share, too
  if (!anew && present !== undefined && (source.size === undefined || present === source.size)) return blob;
  const others = running.get(blob);
  if (others !== undefined) return others;
  const fetching = fetchBlob(connection, cache, blob, source)
    .catch((error: unknown) => Promise.reject(inWords(error, cache)))
    .finally(() => running.delete(blob));
  running.set(blob, fetching);
  return fetching;
}

async function fetchBlob(connection: HubConnection, cache: RepoCache, blob: string, source: Transfer): Promise<string> {
  await cache.prepare();
  const temporary = `${blob}.${writerMark()}.incomplete`; // Python's ending for what is not whole
  const begun = await adoptAbandoned(cache, source.etag, temporary);
  await expectRoom(cache, source, begun);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, begun > 0 ? "r+" : "wx+");
    await transfer(connection, source, file, begun);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, blob); // takes the place of a link, too, and never writes through one
    return blob;
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** An error of the disk, with the folder and what to do; any other as it is. */
function inWords(error: unknown, cache: RepoCache): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof AttuneError || typeof code !== "string" || !/^E[A-Z]+$/.test(code)) return error;
  return new AttuneError(
    `cannot write into the cache ${cache.root}: ${message}. Free some space, or set HF_HUB_CACHE to a folder that takes it`,
    { cause: error },
  );
}

/**
 * Takes over what a killed process of this machine had of a content, under the name `temporary`.
 * @returns How many bytes of it there are.
 */
async function adoptAbandoned(cache: RepoCache, etag: string, temporary: string): Promise<number> {
  let adopted = 0;
  for (const name of await namesIn(cache.blobs)) {
    const [, mark] = name.startsWith(`${etag}.`) ? (/^\.(.+)\.incomplete$/.exec(name.slice(etag.length)) ?? []) : [];
    if (mark === undefined || !isAbandoned(mark)) continue;
    const path = join(cache.blobs, name);
    try {
      if (adopted > 0) {
        await rm(path, { force: true });
        continue;
      }
      await rename(path, temporary); // of two that see it, one gets it
      adopted = (await stat(temporary)).size;
      debug(`going on with ${adopted} bytes that an ended process left`);
    } catch (error) {
      debug(`left ${path} alone: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (adopted === 0) await rm(temporary, { force: true });
  return adopted;
}

async function expectRoom(cache: RepoCache, { size, subject }: Transfer, begun: number): Promise<void> {
  if (size === undefined) return;
  const space = await statfs(cache.blobs).catch(() => undefined);
  const unknown = space === undefined || space.blocks === 0; // some network file systems do not tell
  if (unknown || space.bavail * space.bsize >= size - begun) return;
  throw new HubError(
    "refused",
    `${subject.path} has ${size} bytes, and ${cache.root} has room for ${space.bavail * space.bsize}: free some, or set ` +
      "HF_HUB_CACHE to a folder on a larger disk",
  );
}

/** True where a snapshot has a file whose content is there, and of the announced length. */
export async function isPlaced(pointer: string, size: number | undefined): Promise<boolean> {
  return size === undefined ? exists(pointer) : (await sizeOf(pointer)) === size;
}
