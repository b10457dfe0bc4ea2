// What runs are called on the page: runs of one name are told apart by their folders.
import type { RunInfo } from "../protocol.js";

/** A name for each run, by their ids, no two the same. */
export function distinctNames(runs: readonly Pick<RunInfo, "id" | "name">[]): ReadonlyMap<string, string> {
  const times = new Map<string, number>();
  for (const { name } of runs) times.set(name, (times.get(name) ?? 0) + 1);
  const nameOf = ({ id, name }: Pick<RunInfo, "id" | "name">) => {
    if (times.get(name) === 1) return name;
    return id.endsWith(name.split("/").at(-1) ?? name) ? id : `${name} (${id})`;
  };
  return new Map(runs.map((run) => [run.id, nameOf(run)]));
}
