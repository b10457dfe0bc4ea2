// Uploads as the Hub takes them: preupload, the LFS batch, parts put to the storage, completion and verification.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { bytesContent, type Commit, isLarge, largeFile, type Repository, type StoredFile } from "./repositories.js";
import { bodyOf, json, type LoopbackHub, type Request, refuse } from "./server.js";

/** What was uploaded, by sha256, and what is on the way. */
export class Uploads {
  readonly done = new Map<string, StoredFile>();
  readonly parts = new Map<string, Map<number, Uint8Array>>();
  /** Bytes of a part; larger files come in several. */
  chunkSize = 5_000_000;
  /** How many parts were put. */
  puts = 0;
  /** False: parts are counted and believed, not kept; for files that would fill the memory. */
  keep = true;
}

interface Preupload {
  readonly files: readonly { readonly path: string; readonly size: number; readonly sample: string }[];
  readonly gitIgnore?: string;
}

export async function answerPreupload({ message, response }: Request, head: Commit): Promise<void> {
  const { files, gitIgnore } = JSON.parse(await bodyOf(message)) as Preupload;
  const ignored = (gitIgnore ?? "").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  json(response, {
    files: files.map(({ path, size }) => ({
      path,
      uploadMode: isLarge(path, size) ? "lfs" : "regular",
      shouldIgnore: ignored.includes(path),
      oid: head.files.get(path)?.sha256 ?? head.files.get(path)?.oid,
    })),
  });
}

interface Batch {
  readonly operation: string;
  readonly transfers: readonly string[];
  readonly objects: readonly { readonly oid: string; readonly size: number }[];
}

export async function answerBatch(
  hub: LoopbackHub,
  { message, response, account }: Request,
  repository: Repository,
): Promise<void> {
  const { operation, transfers, objects } = JSON.parse(await bodyOf(message)) as Batch;
  if (account === undefined) return refuse(response, 401);
  if (operation !== "upload") return json(response, { error: "only uploads" }, 400);
  const known = [...repository.commits.values()].flatMap(({ files }) => [...files.values()]);
  const isThere = (oid: string) => hub.uploads.done.has(oid) || known.some(({ sha256 }) => sha256 === oid);
  const { chunkSize } = hub.uploads;
  json(response, {
    transfer: transfers.includes("multipart") ? "multipart" : "basic",
    objects: objects.map(({ oid, size }) => {
      if (isThere(oid)) return { oid, size };
      const verify = { href: `${hub.endpoint}/lfs/verify/${oid}` };
      hub.uploads.parts.set(oid, new Map());
      if (size <= chunkSize) return { oid, size, actions: { upload: { href: hub.partAddress(oid, 1) }, verify } };
      const count = Math.ceil(size / chunkSize);
      const addresses = Array.from({ length: count }, (_, i) => [
        String(i + 1).padStart(5, "0"),
        hub.partAddress(oid, i + 1),
      ]);
      const header = { chunk_size: String(chunkSize), ...Object.fromEntries(addresses) };
      return { oid, size, actions: { upload: { href: `${hub.endpoint}/lfs/complete/${oid}`, header }, verify } };
    }),
  });
}

/** PUT of one part to the storage. */
export async function answerPart(hub: LoopbackHub, { message, response, url }: Request): Promise<void> {
  const [, oid, part] = /^\/upload\/([0-9a-f]{64})\/(\d+)$/.exec(url.pathname) ?? [];
  const parts = hub.uploads.parts.get(oid);
  if (parts === undefined) return refuse(response, 404);
  const received: Uint8Array[] = [];
  for await (const chunk of message) received.push(chunk as Uint8Array);
  const bytes = Buffer.concat(received);
  hub.uploads.puts++;
  parts.set(Number(part), hub.uploads.keep ? bytes : new Uint8Array(0));
  response.setHeader("etag", `"${createHash("md5").update(bytes).digest("hex")}"`);
  json(response, {});
}

/** POST when all parts of a file are there. */
export async function answerComplete(hub: LoopbackHub, { message, response }: Request): Promise<void> {
  const { oid, parts } = JSON.parse(await bodyOf(message)) as {
    oid: string;
    parts: { partNumber: number; etag: string }[];
  };
  const put = hub.uploads.parts.get(oid);
  const right = parts.every(({ partNumber, etag }) => {
    if (!hub.uploads.keep) return true;
    const bytes = put?.get(partNumber);
    return bytes !== undefined && etag === `"${createHash("md5").update(bytes).digest("hex")}"`;
  });
  json(response, right ? { success: true } : { error: "parts are missing" }, right ? 200 : 400);
}

/** POST after an upload: what came must be what was announced. */
export async function answerVerify(hub: LoopbackHub, { message, response, account }: Request): Promise<void> {
  const { oid, size } = JSON.parse(await bodyOf(message)) as { oid: string; size: number };
  if (account === undefined) return refuse(response, 401);
  if (!hub.uploads.keep) {
    hub.uploads.done.set(oid, largeFile({ size, read: () => Readable.from([]) }, oid));
    return json(response, {});
  }
  const bytes = assemble(hub, oid);
  const right = bytes !== undefined && bytes.length === size;
  json(response, right ? {} : { error: "what was uploaded is not what was announced" }, right ? 200 : 422);
}

/** The content that was put together for a sha256, kept from now on. */
export function assemble(hub: LoopbackHub, oid: string): Uint8Array | undefined {
  const parts = hub.uploads.parts.get(oid);
  if (parts === undefined || !hub.uploads.keep) return undefined;
  const bytes = Buffer.concat([...parts.keys()].sort((a, b) => a - b).map((part) => parts.get(part) as Uint8Array));
  if (createHash("sha256").update(bytes).digest("hex") !== oid) return undefined;
  hub.uploads.done.set(oid, largeFile(bytesContent(bytes), oid));
  return bytes;
}
