// How a person calls `attune` here, for the commands that output suggests.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** "attune" where a shell finds it, else "npx attune". npm puts its own folders on the path of what it runs: they don't count. */
export function attuneCommand(): string {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !/node_modules[\\/]\.bin$/.test(folder));
  const name = process.platform === "win32" ? "attune.cmd" : "attune";
  return folders.some((folder) => folder !== "" && existsSync(join(folder, name))) ? "attune" : "npx attune";
}
