// Access to the data kept beside the project (../shared): real weights, real GLUE data, PyTorch's reference numbers.
// Where it is absent the tests that need it are skipped and say so; ATTUNE_REQUIRE_SHARED=1 (set in CI) refuses the skip.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

const root = fileURLToPath(new URL("../../shared/", import.meta.url));

export const hasShared = existsSync(root);
if (!hasShared && process.env.ATTUNE_REQUIRE_SHARED === "1") {
  throw new Error(`ATTUNE_REQUIRE_SHARED=1, but there is no folder ${root}`);
}

/** Absolute path of a file or folder in ../shared. */
export function sharedPath(path: string): string {
  return root + path;
}

export function sharedJson<T>(path: string): T {
  return JSON.parse(readFileSync(sharedPath(path), "utf8")) as T;
}

/** A describe block that is skipped, visibly and with its reason, where ../shared is absent. */
export function describeShared(name: string, body: () => void): void {
  describe.skipIf(!hasShared)(hasShared ? name : `${name} (skipped: no ../shared)`, body);
}
