// Making what is published to: repositories and branches.
import { whoami } from "../account.js";
import { type fieldsOf, repoState } from "../api.js";
import { HubError } from "../errors.js";
import { type ConnectionOptions, HubConnection } from "../http.js";
import { refusal } from "../refusal.js";
import { apiPath, checkRevision, type Repo, type RepoType, repoOf, webPath } from "../repository.js";

export interface CreateRepoOptions extends ConnectionOptions {
  /** Default "model". */
  readonly repoType?: RepoType;
  /** Default: public, or what an organization has set; an existing repository stays as it is. */
  readonly private?: boolean;
  /** Do not mind if it exists. Default true. */
  readonly existOk?: boolean;
}

/**
 * Makes a repository: `owner/name`, or `name` of the account that is logged in.
 * @returns Its id and its page.
 * @throws HubError where there is no token, or its account may not make it
 */
export async function createRepo(
  repoId: string,
  options: CreateRepoOptions = {},
): Promise<{ readonly id: string; readonly url: string }> {
  const connection = await openForWriting(options);
  const repo = await ownRepo(connection, options, repoId);
  await ensureRepo(connection, repo, options);
  return { id: repo.id, url: connection.endpoint + webPath(repo) };
}

/** A connection with a token. Throws HubError where there is none: nothing is published without. */
export async function openForWriting(options: ConnectionOptions): Promise<HubConnection> {
  const connection = await HubConnection.open(options);
  if (connection.token !== undefined) return connection;
  throw new HubError(
    "unauthorized",
    "publishing needs a login: run `attune login` with a token that may write, or set HF_TOKEN",
  );
}

/** Throws HubError where there is no token to publish with: before anything is written for it. */
export async function expectLogin(options: ConnectionOptions): Promise<void> {
  await openForWriting(options);
}

/** The repository with its owner: a bare name is of the account that is logged in. */
export async function ownRepo(
  connection: HubConnection,
  options: ConnectionOptions & { readonly repoType?: RepoType },
  repoId: string,
): Promise<Repo> {
  const repo = repoOf(options.repoType ?? "model", repoId);
  if (repo.id.includes("/")) return repo;
  const { name } = await whoami({ ...options, endpoint: connection.endpoint });
  return { ...repo, id: `${name}/${repo.id}` };
}

export async function ensureRepo(
  connection: HubConnection,
  repo: Repo,
  { private: isPrivate, existOk = true }: CreateRepoOptions = {},
): Promise<void> {
  const [organization, name] = repo.id.split("/");
  const answer = await connection.request({
    method: "POST",
    url: "/api/repos/create",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      name,
      organization,
      type: repo.type,
      ...(isPrivate === undefined ? {} : { visibility: isPrivate ? "private" : "public" }),
    }),
    attempts: "once",
  });
  if (answer.status >= 200 && answer.status < 300) {
    await answer.drop();
    return;
  }
  const error = await refusal(connection, answer, { repo, writing: true });
  if (answer.status === 409 && existOk) return;
  if (answer.status === 409) throw new HubError("conflict", `${repo.id} exists already`, { cause: error, status: 409 });
  // who may not make repositories there may still write to one that exists
  const exists = existOk && [401, 402, 403].includes(answer.status) && (await isThere(connection, repo));
  if (!exists) throw error;
}

async function isThere(connection: HubConnection, repo: Repo): Promise<boolean> {
  return repoState(connection, repo, "main").then(
    () => true,
    () => false,
  );
}

/** Makes a branch where there is none of that name; those of pull requests are the Hub's. */
export async function ensureBranch(connection: HubConnection, repo: Repo, branch: string): Promise<void> {
  checkRevision(branch);
  if (branch === "main" || branch.startsWith("refs/")) return;
  const answer = await connection.request({
    method: "POST",
    url: `${apiPath(repo)}/branch/${encodeURIComponent(branch)}`,
    headers: { "content-type": "application/json" },
    body: "{}",
    attempts: "once",
  });
  const error =
    answer.status < 300 ? undefined : await refusal(connection, answer, { repo, revision: branch, writing: true });
  if (error === undefined) await answer.drop();
  else if (answer.status !== 409) throw error;
}

/** The address in an answer of the commit API. */
export function textField(fields: ReturnType<typeof fieldsOf>, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}
