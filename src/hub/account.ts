// Who one is on the Hub: whoami, login, logout.
import { fieldsOf } from "./api.js";
import { variable } from "./environment.js";
import { HubError } from "./errors.js";
import { type ConnectionOptions, HubConnection } from "./http.js";
import { expectSuccess } from "./refusal.js";
import { removeTokens, saveToken } from "./token.js";

export interface Account {
  readonly name: string;
  readonly fullName: string | undefined;
  /** Organizations that the account belongs to. */
  readonly orgs: readonly string[];
  /** The token's name on the Hub's settings page. */
  readonly tokenName: string | undefined;
  /** What the token may do: "read", "write", "fineGrained". */
  readonly role: string | undefined;
  /** Where the token came from: "HF_TOKEN", or a file. */
  readonly tokenSource: string;
}

/**
 * The account of the token in use.
 * @throws HubError `unauthorized` where there is no token, or the Hub does not accept it
 */
export async function whoami(options: ConnectionOptions = {}): Promise<Account> {
  const connection = await HubConnection.open(options);
  const { token } = connection;
  if (token === undefined) {
    throw new HubError("unauthorized", "not logged in: run `attune login`, or set HF_TOKEN");
  }
  const answer = await expectSuccess(connection, await connection.request({ url: "/api/whoami-v2" }));
  const { name, fullname, orgs, auth } = fieldsOf(await answer.json(), answer);
  if (typeof name !== "string") throw new HubError("integrity", "the Hub does not say whose token this is");
  const access = (auth as { accessToken?: { displayName?: unknown; role?: unknown } } | undefined)?.accessToken;
  return {
    name,
    fullName: textOf(fullname),
    orgs: Array.isArray(orgs) ? orgs.flatMap((org) => textOf((org as { name?: unknown } | null)?.name) ?? []) : [],
    tokenName: textOf(access?.displayName),
    role: textOf(access?.role),
    tokenSource: token.source,
  };
}

export interface Login {
  readonly account: Account;
  /** The file that holds the token now. */
  readonly path: string;
  /** A variable that is set and goes before the file, if there is one. */
  readonly overriddenBy: string | undefined;
}

/**
 * Checks a token with the Hub and keeps it in the file that Python's huggingface_hub reads, too; only its owner may read
 * that.
 * @throws HubError where the Hub does not accept it; then nothing is written
 */
export async function login(token: string, options: Omit<ConnectionOptions, "token"> = {}): Promise<Login> {
  const connection = await HubConnection.open({ ...options, token: token.trim() });
  const account = await whoami({ ...options, token: token.trim() });
  if (connection.token === undefined) throw new HubError("unauthorized", "no token was given");
  const path = await saveToken(connection.token, account.tokenName ?? account.name);
  return { account, path, overriddenBy: overridingVariable() };
}

/** Removes all stored tokens. @returns The files that were there, and a variable that still logs in, if one is set. */
export async function logout(): Promise<{
  readonly removed: readonly string[];
  readonly overriddenBy: string | undefined;
}> {
  return { removed: await removeTokens(), overriddenBy: overridingVariable() };
}

function overridingVariable(): string | undefined {
  return ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].find((name) => variable(name) !== undefined);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
