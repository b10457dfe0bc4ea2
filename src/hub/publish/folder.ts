// Publishing a folder: which of its files go, and what is said where it fails.
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { ConfigError } from "../../support/errors.js";
import { HubError } from "../errors.js";
import { matchesPattern } from "../patterns.js";
import { type Published, type PublishOptions, publish } from "./commit.js";
import type { Addition } from "./source.js";

export interface UploadFolderOptions extends PublishOptions {
  /** The folder in the repository that the files go to. Default: its root. */
  readonly pathInRepo?: string;
  /** Publish only paths (in the folder) that match one of these. */
  readonly allowPatterns?: string | readonly string[];
  /** Leave out paths that match one of these. */
  readonly ignorePatterns?: string | readonly string[];
}

export interface FolderFile {
  /** In the repository. */
  readonly path: string;
  readonly size: number;
}

/** What is never published: git's and the caches' own, and files that are being written. */
const NEVER = [".git/*", "*/.git/*", ".cache/*", "*/.cache/*", "*/.DS_Store", ".DS_Store", "*.incomplete"];
const BEING_WRITTEN = /(^|\/)\.(saving|[^/]+\.\w+-\d+-[0-9a-f]{8}\.(tmp|old))(\/|$)/;

/** The files of a folder that uploadFolder would publish, in order. */
export async function folderFiles(folder: string, options: UploadFolderOptions = {}): Promise<FolderFile[]> {
  return (await additionsOf(folder, options)).map(({ path, size }) => ({ path, size }));
}

/**
 * Publishes the files of a folder in one commit. Files that the repository has beside them stay.
 * @throws ConfigError for a folder that is not there or empty; HubError, saying how to try again, where the Hub does not
 *   take it: then the repository is as it was, and nothing local has changed
 */
export async function uploadFolder(
  repoId: string,
  folder: string,
  options: UploadFolderOptions = {},
): Promise<Published> {
  const additions = await additionsOf(folder, options);
  if (additions.length === 0) throw new ConfigError(`${folder} holds no file to publish`);
  try {
    return await publish(repoId, additions, { commitMessage: "Upload folder with Attune", ...options });
  } catch (error) {
    throw error instanceof HubError ? withRetry(error, folder, repoId, options) : error;
  }
}

function withRetry(error: HubError, folder: string, repoId: string, { repoType }: UploadFolderOptions): HubError {
  const type = repoType === undefined || repoType === "model" ? "" : ` --repo-type ${repoType}`;
  return new HubError(
    error.kind,
    `${error.message}. Nothing was published, and nothing is lost: ${folder} holds all of it. Try again with ` +
      `\`attune push ${folder} ${repoId}${type}\`; what was uploaded already does not go again`,
    { cause: error, status: error.status },
  );
}

type LocalFile = Addition & FolderFile;

async function additionsOf(folder: string, options: UploadFolderOptions): Promise<LocalFile[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new ConfigError(`there is no folder "${folder}" to publish`);
  const allow = [options.allowPatterns ?? "*"].flat();
  const ignore = [options.ignorePatterns ?? [], NEVER].flat();
  const prefix = (options.pathInRepo ?? "").replace(/^\/+|\/+$/g, "");
  const root = await realpath(folder);
  const files: LocalFile[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(root, file).split(sep).join("/");
    const left = ignore.some((pattern) => matchesPattern(path, pattern)) || BEING_WRITTEN.test(path);
    if (entry.isDirectory() || left || !allow.some((pattern) => matchesPattern(path, pattern))) continue;
    const status = await stat(file).catch(() => undefined); // the files of a snapshot are links
    if (!status?.isFile()) continue;
    files.push({ path: prefix === "" ? path : `${prefix}/${path}`, size: status.size, content: { file } });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
