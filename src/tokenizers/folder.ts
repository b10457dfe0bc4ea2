// The folder of a tokenizer's files: one on the disk, or a repository on the Hub of which the files that count are fetched.
import { stat } from "node:fs/promises";
import type { HubOptions } from "../hub/index.js";
import { openFromHub } from "../hub/locate.js";
import { FileFormatError } from "../support/errors.js";
import { exists } from "../support/exists.js";
import { SENTENCEPIECE_FILES } from "./files/read.js";

/** What is read beside the vocabulary, where it is there. */
const BESIDE = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json"];

/** Vocabularies of the time before tokenizer.json. */
const OLDER = ["vocab.txt", "vocab.json", "merges.txt", ...SENTENCEPIECE_FILES];

/**
 * @throws FileFormatError for a file; ConfigError for a path that is not there; HubError where the Hub does not have it, or
 *   it cannot be had
 */
export async function tokenizerFolder(nameOrFolder: string, options: HubOptions): Promise<string> {
  if (await exists(nameOrFolder)) {
    if ((await stat(nameOrFolder)).isDirectory()) return nameOrFolder;
    throw new FileFormatError(
      `${nameOrFolder} is a file, not a folder: give a checkpoint's folder, with tokenizer.json or vocab.txt`,
    );
  }
  const snapshot = await openFromHub("model", nameOrFolder, "tokenizer.json or vocab.txt", options);
  const present = async (names: readonly string[]) => {
    const found: string[] = [];
    for (const name of names) {
      if (await snapshot.has(name)) found.push(name);
      else await snapshot.noteAbsent(name);
    }
    return found;
  };
  const vocabulary = await present(["tokenizer.json"]);
  await snapshot.fetch([...(await present(BESIDE)), ...(vocabulary.length > 0 ? vocabulary : await present(OLDER))]);
  return snapshot.folder;
}
