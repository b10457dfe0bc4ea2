// One commit with all files: what kind of file each is (preupload), the large ones uploaded, then lines of JSON that make
// the commit (huggingface_hub: _commit_api.py). Nothing is visible on the Hub before the last step.
import { fieldsOf, listTree, repoState } from "../api.js";
import type { Tree } from "../cache/layout.js";
import { HubError, reasonOf } from "../errors.js";
import { type ConnectionOptions, type HubAnswer, HubConnection } from "../http.js";
import { inParallel } from "../parallel.js";
import { ByteProgress } from "../progress.js";
import { expectSuccess } from "../refusal.js";
import { apiPath, checkPath, checkRevision, describeRepo, type Repo, type RepoType, webPath } from "../repository.js";
import { type LargeFile, uploadLargeFiles } from "./large-files.js";
import { ensureBranch, ensureRepo, openForWriting, ownRepo, textField } from "./repo.js";
import { type Addition, gitOid, openSource, type Source, sampleOf, sha256Of } from "./source.js";

export interface PublishOptions extends ConnectionOptions {
  /** Default "model". */
  readonly repoType?: RepoType;
  /** For a repository that is made now. Default: public, or what an organization has set. */
  readonly private?: boolean;
  /** The branch; it is made if there is none. Default "main". */
  readonly revision?: string;
  /** Open a pull request instead of writing to the branch. Default false. */
  readonly createPr?: boolean;
  readonly commitMessage?: string;
  readonly commitDescription?: string;
  /** Refuse where the branch is not at this commit (or its beginning) any more. */
  readonly parentCommit?: string;
  readonly signal?: AbortSignal;
}

export interface Published {
  /** The repository, with its owner. */
  readonly id: string;
  /** Its page. */
  readonly url: string;
  readonly commit: string;
  readonly commitUrl: string;
  readonly pullRequestUrl: string | undefined;
  /** Paths that changed; none where the Hub had all of it already, and no commit was made. */
  readonly changed: readonly string[];
}

const QUESTION = 256; // files in a preupload question
const PARALLEL_HASHES = 2;

/**
 * Writes files into a repository and removes others, in one commit. The repository is made if there is none.
 * @throws HubError; then the repository is as it was. What was uploaded of large files need not be uploaded again
 */
export async function publish(
  repoId: string,
  additions: readonly Addition[],
  options: PublishOptions = {},
  deletions: readonly string[] = [],
): Promise<Published> {
  for (const { path } of additions) checkPublished(path);
  const branch = checkRevision(options.revision ?? "main");
  const connection = await openForWriting(options);
  const repo = await ownRepo(connection, options, repoId);
  await ensureRepo(connection, repo, options);
  if (!options.createPr) await ensureBranch(connection, repo, branch);
  const url = connection.endpoint + webPath(repo);

  const files = await sortFiles(connection, repo, branch, additions, options.createPr ?? false);
  const signal = options.signal ?? new AbortController().signal;
  const large = await hashLarge(files, signal);
  const changed = (
    await Promise.all(files.map(async (file) => ((await isUnchanged(file, large)) ? [] : [file])))
  ).flat();
  if (changed.length === 0 && deletions.length === 0) {
    const { commit } = await repoState(connection, repo, branch);
    return { id: repo.id, url, commit, commitUrl: `${url}/commit/${commit}`, pullRequestUrl: undefined, changed: [] };
  }
  const toUpload = changed.flatMap(({ source }) => {
    const sha256 = large.get(source.path);
    return sha256 === undefined ? [] : [{ source, sha256 }];
  });
  await uploadAll(connection, repo, options.createPr ? undefined : branch, toUpload, signal);
  const lines = await commitLines(changed, large, deletions, options);
  const expected = { changed, large, deletions };
  const answer = await sendCommit(connection, repo, branch, lines, options, expected);
  const paths = [...changed.map(({ source }) => source.path), ...deletions];
  return { id: repo.id, url, ...answer, changed: paths };
}

/** A path that may be written: inside the repository, and not git's or the cache's own. */
function checkPublished(path: string): void {
  checkPath(path);
  const own = path.split("/").find((part) => part === ".git");
  if (own !== undefined) throw new HubError("refused", `${path} is git's own: it is not published`);
}

interface File {
  readonly source: Source;
  readonly isLarge: boolean;
  /** Git's id, or the sha256, of what the Hub has under the path. */
  readonly remote: string | undefined;
}

/** Asks the Hub which files are large, and which its .gitignore leaves out. */
async function sortFiles(
  connection: HubConnection,
  repo: Repo,
  branch: string,
  additions: readonly Addition[],
  asPull: boolean,
): Promise<File[]> {
  const ignore = additions.find(({ path }) => path === ".gitignore");
  const gitIgnore = ignore && Buffer.from(await (await openSource(ignore)).all()).toString("utf8");
  const files: File[] = [];
  for (let start = 0; start < additions.length; start += QUESTION) {
    const batch = additions.slice(start, start + QUESTION);
    const sources = await Promise.all(batch.map(openSource));
    const asked = await Promise.all(
      batch.map(async (addition, i) => ({
        path: addition.path,
        size: sources[i].size,
        sample: Buffer.from(await sampleOf(addition)).toString("base64"),
      })),
    );
    const answer = await connection.request({
      method: "POST",
      url: `${apiPath(repo)}/preupload/${encodeURIComponent(branch)}${asPull ? "?create_pr=1" : ""}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ files: asked, ...(gitIgnore === undefined ? {} : { gitIgnore }) }),
    });
    await expectSuccess(connection, answer, { repo, revision: branch, writing: true });
    const modes = modesOf(await answer.json(), answer);
    for (const source of sources) {
      const mode = modes.get(source.path);
      if (mode === undefined) throw new HubError("integrity", `the Hub does not say how to upload ${source.path}`);
      if (mode.shouldIgnore === true) continue;
      const isLarge = mode.uploadMode === "lfs" && source.size > 0; // an empty file is no object of a storage
      files.push({ source, isLarge, remote: typeof mode.oid === "string" ? mode.oid : undefined });
    }
  }
  return files;
}

type Mode = Readonly<Record<"path" | "uploadMode" | "shouldIgnore" | "oid", unknown>>;

function modesOf(value: unknown, answer: HubAnswer): Map<unknown, Mode> {
  const { files } = fieldsOf(value, answer);
  if (!Array.isArray(files)) throw new HubError("integrity", "the Hub does not say how to upload the files");
  return new Map((files as Mode[]).map((mode) => [mode.path, mode]));
}

async function hashLarge(files: readonly File[], signal: AbortSignal): Promise<Map<string, string>> {
  const large = files.filter(({ isLarge }) => isLarge);
  using progress = new ByteProgress("checksums", large.length, sizeOf(large));
  const hashes = new Map<string, string>();
  const hash = async ({ source }: File, stop: AbortSignal) => {
    hashes.set(source.path, await sha256Of(source, (count) => progress.advance(count), stop));
    progress.fileDone();
  };
  await inParallel(large, PARALLEL_HASHES, hash, signal);
  return hashes;
}

function sizeOf(files: readonly { readonly source: Source }[]): number {
  return files.reduce((sum, { source }) => sum + source.size, 0);
}

async function isUnchanged({ source, remote }: File, large: ReadonlyMap<string, string>): Promise<boolean> {
  if (remote === undefined) return false;
  return remote === (large.get(source.path) ?? gitOid(await source.all()));
}

async function uploadAll(
  connection: HubConnection,
  repo: Repo,
  branch: string | undefined,
  files: readonly LargeFile[],
  signal: AbortSignal,
): Promise<void> {
  if (files.length === 0) return;
  using progress = new ByteProgress(`upload ${repo.id}`, files.length, sizeOf(files));
  await uploadLargeFiles(connection, repo, branch, files, (count) => progress.advance(count), signal);
}

/** The commit as the Hub takes it: a line of JSON for its message, and one for each file. */
async function commitLines(
  files: readonly File[],
  large: ReadonlyMap<string, string>,
  deletions: readonly string[],
  { commitMessage = "Upload with Attune", commitDescription = "", parentCommit }: PublishOptions,
): Promise<string> {
  const header = { summary: commitMessage, description: commitDescription, ...(parentCommit ? { parentCommit } : {}) };
  const lines: object[] = [{ key: "header", value: header }];
  for (const { source } of files) {
    const { path, size } = source;
    const oid = large.get(path);
    if (oid !== undefined) lines.push({ key: "lfsFile", value: { path, algo: "sha256", oid, size } });
    else {
      const content = Buffer.from(await source.all()).toString("base64");
      lines.push({ key: "file", value: { content, path, encoding: "base64" } });
    }
  }
  for (const path of deletions) lines.push({ key: "deletedFile", value: { path } });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

interface Expected {
  readonly changed: readonly File[];
  readonly large: ReadonlyMap<string, string>;
  readonly deletions: readonly string[];
}

/**
 * Sends the commit. It is sent again where another commit was in progress (409), and where the answer was lost and the
 * branch does not have the files: a second commit of the same files is never made blindly.
 */
async function sendCommit(
  connection: HubConnection,
  repo: Repo,
  branch: string,
  lines: string,
  { createPr = false, signal }: PublishOptions,
  expected: Expected,
): Promise<Pick<Published, "commit" | "commitUrl" | "pullRequestUrl">> {
  for (let attempt = 1; ; attempt++) {
    const more = attempt < connection.attempts;
    let answer: HubAnswer;
    try {
      answer = await connection.request({
        method: "POST",
        url: `${apiPath(repo)}/commit/${encodeURIComponent(branch)}${createPr ? "?create_pr=1" : ""}`,
        headers: { "content-type": "application/x-ndjson" },
        body: lines,
        timeout: 60,
        attempts: "once",
        signal,
      });
    } catch (error) {
      if (!(error instanceof HubError) || error.kind !== "network") throw error;
      const done = createPr ? undefined : await arrived(connection, repo, branch, expected);
      if (done !== undefined) return done;
      if (createPr) throw unknownPull(connection, repo, error);
      if (!more) throw error;
      await connection.backOff(attempt + 1, signal);
      continue;
    }
    const busy = answer.status === 409 || [500, 502, 503, 504].includes(answer.status);
    if (busy && more) {
      await answer.drop();
      const done = createPr || answer.status === 409 ? undefined : await arrived(connection, repo, branch, expected);
      if (done !== undefined) return done;
      await connection.backOff(attempt + 1, signal);
      continue;
    }
    await expectSuccess(connection, answer, { repo, revision: branch, writing: true });
    const fields = fieldsOf(await answer.json(), answer);
    const commit = textField(fields, "commitOid") ?? "";
    return {
      commit,
      commitUrl: textField(fields, "commitUrl") ?? `${connection.endpoint}${webPath(repo)}/commit/${commit}`,
      pullRequestUrl: textField(fields, "pullRequestUrl"),
    };
  }
}

function unknownPull(connection: HubConnection, repo: Repo, error: HubError): HubError {
  const page = `${connection.endpoint}${webPath(repo)}/discussions`;
  return new HubError(
    "network",
    `the connection was lost while a pull request to ${describeRepo(repo)} was being opened (${reasonOf(error)}): see at ${page} whether it is there`,
    { cause: error },
  );
}

/** The branch's commit, if it has all that was to be written: the commit was made, and only its answer was lost. */
async function arrived(
  connection: HubConnection,
  repo: Repo,
  branch: string,
  { changed, large, deletions }: Expected,
): Promise<Pick<Published, "commit" | "commitUrl" | "pullRequestUrl"> | undefined> {
  const { commit } = await repoState(connection, repo, branch);
  const tree: Tree = await listTree(connection, repo, commit);
  if (deletions.some((path) => tree.has(path))) return undefined;
  for (const { source } of changed) {
    const wanted = large.get(source.path) ?? gitOid(await source.all());
    if (tree.get(source.path)?.etag !== wanted) return undefined;
  }
  return { commit, commitUrl: `${connection.endpoint}${webPath(repo)}/commit/${commit}`, pullRequestUrl: undefined };
}

/** What a branch holds now, and the repository's id with its owner. Empty where there is no such repository or branch. */
export async function publishedTree(
  repoId: string,
  options: PublishOptions,
): Promise<{ readonly id: string; readonly commit: string | undefined; readonly tree: Tree }> {
  const connection = await HubConnection.open(options);
  const repo = await ownRepo(connection, options, repoId);
  try {
    const { commit } = await repoState(connection, repo, options.revision ?? "main");
    return { id: repo.id, commit, tree: await listTree(connection, repo, commit) };
  } catch (error) {
    const isNew = error instanceof HubError && /^(repository|revision)-not-found$/.test(error.kind);
    if (!isNew) throw error;
    return { id: repo.id, commit: undefined, tree: new Map() };
  }
}
