// Publishing what is in memory: it is written into a temporary folder first. Where publishing fails the folder stays, so
// that nothing that took hours is lost with the process.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Published } from "./commit.js";
import { publishedTree } from "./commit.js";
import { type UploadFolderOptions, uploadFolder } from "./folder.js";
import { expectLogin } from "./repo.js";

const CARD = "README.md";

/**
 * Publishes what `write` writes into a folder.
 * @param card The text of a README.md, for a repository that has none yet.
 * @throws HubError, naming the folder that holds all of it, where the Hub does not take it
 */
export async function publishWritten(
  repoId: string,
  options: UploadFolderOptions,
  write: (folder: string) => Promise<void>,
  card?: (id: string) => string,
): Promise<Published> {
  await expectLogin(options);
  const folder = await mkdtemp(join(tmpdir(), "attune-push-"));
  try {
    await write(folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  if (card !== undefined) {
    // where this fails publishing does, too, and says why
    const there = await publishedTree(repoId, options).catch(() => undefined);
    if (!there?.tree.has(CARD)) await writeFile(join(folder, CARD), card(there?.id ?? repoId));
  }
  const published = await uploadFolder(repoId, folder, options); // which names the folder where it fails
  await rm(folder, { recursive: true, force: true });
  return published;
}
