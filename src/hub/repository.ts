// Names on the Hub: repositories, revisions, paths. Whatever a user or a server calls something is checked here before
// it becomes a part of a URL or of a path on the disk.
import { ConfigError } from "../support/errors.js";
import { HubError } from "./errors.js";

export type RepoType = "model" | "dataset" | "space";

export const REPO_TYPES = ["model", "dataset", "space"] as const satisfies readonly RepoType[];

export interface Repo {
  readonly type: RepoType;
  /** `owner/name`, or for some older ones `name` alone. */
  readonly id: string;
}

const NAME = /^(?!.*(--|\.\.))\w(?:[\w.-]{0,94}\w)?$/; // \w, and - or . inside of it; at most 96 in all

/** True for what may be a repository's id: `name` or `owner/name`. */
export function isRepoId(text: string): boolean {
  const parts = text.split("/");
  return parts.length <= 2 && parts.every((part) => NAME.test(part)) && !text.endsWith(".git");
}

/** Throws ConfigError where `id` cannot be a repository's id. */
export function repoOf(type: RepoType, id: string): Repo {
  if (!REPO_TYPES.includes(type)) {
    throw new ConfigError(`"${String(type)}" is no type of repository; there are ${REPO_TYPES.join(", ")}`);
  }
  if (typeof id === "string" && isRepoId(id)) return { type, id };
  throw new ConfigError(
    `"${String(id)}" is no repository's id: it is "owner/name" of letters, digits, "-", "_" and ".", without "--" and ".."`,
  );
}

/** `model "owner/name"`, for messages. */
export function describeRepo({ type, id }: Repo): string {
  return `the ${type} "${id}"`;
}

/** Where people see the repository: the endpoint, and for datasets and spaces their kind before the id. */
export function webPath({ type, id }: Repo): string {
  return type === "model" ? `/${id}` : `/${type}s/${id}`;
}

export function apiPath({ type, id }: Repo): string {
  return `/api/${type}s/${id}`;
}

/** The address of a file at a revision. */
export function filePath(repo: Repo, revision: string, path: string): string {
  return `${webPath(repo)}/resolve/${encodeURIComponent(revision)}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** A full commit id. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The commit that a server names. Throws HubError where it is none: it becomes a folder's name. */
export function expectCommit(value: unknown, where: string): string {
  if (typeof value === "string" && isCommit(value)) return value;
  throw new HubError(
    "integrity",
    `${where} names the commit ${JSON.stringify(value)}, which is none: is HF_ENDPOINT an endpoint of a Hub?`,
  );
}

/** A branch, a tag, `refs/pr/1`, or a commit. Throws ConfigError where it could not be one. */
export function checkRevision(revision: string): string {
  if (isInside(revision) && !/[\s~^:?*[]/.test(revision)) return revision;
  throw new ConfigError(`"${revision}" is no revision: give a branch, a tag, or a commit of 40 digits`);
}

/**
 * A file's path in a repository, relative, with forward slashes. Names are refused by the rules of every system, so that
 * what is cached on one is harmless on another.
 * @throws HubError for a path that would lead out of its folder.
 */
export function checkPath(path: string): string {
  if (isInside(path)) return path;
  throw new HubError(
    "integrity",
    `the path ${JSON.stringify(path)} in a repository leads out of it, or means another place on some systems; it is refused`,
  );
}

function isInside(path: unknown): boolean {
  if (typeof path !== "string" || path === "" || path.length > 1024) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\\\u0000-\u001f]|^[A-Za-z]:/.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/^[A-Za-z]:/.test(part));
}
