// Questions to the Hub's API: where a revision is, what is in it, what one file is.
import { isObject } from "../support/json-object.js";
import type { Tree, TreeEntry } from "./cache/layout.js";
import { HubError, showUrl } from "./errors.js";
import type { HubAnswer, HubConnection } from "./http.js";
import { expectSuccess, refusal } from "./refusal.js";
import { apiPath, describeRepo, expectCommit, filePath, type Repo } from "./repository.js";

/** A repository at a revision. */
export interface RepoState {
  /** Its id as the Hub has it: another one than asked for where the repository was renamed. */
  readonly id: string;
  readonly commit: string;
}

/** Where a revision is. @throws HubError: see expectSuccess */
export async function repoState(
  connection: HubConnection,
  repo: Repo,
  revision: string,
  attempts?: number,
): Promise<RepoState> {
  const url = `${apiPath(repo)}/revision/${encodeURIComponent(revision)}`;
  const answer = await connection.request({ url, attempts });
  const { id, sha } = fieldsOf(await (await expectSuccess(connection, answer, { repo, revision })).json(), answer);
  return { id: typeof id === "string" ? id : repo.id, commit: expectCommit(sha, showUrl(answer.url)) };
}

const MAX_PAGES = 10_000;

/** All files of a commit. */
export async function listTree(connection: HubConnection, repo: Repo, commit: string): Promise<Tree> {
  const tree = new Map<string, TreeEntry>();
  let next: string | undefined = `${apiPath(repo)}/tree/${commit}?recursive=true&expand=false`;
  for (let page = 0; next !== undefined; page++) {
    const answer: HubAnswer = await expectSuccess(connection, await connection.request({ url: next }), {
      repo,
      revision: commit,
    });
    const entries = await answer.json();
    if (!Array.isArray(entries) || page >= MAX_PAGES) {
      throw new HubError(
        "integrity",
        `the listing of ${describeRepo(repo)} ${page >= MAX_PAGES ? "does not end" : "is no list"}`,
      );
    }
    for (const entry of entries) addEntry(tree, fieldsOf(entry, answer));
    next = nextPage(answer);
    if (next !== undefined && !connection.isEndpoint(new URL(next))) {
      throw new HubError(
        "integrity",
        `the listing of ${describeRepo(repo)} goes on at another host, ${showUrl(next)}; it is refused`,
      );
    }
  }
  return tree;
}

function addEntry(tree: Map<string, TreeEntry>, entry: Fields): void {
  if (entry.type !== "file") return;
  const { path, size, oid, lfs, xetHash } = entry;
  const large = typeof lfs === "object" && lfs !== null ? (lfs as Fields) : undefined;
  const etag = large === undefined ? oid : large.oid;
  const length = large === undefined ? size : large.size;
  if (typeof path !== "string" || typeof etag !== "string" || typeof oid !== "string" || !isSize(length)) {
    throw new HubError(
      "integrity",
      `the Hub lists a file as ${JSON.stringify(entry).slice(0, 200)}, which is not understood`,
    );
  }
  tree.set(path, { size: length, etag, oid, ...(typeof xetHash === "string" ? { xetHash } : {}) });
}

/** The next page by the header `link: <URL>; rel="next"`. */
function nextPage(answer: HubAnswer): string | undefined {
  const [, url] = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(answer.header("link") ?? "") ?? [];
  return url === undefined ? undefined : new URL(url, answer.url).href;
}

/** What the headers of a file's address tell. */
export interface FileState {
  readonly commit: string;
  readonly etag: string;
  readonly size: number | undefined;
}

/** What a file is at a revision; undefined with the commit where it has none. */
export async function fileState(
  connection: HubConnection,
  repo: Repo,
  revision: string,
  path: string,
  attempts?: number,
): Promise<FileState | { readonly absentIn: string | undefined }> {
  const answer = await connection.request({
    method: "HEAD",
    url: filePath(repo, revision, path),
    redirects: "inside",
    attempts,
  });
  await answer.drop();
  const commit = answer.header("x-repo-commit");
  if (answer.status === 404 && answer.header("x-error-code") === "EntryNotFound") return { absentIn: commit };
  if (answer.status < 200 || answer.status >= 400) throw await refusal(connection, answer, { repo, revision, path });
  const etag = etagOf(answer);
  if (etag === undefined) {
    throw new HubError("integrity", `${showUrl(answer.url)} has no ETag: is HF_ENDPOINT an endpoint of a Hub?`);
  }
  const redirected = answer.status >= 300;
  const size = answer.header("x-linked-size") ?? (redirected ? undefined : answer.header("content-length"));
  return {
    commit: expectCommit(commit, showUrl(answer.url)),
    etag,
    size: size !== undefined && /^\d+$/.test(size) ? Number(size) : undefined,
  };
}

/** X-Linked-ETag, which is that of the content behind a redirect, else ETag; without quotes and weakness. */
export function etagOf(answer: HubAnswer): string | undefined {
  const etag = answer.header("x-linked-etag") ?? answer.header("etag");
  return etag?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}

type Fields = Readonly<Record<string, unknown>>;

/** An answer that is an object. */
export function fieldsOf(value: unknown, answer: HubAnswer): Fields {
  if (isObject(value)) return value;
  throw new HubError("integrity", `${showUrl(answer.url)} answered ${JSON.stringify(value)?.slice(0, 100)}, no object`);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
