// One file over the wire: from its address into an open file, going on where a cut connection left off, and checked
// against its announced length and checksum.
import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { writeFully } from "../support/atomic.js";
import { debug } from "../support/log.js";
import { etagOf } from "./api.js";
import { HubError, reasonOf, showUrl } from "./errors.js";
import type { HubAnswer, HubConnection } from "./http.js";
import { expectSuccess, type Subject } from "./refusal.js";

export interface Transfer {
  readonly url: string;
  readonly etag: string;
  /** Undefined where the server does not tell. */
  readonly size: number | undefined;
  /** What it is, for messages. */
  readonly subject: Subject & { readonly path: string };
  /** Called with the number of bytes that came; negative where some have to come again. */
  readonly onBytes?: (count: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes a file's content into `file`, which holds its first `begun` bytes already. Resolves when all is there and its
 * length and checksum are those announced.
 * @throws HubError `integrity` for other contents than announced, `network` where the connection is cut again and again.
 */
export async function transfer(
  connection: HubConnection,
  source: Transfer,
  file: FileHandle,
  begun: number,
): Promise<void> {
  for (let start = begun, round = 0; ; start = 0, round++) {
    const state = await Progression.begin(source, file, start);
    const pieced = await receive(connection, source, file, state);
    const wrong = await state.mismatch(file);
    if (wrong === undefined) return;
    if (round > 0 || !(pieced || start > 0))
      throw new HubError("integrity", `${where(source)}: ${wrong}. Nothing of it was kept; try again`);
    debug(`${where(source)}: ${wrong}; fetching it anew`); // what was put together from parts may not belong together
    source.onBytes?.(-state.position);
    await file.truncate(0);
  }
}

const MAX_ANSWERS = 1000; // that one file may need: a server that gives a byte at a time gets nobody anywhere

/** Receives all bytes. @returns True where more than one answer was needed. */
async function receive(
  connection: HubConnection,
  source: Transfer,
  file: FileHandle,
  state: Progression,
): Promise<boolean> {
  const { size, signal } = source;
  let failures = 0;
  for (let answers = 0; ; answers++) {
    if (state.position === size && (answers > 0 || size > 0)) return answers > 1;
    const before = state.position;
    let failure: unknown;
    try {
      const answer = await open(connection, source, state, file);
      for await (const chunk of answer.body) await state.take(chunk, file);
      if (size === undefined || state.position === size) return answers > 0;
      failure = new Error(`it ended after ${state.position} of ${size} bytes`);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof HubError || isLocal(error)) throw error;
      failure = error;
    }
    failures = state.position > before ? 1 : failures + 1; // as long as something comes, it will come to an end
    if (failures >= connection.attempts || answers >= MAX_ANSWERS) {
      throw new HubError(
        "network",
        `${where(source)}: the transfer broke off at ${state.position} of ${size ?? "an unknown number of"} bytes, ` +
          `the last time because: ${reasonOf(failure)}. Try again; slow connections may ` +
          "need a larger HF_HUB_DOWNLOAD_TIMEOUT (seconds)",
        { cause: failure },
      );
    }
    debug(`${where(source)}: ${reasonOf(failure)}; going on at byte ${state.position}`);
    await connection.backOff(failures + 1, signal);
  }
}

/** An answer whose content goes on at the state's position; the state begins anew where the server begins anew. */
async function open(
  connection: HubConnection,
  { url, size, etag, subject, signal }: Transfer,
  state: Progression,
  file: FileHandle,
): Promise<HubAnswer> {
  const headers: Record<string, string> = state.position > 0 ? { range: `bytes=${state.position}-` } : {};
  const expectEtag = (answer: HubAnswer) => {
    const said = answer.header("x-linked-etag") === undefined ? undefined : etagOf(answer);
    if (said === undefined || said === etag) return;
    throw new HubError("integrity", `${where({ subject })} is "${said}" now, where "${etag}" was announced: try again`);
  };
  const answer = await connection.request({ url, headers, signal, streamed: true, onRedirect: expectEtag });
  if (answer.status === 416 && state.position > 0) {
    await answer.drop();
    await state.restart(file);
    return open(connection, { url, size, etag, subject, signal }, state, file);
  }
  await expectSuccess(connection, answer, subject);
  const length = answer.header("content-length");
  if (answer.status === 206) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header("content-range") ?? "") ?? [];
    const fits = Number(first) === state.position && (size === undefined || total === "*" || Number(total) === size);
    if (fits) return answer;
    await answer.drop();
    throw new HubError(
      "integrity",
      `${showUrl(answer.url)} sent the range "${answer.header("content-range")}" where bytes from ${state.position} of ${size} were asked for`,
    );
  }
  if (state.position > 0) await state.restart(file); // the server knows no ranges: all of it comes again
  if (size !== undefined && length !== undefined && Number(length) !== size) {
    await answer.drop();
    throw new HubError("integrity", `${where({ subject })} has ${length} bytes there, where ${size} were announced`);
  }
  return answer;
}

/** How much of a file is there, and the checksum so far. */
class Progression {
  position = 0;
  readonly #source: Transfer;
  #hash: Hash | undefined;

  private constructor(source: Transfer) {
    this.#source = source;
    this.#hash = hashFor(source.etag, source.size);
  }

  /** With the first bytes of the file taken in. */
  static async begin(source: Transfer, file: FileHandle, begun: number): Promise<Progression> {
    const state = new Progression(source);
    if (begun === 0) return state;
    const stream = file.createReadStream({ start: 0, end: begun - 1, autoClose: false });
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      state.#hash?.update(chunk);
      state.position += chunk.length;
    }
    source.onBytes?.(state.position);
    return state;
  }

  async take(chunk: Uint8Array, file: FileHandle): Promise<void> {
    const { size, onBytes } = this.#source;
    if (size !== undefined && this.position + chunk.length > size) {
      throw new HubError("integrity", `${where(this.#source)}: more bytes come than the ${size} that were announced`);
    }
    await writeFully(file, chunk, this.position);
    this.#hash?.update(chunk);
    this.position += chunk.length;
    onBytes?.(chunk.length);
  }

  async restart(file: FileHandle): Promise<void> {
    this.#source.onBytes?.(-this.position);
    this.position = 0;
    this.#hash = hashFor(this.#source.etag, this.#source.size);
    await file.truncate(0);
  }

  /** What is wrong with what came; undefined where nothing is. */
  async mismatch(file: FileHandle): Promise<string | undefined> {
    const { etag, size } = this.#source;
    if (size !== undefined && this.position !== size) return `${this.position} bytes came, ${size} were announced`;
    const found = this.#hash?.digest("hex") ?? (await hashFile(file, etag, this.position));
    if (found === undefined || found === etag) return undefined;
    return `what came has the checksum ${found}, announced was ${etag}`;
  }
}

/** The checksum that an ETag is: sha256, or git's sha1 of a blob (which begins with the length); none for other ETags. */
export function hashFor(etag: string, size: number | undefined): Hash | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return createHash("sha256");
  if (/^[0-9a-f]{40}$/.test(etag) && size !== undefined) return createHash("sha1").update(`blob ${size}\0`);
  return undefined;
}

/** For a file whose length was known only at its end. */
async function hashFile(file: FileHandle, etag: string, size: number): Promise<string | undefined> {
  const hash = hashFor(etag, size);
  if (hash === undefined) return undefined;
  if (size === 0) return hash.digest("hex");
  const stream = file.createReadStream({ start: 0, end: size - 1, autoClose: false });
  for await (const chunk of stream as AsyncIterable<Uint8Array>) hash.update(chunk);
  return hash.digest("hex");
}

/** True for an error of this machine's disk, which no retry betters. */
function isLocal(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS", "EBADF"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function where({ subject }: Pick<Transfer, "subject">): string {
  return `${subject.repo?.id ?? "the Hub"}: ${subject.path}`;
}
