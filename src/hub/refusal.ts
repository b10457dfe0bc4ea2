// What an answer that is no success means, and what to do about it.

import { HubError, showUrl } from "./errors.js";
import type { HubAnswer, HubConnection } from "./http.js";
import { describeRepo, type Repo, webPath } from "./repository.js";

/** What was asked for, as far as it is known. */
export interface Subject {
  readonly repo?: Repo;
  readonly revision?: string;
  readonly path?: string;
  /** True where something was to be changed: then a token needs the permission to write. */
  readonly writing?: boolean;
}

/** Gives an answer back that is a success; takes in and throws any other as a HubError. */
export async function expectSuccess(
  connection: HubConnection,
  answer: HubAnswer,
  subject: Subject = {},
): Promise<HubAnswer> {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw await refusal(connection, answer, subject);
}

/** The error that an answer stands for. Its body is read for what the server says. */
export async function refusal(connection: HubConnection, answer: HubAnswer, subject: Subject): Promise<HubError> {
  const { status } = answer;
  const code = answer.header("x-error-code");
  const said = answer.header("x-error-message") ?? (await messageOf(answer));
  const { repo } = subject;
  const what = repo === undefined ? showUrl(answer.url) : describeRepo(repo);
  const page = repo === undefined ? connection.endpoint : connection.endpoint + webPath(repo);
  const { token, endpoint } = connection;
  const error = (kind: HubError["kind"], message: string) =>
    new HubError(kind, `${message}${said && !message.includes(said) ? ` (the Hub: ${said})` : ""}`, { status });

  if (code === "RevisionNotFound") {
    return error(
      "revision-not-found",
      `${what} has no revision "${subject.revision}"; ${page}/tree/main lists its branches`,
    );
  }
  if (code === "EntryNotFound") {
    return error(
      "entry-not-found",
      `${what} has no file "${subject.path}"${at(subject)}; ${page}/tree/main lists its files`,
    );
  }
  if (code === "GatedRepo") {
    const remedy = token
      ? `the account of the token from ${token.source} has no access: ask for it at ${page}`
      : `ask for access at ${page}, then log in with \`attune login\` or set HF_TOKEN`;
    return error("gated", `${what} is gated: ${remedy}`);
  }
  if (status === 401 && token !== undefined && code !== "RepoNotFound") {
    return error(
      "unauthorized",
      `the Hub does not accept the token from ${token.source} (401). Make one at ${endpoint}/settings/tokens and run \`attune login\``,
    );
  }
  if (repo !== undefined && (status === 401 || status === 404 || code === "RepoNotFound")) {
    return error(
      "repository-not-found",
      `${what} is not on the Hub${token ? `, or the token from ${token.source} may not see it` : ", or it is private"}. Check the ` +
        `name${token ? "" : "; for a private one log in with `attune login`, or set HF_TOKEN"}`,
    );
  }
  if (status === 401)
    return error("unauthorized", `${what} needs a login (401): run \`attune login\`, or set HF_TOKEN`);
  if (status === 403) {
    const permission = subject.writing
      ? "a token with the permission to write"
      : "a token with the permission to read it";
    return error(
      "forbidden",
      `${token ? `the token from ${token.source} has` : "without a token there is"} no access to ${what} (403). Make ` +
        `${permission} at ${endpoint}/settings/tokens`,
    );
  }
  if (status === 409 || status === 412)
    return error("conflict", `${what} was changed by somebody else meanwhile (${status})`);
  if (status === 429) {
    return error(
      "rate-limited",
      `${endpoint} takes no more requests for now (429). Wait some minutes${token ? "" : "; with a login the limits are higher"}`,
    );
  }
  if (status >= 500)
    return error("server", `${new URL(answer.url).origin} has a problem of its own (${status}). Try again later`);
  return error("refused", `${what}: the Hub answers ${status} to ${showUrl(answer.url)}`);
}

function at({ revision }: Subject): string {
  return revision === undefined ? "" : ` at ${revision}`;
}

/** What an answer says in its body: the field `error` of JSON, or a short text. */
async function messageOf(answer: HubAnswer): Promise<string> {
  const text = await answer.text().catch(() => "");
  try {
    const { error, message } = JSON.parse(text) as { error?: unknown; message?: unknown };
    const found = error ?? message;
    return typeof found === "string" ? found.slice(0, 300) : "";
  } catch {
    return /^\s*</.test(text) ? "" : text.trim().slice(0, 300); // a page of HTML says nothing to a terminal
  }
}
