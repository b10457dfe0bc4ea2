// What is published: contents by their paths in the repository, in memory or in files on the disk.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { HubError } from "../errors.js";

/** A file to be written into a repository. */
export interface Addition {
  /** Its path there, with forward slashes. */
  readonly path: string;
  /** Its content: bytes, or the path of a file on the disk. */
  readonly content: Uint8Array | { readonly file: string };
}

/** A content that is about to be sent: its size is fixed, and its bytes can be had again and again. */
export interface Source {
  readonly path: string;
  readonly size: number;
  /** The bytes from `start` to `end`. */
  bytes(start?: number, end?: number): AsyncIterable<Uint8Array>;
  all(): Promise<Uint8Array>;
  /** Throws HubError where the content has changed since it was opened. */
  expectUnchanged(): Promise<void>;
}

export async function openSource({ path, content }: Addition): Promise<Source> {
  if (content instanceof Uint8Array) {
    return {
      path,
      size: content.length,
      bytes: (start = 0, end = content.length) => once(content.subarray(start, end)),
      all: async () => content,
      expectUnchanged: async () => undefined,
    };
  }
  const { file } = content;
  const before = await stat(file);
  return {
    path,
    size: before.size,
    bytes: (start = 0, end = before.size) => (end > start ? createReadStream(file, { start, end: end - 1 }) : once()),
    all: () => readFile(file),
    expectUnchanged: async () => {
      const now = await stat(file);
      if (now.size === before.size && now.mtimeMs === before.mtimeMs && now.ino === before.ino) return;
      throw new HubError("conflict", `${file} was changed while it was being uploaded`);
    },
  };
}

async function* once(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

/** The first bytes, from which the Hub tells text from other contents. */
export async function sampleOf(addition: Addition, length = 512): Promise<Uint8Array> {
  if (addition.content instanceof Uint8Array) return addition.content.subarray(0, length);
  const handle = await open(addition.content.file);
  try {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

export async function sha256Of(source: Source, onBytes: (count: number) => void, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of source.bytes()) {
    signal.throwIfAborted();
    hash.update(chunk);
    onBytes(chunk.length);
  }
  return hash.digest("hex");
}

/** Git's id of a content. */
export function gitOid(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}
