// Large files: the LFS batch tells where each goes, whole or in parts; what the Hub has already goes nowhere.
// Protocol: git-lfs docs/api/batch.md, with the Hub's transfer "multipart" (huggingface_hub: lfs.py).
import { HubError, showUrl } from "../errors.js";
import type { HubAnswer, HubConnection } from "../http.js";
import { inParallel } from "../parallel.js";
import { refusal } from "../refusal.js";
import { describeRepo, type Repo, webPath } from "../repository.js";
import type { Source } from "./source.js";

export interface LargeFile {
  readonly source: Source;
  readonly sha256: string;
}

const BATCH = 256; // objects in a question
const PARALLEL_FILES = 4;
const ANSWER_SECONDS = 60; // a storage answers when it has written what came
const JSON_TYPE = { accept: "application/vnd.git-lfs+json", "content-type": "application/vnd.git-lfs+json" };

interface Action {
  readonly href: string;
  readonly header: Readonly<Record<string, string>>;
}

/** Uploads what the Hub does not have. `branch` is undefined for a pull request, which needs no right to a branch. */
export async function uploadLargeFiles(
  connection: HubConnection,
  repo: Repo,
  branch: string | undefined,
  files: readonly LargeFile[],
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const unique = [...new Map(files.map((file) => [file.sha256, file])).values()];
  for (let start = 0; start < unique.length; start += BATCH) {
    const batch = new Map(unique.slice(start, start + BATCH).map((file) => [file.sha256, file]));
    const jobs = await askBatch(connection, repo, branch, [...batch.values()]);
    await inParallel(
      jobs,
      PARALLEL_FILES,
      async ({ oid, upload, verify }, stop) => {
        const file = batch.get(oid);
        if (file === undefined) throw new HubError("integrity", `the Hub asks for a file that was not offered: ${oid}`);
        if (upload === undefined) {
          onBytes(file.source.size); // it is there already
          return;
        }
        await uploadOne(connection, repo, file, upload, onBytes, stop);
        await file.source.expectUnchanged();
        if (verify !== undefined) await confirm(connection, repo, file, verify, stop);
      },
      signal,
    );
  }
}

interface Job {
  readonly oid: string;
  readonly upload: Action | undefined;
  readonly verify: Action | undefined;
}

async function askBatch(
  connection: HubConnection,
  repo: Repo,
  branch: string | undefined,
  files: readonly LargeFile[],
): Promise<Job[]> {
  const answer = await connection.request({
    method: "POST",
    url: `${webPath(repo)}.git/info/lfs/objects/batch`,
    headers: JSON_TYPE,
    body: JSON.stringify({
      operation: "upload",
      transfers: ["basic", "multipart"],
      hash_algo: "sha256",
      objects: files.map(({ source, sha256 }) => ({ oid: sha256, size: source.size })),
      ...(branch === undefined ? {} : { ref: { name: branch } }),
    }),
  });
  await expectDone(connection, answer, repo);
  const { objects } = (await answer.json()) as { objects?: unknown };
  if (!Array.isArray(objects)) throw new HubError("integrity", `${showUrl(answer.url)} names no objects`);
  return objects.map((object: Record<string, unknown>) => {
    const { oid, error, actions } = object;
    const failure = error as { message?: unknown; code?: unknown } | undefined;
    if (failure) {
      throw new HubError(
        "refused",
        `the Hub does not take ${String(oid)} of ${describeRepo(repo)}: ${String(failure.message)}`,
      );
    }
    const { upload, verify } = (actions ?? {}) as { upload?: unknown; verify?: unknown };
    return { oid: String(oid), upload: actionOf(connection, upload), verify: actionOf(connection, verify) };
  });
}

function actionOf(connection: HubConnection, action: unknown): Action | undefined {
  if (action === undefined || action === null) return undefined;
  const { href, header } = action as { href?: unknown; header?: unknown };
  if (typeof href !== "string") throw new HubError("integrity", "the Hub tells no address for an upload");
  const entries = Object.entries((header ?? {}) as Record<string, unknown>);
  return {
    href: viaEndpoint(connection, href),
    header: Object.fromEntries(entries.map(([name, value]) => [name, String(value)])),
  };
}

/** A mirror's answers name the Hub itself; what is asked of the Hub is asked through the mirror. */
function viaEndpoint(connection: HubConnection, url: string): string {
  return url.replace(/^https:\/\/huggingface\.co(?=\/)/, connection.endpoint);
}

async function uploadOne(
  connection: HubConnection,
  repo: Repo,
  { source, sha256 }: LargeFile,
  { href, header }: Action,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  if (header.chunk_size === undefined) {
    await put(connection, source, href, 0, source.size, onBytes, signal);
    return;
  }
  const chunkSize = Number(header.chunk_size);
  const addresses = Object.keys(header)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => viaEndpoint(connection, header[name]));
  if (!(chunkSize > 0) || addresses.length !== Math.ceil(source.size / chunkSize)) {
    throw new HubError(
      "integrity",
      `the Hub gives ${addresses.length} addresses for ${source.path}, of parts of ${header.chunk_size} bytes`,
    );
  }
  const parts: { partNumber: number; etag: string }[] = [];
  for (const [i, address] of addresses.entries()) {
    const end = Math.min(source.size, (i + 1) * chunkSize);
    const answer = await put(connection, source, address, i * chunkSize, end, onBytes, signal);
    const etag = answer.header("etag");
    if (!etag) throw new HubError("integrity", `the storage gives no ETag for part ${i + 1} of ${source.path}`);
    parts.push({ partNumber: i + 1, etag });
  }
  const answer = await connection.request({
    method: "POST",
    url: href,
    headers: JSON_TYPE,
    body: JSON.stringify({ oid: sha256, parts }),
    timeout: ANSWER_SECONDS,
    signal,
  });
  await (await expectDone(connection, answer, repo)).drop();
}

/** Puts some bytes of a file to the storage, again from their beginning where that fails. */
async function put(
  connection: HubConnection,
  source: Source,
  url: string,
  start: number,
  end: number,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<HubAnswer> {
  let counted = 0;
  const counting = async function* () {
    onBytes(-counted);
    counted = 0;
    for await (const chunk of source.bytes(start, end)) {
      yield chunk;
      counted += chunk.length;
      onBytes(chunk.length);
    }
  };
  const answer = await connection.request({
    method: "PUT",
    url,
    body: { length: end - start, bytes: counting },
    timeout: ANSWER_SECONDS,
    signal,
  });
  await answer.drop();
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new HubError("server", `${showUrl(url)} did not take ${source.path} (${answer.status})`, {
    status: answer.status,
  });
}

/** Asks the Hub whether what came is what was announced. */
async function confirm(
  connection: HubConnection,
  repo: Repo,
  { source, sha256 }: LargeFile,
  { href }: Action,
  signal: AbortSignal,
): Promise<void> {
  const answer = await connection.request({
    method: "POST",
    url: href,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ oid: sha256, size: source.size }),
    signal,
  });
  await (await expectDone(connection, answer, repo)).drop();
}

async function expectDone(connection: HubConnection, answer: HubAnswer, repo: Repo): Promise<HubAnswer> {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw await refusal(connection, answer, { repo, writing: true });
}
