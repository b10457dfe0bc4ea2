import { stat } from "node:fs/promises";

/** True where there is a file or a folder at the end of a path, links followed. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
