import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replaceFolderAtomic, writeFileAtomic } from "../../src/support/atomic.js";
import { AttuneError } from "../../src/support/errors.js";

const atomicSource = fileURLToPath(new URL("../../src/support/atomic.ts", import.meta.url));
const tsx = new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url).href; // in this process: signals reach it

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-atomic-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Writes a program that imports atomic.ts and gives the arguments that run it. */
async function program(body: string): Promise<string[]> {
  const scripts = await mkdtemp(join(folder, "program-"));
  const path = join(scripts, "main.mts");
  await writeFile(
    path,
    `import { replaceFolderAtomic, writeFileAtomic } from ${JSON.stringify(atomicSource)};\n${body}`,
  );
  return ["--import", tsx, path];
}

describe.skipIf(process.platform === "win32")("what is no file is written to, not replaced", () => {
  it("a pipe", async () => {
    const pipe = join(folder, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const reader = spawn("cat", [pipe]);
    let text = "";
    reader.stdout.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
    const closed = new Promise((resolve) => reader.once("close", resolve));
    await writeFileAtomic(pipe, "all of it");
    await closed;
    expect(text).toBe("all of it");
    expect((await lstat(pipe)).isFIFO()).toBe(true);
  });

  it("a device, through a link", async () => {
    const link = join(folder, "nothing");
    await symlink("/dev/null", link);
    await writeFileAtomic(link, "gone");
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readdir(folder)).toEqual(["nothing"]);
  });

  it.skipIf(process.platform !== "linux")("a stream by its number, be it a file", async () => {
    const args = await program('await writeFileAtomic("/proc/self/fd/1", "told");');
    const file = await open(join(folder, "out.txt"), "w");
    const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", file.fd, "inherit"] });
    await file.close();
    expect(status).toBe(0);
    expect(await readFile(join(folder, "out.txt"), "utf8")).toBe("told");
  });
});

async function rejection(promise: Promise<unknown>): Promise<AttuneError> {
  const error = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AttuneError);
  return error as AttuneError;
}

describe("writeFileAtomic", () => {
  it("writes text, bytes and streams of bytes, and replaces what was there", async () => {
    const path = join(folder, "file");
    await writeFileAtomic(path, "über");
    expect(await readFile(path, "utf8")).toBe("über");
    await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    await writeFileAtomic(path, [new Uint8Array([4]), new Uint8Array(0), new Uint8Array([5, 6])]);
    expect([...(await readFile(path))]).toEqual([4, 5, 6]);
    await writeFileAtomic(path, []);
    expect((await readFile(path)).byteLength).toBe(0);
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("keeps the order of chunks around the size at which they are gathered", async () => {
    const sizes = [1, (1 << 20) - 2, 1, 1, 1 << 20, 3, (1 << 20) + 1, 700_000, 700_000];
    const chunks = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
    async function* stream() {
      for (const chunk of chunks) yield chunk;
    }
    const path = join(folder, "file");
    await writeFileAtomic(path, stream());
    expect(Buffer.compare(await readFile(path), Buffer.concat(chunks))).toBe(0);
  });

  it("takes over a chunk before the producer reuses its memory", async () => {
    const path = join(folder, "file");
    function* reusing() {
      const buffer = new Uint8Array(2);
      for (let i = 0; i < 3; i++) yield buffer.fill(i);
    }
    await writeFileAtomic(path, reusing());
    expect([...(await readFile(path))]).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("keeps the old file and removes the temporary one when the producer fails", async () => {
    const path = join(folder, "file");
    await writeFile(path, "old");
    async function* failing() {
      yield new Uint8Array(3_000_000);
      throw new Error("the tensor was freed.");
    }
    const error = await rejection(writeFileAtomic(path, failing()));
    expect(error.message).toBe(
      `Could not write file ${path}: the tensor was freed. Nothing half-written was left behind.`,
    );
    expect(error.cause).toBeInstanceOf(Error);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("names a folder that does not exist, and one that stands in its place", async () => {
    const missing = join(folder, "no", "file");
    expect((await rejection(writeFileAtomic(missing, "x"))).message).toContain(`${missing}: its folder does not exist`);
    await mkdir(join(folder, "taken"));
    const taken = join(folder, "taken");
    expect((await rejection(writeFileAtomic(taken, "x"))).message).toContain(`${taken}: a folder of that name`);
    expect(await readdir(folder)).toEqual(["taken"]);
  });

  it("writes names up to the file system's limit", async () => {
    const path = join(folder, "é".repeat(127)); // 254 bytes
    await writeFileAtomic(path, "x");
    expect(await readdir(folder)).toHaveLength(1);
    const error = await rejection(writeFileAtomic(join(folder, "a".repeat(256)), "x"));
    expect(error.message).toContain("the name is too long");
    expect(await readdir(folder)).toHaveLength(1);
  });

  it("says that a file limit was met, and leaves nothing", async (context) => {
    if (spawnSync("prlimit", ["--version"]).status !== 0) context.skip("no prlimit on this system");
    const path = join(folder, "large.bin");
    await writeFile(path, "old");
    const args = await program(`
      await writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(3_000_000)).catch((e) => { process.stdout.write(e.name + ": " + e.message); });
    `);
    const run = spawnSync("prlimit", ["--fsize=1500000", process.execPath, ...args], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    expect(run.stdout).toContain(`AttuneError: Could not write file ${path}: the file would be larger than`);
    expect(run.stdout).toContain("EFBIG");
    expect(await readFile(path, "utf8")).toBe("old");
    expect((await readdir(folder)).filter((name) => !name.startsWith("program-"))).toEqual(["large.bin"]);
  });

  it("says that the disk is full, and leaves nothing", async (context) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", disk]).status !== 0) {
      context.skip("this user may not mount a tmpfs");
    }
    try {
      const path = join(disk, "large.bin");
      await writeFile(path, "old");
      const error = await rejection(writeFileAtomic(path, new Uint8Array(1_000_000)));
      expect(error.message).toContain(`Could not write file ${path}: the disk is full (ENOSPC). Free some space`);
      expect(await readFile(path, "utf8")).toBe("old");
      expect(await readdir(disk)).toEqual(["large.bin"]);
      const checkpoint = join(disk, "checkpoint-5");
      const whole = await rejection(
        replaceFolderAtomic(checkpoint, (into) => writeFileAtomic(join(into, "model.bin"), new Uint8Array(1_000_000))),
      );
      expect(whole.message).toContain(`Could not write folder ${checkpoint}: Could not write file ${checkpoint}/model`);
      expect(whole.message).toContain("the disk is full (ENOSPC)");
      expect(await readdir(disk)).toEqual(["large.bin"]);
    } finally {
      spawnSync("umount", [disk]);
    }
  });

  it("keeps the old file when the process is killed, and clears its remains at the next write", async () => {
    const path = join(folder, "model.bin");
    await writeFile(path, "old");
    const args = await program(`
      async function* slow() {
        for (let i = 0; ; i++) {
          yield new Uint8Array(2_000_000);
          if (i === 3) process.stdout.write("writing");
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      await writeFileAtomic(${JSON.stringify(path)}, slow());
    `);
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), ended]);
    child.kill("SIGKILL");
    await ended;
    expect(await readFile(path, "utf8")).toBe("old");
    const remains = () => readdir(folder).then((names) => names.filter((name) => name.startsWith(".model.bin.")));
    expect(await remains()).toHaveLength(1);
    await writeFile(join(folder, ".model.bin.elsewhere-1-00000000.tmp"), "another machine's");
    await writeFile(join(folder, ".model.bin.swp"), "an editor's");
    await writeFileAtomic(path, "new");
    expect(await remains()).toEqual([".model.bin.elsewhere-1-00000000.tmp", ".model.bin.swp"]);
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("lets many writers of one file race: the file is always one of theirs", async () => {
    const path = join(folder, "file");
    const texts = Array.from({ length: 20 }, (_, i) => `${i};`.repeat(10_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toEqual(["file"]);
  });
});

describe("replaceFolderAtomic", () => {
  it("makes a folder with its parents, and replaces one whole", async () => {
    const path = join(folder, "runs", "mrpc");
    await replaceFolderAtomic(path, async (into) => {
      expect(existsSync(path)).toBe(false);
      await mkdir(join(into, "deep"));
      await writeFile(join(into, "deep", "a"), "1");
    });
    await replaceFolderAtomic(path, async (into) => {
      await writeFile(join(into, "b"), "2");
      expect(await readdir(path)).toEqual(["deep"]);
    });
    expect(await readdir(path)).toEqual(["b"]);
    expect(await readdir(join(folder, "runs"))).toEqual(["mrpc"]);
  });

  it("follows a link to the folder", async () => {
    await mkdir(join(folder, "disk"));
    await symlink(join(folder, "disk"), join(folder, "link"));
    await replaceFolderAtomic(join(folder, "link"), (into) => writeFile(join(into, "a"), "1"));
    expect(await readdir(join(folder, "disk"))).toEqual(["a"]);
    expect((await readdir(folder)).sort()).toEqual(["disk", "link"]);
  });

  it("keeps the old folder when filling fails", async () => {
    const path = join(folder, "checkpoint-10");
    await replaceFolderAtomic(path, (into) => writeFile(join(into, "a"), "1"));
    const error = await rejection(
      replaceFolderAtomic(path, async (into) => {
        await writeFile(join(into, "half"), "");
        throw new Error("step 11 has no gradient");
      }),
    );
    expect(error.message).toContain(`folder ${path}: step 11 has no gradient. Nothing`);
    expect(await readdir(path)).toEqual(["a"]);
    expect(await readdir(folder)).toEqual(["checkpoint-10"]);
  });

  it("puts back a folder that a killed process had moved away", async () => {
    const path = join(folder, "run");
    // What a process that died between its two renames leaves; pid 2^22 is above Linux's highest.
    const { hostname } = await import("node:os");
    const host = hostname()
      .replaceAll(/[^A-Za-z0-9]/g, "_")
      .slice(0, 40);
    await mkdir(join(folder, `.run.${host}-4194305-0123abcd.old`));
    await writeFile(join(folder, `.run.${host}-4194305-0123abcd.old`, "weights"), "precious");
    await mkdir(join(folder, `.run.${host}-4194305-0123abcd.tmp`));
    await rejection(
      replaceFolderAtomic(path, async () => {
        throw new Error("stopped");
      }),
    );
    expect(await readFile(join(path, "weights"), "utf8")).toBe("precious");
    expect(await readdir(folder)).toEqual(["run"]);
  });
});
