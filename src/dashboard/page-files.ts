// The built page: its few files, read at start, so that no request's path is ever looked up on the disk.
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../support/errors.js";

export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Beside this file in dist/; where the sources run, in the dist/ beside them. */
const folder = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../dist/dashboard/page/" : "./page/", import.meta.url),
);

/** Files by their paths in a URL: "/" and "/assets/...". @throws ConfigError where the page was not built */
export async function readPage(): Promise<ReadonlyMap<string, PageFile>> {
  const names = await readdir(folder, { recursive: true }).catch((error: Error) => {
    throw new ConfigError(`the dashboard's page is not there (${folder}): npm run build:ts builds it`, {
      cause: error,
    });
  });
  const files = new Map<string, PageFile>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const path = `/${name.replaceAll("\\", "/")}`;
    files.set(path === "/index.html" ? "/" : path, { type, content: await readFile(join(folder, name)) });
  }
  return files;
}
