// What this user's dashboards keep from start to start: what was read of long logs, and the token, so that a page that is
// open finds its server again and a link to a view stays good.
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hubHome } from "../hub/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { debug } from "../support/log.js";

/** Where the dashboard keeps what it has read of long logs. */
export function logCache(): string {
  return join(hubHome(), "attune", "logs");
}

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
