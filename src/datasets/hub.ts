// A dataset on the Hub: its listing and its card tell which files make the configuration, and only those are fetched.
import { join } from "node:path";
import type { HubOptions } from "../hub/index.js";
import { openFromHub } from "../hub/locate.js";
import { DataError } from "../support/errors.js";
import { readCard } from "./card.js";
import { type Configuration, chooseConfiguration, type FileChoice } from "./folder.js";

const CARD = "README.md";

/**
 * The configuration `name` of a dataset on the Hub, or without a name its only or default one, with its files in the cache:
 * those of the splits in `wantedSplits` where they are given, else all.
 * @throws as readFolder; HubError where the Hub does not have it, or it cannot be had
 */
export async function fetchConfiguration(
  id: string,
  name: string | undefined,
  wantedSplits: readonly string[] | undefined,
  options: HubOptions,
  choice?: FileChoice,
): Promise<Configuration> {
  const snapshot = await openFromHub("dataset", id, "data", options, true);
  const paths = (await snapshot.paths())
    .filter((path) => path.split("/").every((part) => !part.startsWith(".")))
    .sort();
  if (paths.includes(CARD)) await snapshot.fetch([CARD]);
  const card = paths.includes(CARD) ? await readCard(join(snapshot.folder, CARD)) : undefined;
  const { splits, info } = chooseConfiguration({ where: snapshot.repo.id, paths, card }, name, choice);
  const wanted = new Map([...splits].filter(([each]) => wantedSplits?.includes(each) ?? true));
  if (wantedSplits?.some((each) => !splits.has(each))) return { splits, info }; // there is no such split: loadDataset says so
  const fetched = await snapshot.fetch([...wanted.values()].flat());
  const places = new Map([...wanted.values()].flat().map((path, i) => [path, fetched[i]]));
  const placeOf = (path: string) => {
    const place = places.get(path);
    if (place === undefined) throw new DataError(`${path} of ${id} was not fetched`);
    return place;
  };
  return { splits: new Map([...wanted].map(([each, files]) => [each, files.map(placeOf)])), info };
}
