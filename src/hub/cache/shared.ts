// The store of contents that several repositories share, which Python's huggingface_hub 2.x keeps for Xet files:
// CACHE/blobs/XX/HASH, with a marker; a repository's blob is then a relative link into it. It is read like any blob. Nothing
// in it is written or removed here: its owner guards it with locks that Node cannot take, and collects what no repository
// uses (`hf cache prune`).
import { lstat, readlink } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

/** The content in the store that a repository's blob is a link to; undefined for a blob of its own. */
export async function sharedTarget(root: string, blob: string): Promise<string | undefined> {
  const isLink = await lstat(blob).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
  if (!isLink) return undefined;
  const target = resolve(dirname(blob), await readlink(blob));
  return /^[0-9a-f]{2}[/\\][0-9a-f]{64}$/.test(relative(join(root, "blobs"), target)) ? target : undefined;
}
