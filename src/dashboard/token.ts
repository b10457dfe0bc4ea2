// The token of this user's dashboards, kept from start to start, so that a page that is open finds its server again and a
// link to a view stays good.
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hubHome } from "../hub/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { debug } from "../support/log.js";

/** Reads the token from `attune/dashboard-token` in HF_HOME, or makes it; one of this start alone where it cannot be kept. */
export async function keptToken(): Promise<string> {
  const folder = join(hubHome(), "attune");
  const path = join(folder, "dashboard-token");
  const kept = await readFile(path, "utf8").catch(() => "");
  if (/^[\w-]{32,}$/.test(kept.trim())) return kept.trim();
  const token = randomBytes(24).toString("base64url");
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(path, `${token}\n`, { mode: 0o600 });
  } catch (error) {
    debug(`${path} cannot be written: ${(error as Error).message}`);
  }
  return token;
}
