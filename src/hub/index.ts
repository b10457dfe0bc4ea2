// attune/hub: the Hugging Face Hub. The only folder that uses the network.
export {
  hfHubDownload,
  type RepoOptions,
  type SnapshotDownloadOptions,
  snapshotDownload,
  tryToLoadFromCache,
} from "./download.js";
export { HubError, type HubErrorKind } from "./errors.js";
export type { ConnectionOptions } from "./http.js";
export { isOnDisk, openFromHub, splitHubOptions } from "./locate.js";
export { isRepoId, type RepoType } from "./repository.js";
export { type HubOptions, Snapshot } from "./snapshot.js";
