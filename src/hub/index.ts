// attune/hub: the Hugging Face Hub. Names and meanings are those of Python's huggingface_hub.
export { type Account, type Login, login, logout, whoami } from "./account.js";
export { type Removal, removeFromCache } from "./cache/remove.js";
export { type CachedFile, type CachedRepo, type CachedRevision, type CacheScan, scanCacheDir } from "./cache/scan.js";
export { type Problem, type Verification, verifyCache } from "./cache/verify.js";
export {
  hfHubDownload,
  type RepoOptions,
  type SnapshotDownloadOptions,
  snapshotDownload,
  tryToLoadFromCache,
} from "./download.js";
export { expandPath, hubHome, variable } from "./environment.js";
export { HubError, type HubErrorKind } from "./errors.js";
export type { ConnectionOptions } from "./http.js";
export { type Published, type PublishOptions, publish as createCommit } from "./publish/commit.js";
export { type FolderFile, folderFiles, type UploadFolderOptions, uploadFolder } from "./publish/folder.js";
export { type CreateRepoOptions, createRepo } from "./publish/repo.js";
export type { Addition } from "./publish/source.js";
export { isRepoId, type RepoType } from "./repository.js";
export type { HubOptions } from "./snapshot.js";
