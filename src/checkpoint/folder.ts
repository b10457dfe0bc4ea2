// The folder of a checkpoint: one on the disk, or a repository on the Hub of which the files that count are fetched.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HubOptions } from "../hub/index.js";
import { openFromHub } from "../hub/locate.js";
import type { Snapshot } from "../hub/snapshot.js";
import { ConfigError } from "../support/errors.js";
import { exists } from "../support/exists.js";
import { info } from "../support/log.js";
import { LAYOUTS } from "./checkpoint.js";

export const CONFIG = "config.json";

/**
 * What an adapter's folder has in place of config.json, for the labels of the head that is saved with it: Python's
 * transformers takes a folder with an adapter and config.json for a whole model, and looks for its weights.
 */
export const ADAPTED_CONFIG = "model_config.json";

/** The files of an adapter, which stands in a repository of its own. */
const ADAPTER = ["adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"];

/**
 * The folder with a checkpoint's config.json and, unless they are not wanted, its weights. `also`: further files that are
 * fetched where the repository has them.
 * @throws ConfigError for a path that is not there; HubError where the Hub does not have it, or it cannot be had
 */
export async function checkpointFolder(
  nameOrFolder: string,
  options: HubOptions = {},
  { weights = true, also = [] }: { readonly weights?: boolean; readonly also?: readonly string[] } = {},
): Promise<string> {
  if (await exists(nameOrFolder)) {
    if ((await stat(nameOrFolder)).isDirectory()) return nameOrFolder;
    throw new ConfigError(`no checkpoint folder "${nameOrFolder}" (it is a file)`);
  }
  const snapshot = await openFromHub("model", nameOrFolder, `${CONFIG} and ${LAYOUTS[0].single}`, options);
  if (weights) await fetchWeights(snapshot);
  else await snapshot.fetch([(await snapshot.has(ADAPTED_CONFIG)) ? ADAPTED_CONFIG : CONFIG]);
  const more: string[] = [];
  for (const path of also) {
    if (await snapshot.has(path)) more.push(path);
    else await snapshot.noteAbsent(path);
  }
  await snapshot.fetch(more);
  return snapshot.folder;
}

/** Fetches config.json and the weights in the best form that there is: safetensors before pickle. */
async function fetchWeights(snapshot: Snapshot): Promise<void> {
  for (const layout of LAYOUTS) {
    const { single, index } = layout;
    const isWhole = await snapshot.has(single);
    if (!isWhole && !(await snapshot.has(index))) {
      await snapshot.noteAbsent(single);
      await snapshot.noteAbsent(index);
      continue;
    }
    if (layout !== LAYOUTS[0]) {
      info(
        `${snapshot.repo.id} has no ${LAYOUTS[0].single}: taking ${single}, which is read without running what is in it`,
      );
    }
    await snapshot.fetch([CONFIG, isWhole ? single : index]);
    if (!isWhole) await snapshot.fetch(await shardsOf(join(snapshot.folder, index)));
    return;
  }
  if (await snapshot.has(ADAPTER[0])) {
    const there: string[] = [];
    for (const name of [CONFIG, ADAPTED_CONFIG, ...ADAPTER]) if (await snapshot.has(name)) there.push(name);
    await snapshot.fetch(there);
    return;
  }
  const files = await snapshot.paths();
  throw new ConfigError(
    `${snapshot.repo.id} has no weights that can be loaded (${LAYOUTS.map(({ single }) => single).join(", ")}, or their shards); it has ` +
      `${files.slice(0, 20).join(", ") || "nothing"}${files.length > 20 ? ` and ${files.length - 20} more` : ""}`,
  );
}

/** File names that an index names. One that cannot be read names none: opening the checkpoint says what is wrong with it. */
async function shardsOf(index: string): Promise<string[]> {
  try {
    const { weight_map: map } = JSON.parse(await readFile(index, "utf8")) as { weight_map?: Record<string, unknown> };
    return [...new Set(Object.values(map ?? {}))].filter((name): name is string => typeof name === "string").sort();
  } catch {
    return [];
  }
}
