// A name that a user gives is a folder on the disk, or else a repository on the Hub.
import { ConfigError } from "../support/errors.js";
import { HubError } from "./errors.js";
import { isRepoId, type RepoType } from "./repository.js";
import { type HubOptions, Snapshot } from "./snapshot.js";

/**
 * The snapshot of what is no folder here.
 * @param wanted What the folder would hold, for the message: "config.json and model.safetensors".
 * @throws ConfigError for what can be neither; HubError, which says that there is no folder, either
 */
export async function openFromHub(
  type: RepoType,
  name: string,
  wanted: string,
  options: HubOptions,
  followRename = false,
): Promise<Snapshot> {
  if (!isRepoId(name)) throw new ConfigError(`there is no folder "${name}" with ${wanted}`);
  try {
    return await Snapshot.open({ type, id: name }, options, followRename);
  } catch (error) {
    if (!(error instanceof HubError) || !["repository-not-found", "offline", "network"].includes(error.kind))
      throw error;
    throw new HubError(error.kind, `there is no folder "${name}" here, and ${error.message}`, {
      cause: error,
      status: error.status,
    });
  }
}

/** Parts options into those of the Hub and the others. */
export function splitHubOptions<Options extends HubOptions>(
  options: Options,
): { readonly hub: HubOptions; readonly rest: Options } {
  const { token, endpoint, attempts, retryWait, revision, cacheDir, localFilesOnly, forceDownload, signal, ...rest } =
    options;
  return {
    hub: { token, endpoint, attempts, retryWait, revision, cacheDir, localFilesOnly, forceDownload, signal },
    rest: rest as Options, // of which all that is gone may be missing
  };
}
