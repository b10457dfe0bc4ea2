// A disk given as an output: writing to it would destroy its file system. A file stands in for it, which says it is one.
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { writeFileAtomic } from "../../src/support/atomic.js";
import { AttuneError } from "../../src/support/errors.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const stat = async (path: string) => {
    const found = await real.stat(path);
    return path.endsWith("disk") ? Object.assign(found, { isFile: () => false, isBlockDevice: () => true }) : found;
  };
  return { ...real, stat };
});

it("a disk is refused, and keeps what is on it", async () => {
  const disk = join(await mkdtemp(join(tmpdir(), "attune-disk-")), "disk");
  await writeFile(disk, "a file system");
  const refused = writeFileAtomic(disk, "rows");
  await expect(refused).rejects.toThrow(`Could not write to ${disk}: it is a disk. Choose the path of a file`);
  await expect(refused).rejects.toBeInstanceOf(AttuneError);
  expect(await readFile(disk, "utf8")).toBe("a file system");
});
