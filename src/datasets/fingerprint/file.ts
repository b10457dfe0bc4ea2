// Files as far as the file system tells them apart without reading them.
import { statSync } from "node:fs";
import { resolve } from "node:path";

/** Changes whenever the file is written to or replaced. A file that is not there is told by whoever opens it. */
export function fingerprintOfFile(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return `${resolve(path)} is not there`;
  const { size, mtimeNs, ctimeNs, ino, dev } = found;
  return [resolve(path), size, mtimeNs, ctimeNs, ino, dev].join(" ");
}
