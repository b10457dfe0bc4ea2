// What `npm install attune` gives: the packed package and this platform's binary package, installed into an empty folder
// with install scripts off, train there; without the binary package they fall back, and say why. The binary is the one
// compiled here; the soak test does the same with those that are published, on the systems they are for.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/prebuilt/folders.js";
import { packageOf, targets } from "../../scripts/prebuilt/targets.js";
import { cLibrary, prebuiltPackage } from "../../src/backends/native/prebuilt.js";
import { version } from "../../src/support/version.js";
import { installPacked } from "./install.js";

const name = prebuiltPackage(process.platform, process.arch, cLibrary());
const target = targets.find((candidate) => packageOf(candidate) === name);

describe.skipIf(target === undefined)(`the package on ${process.platform} ${process.arch}`, () => {
  if (!target) return;
  let folder: string;
  let app: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "attune-package-")));
    app = installPacked(folder, { target, binaryFor: () => join(root, "native/build/attune.node") });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A program of the installed package, without a compiler in reach. */
  function attune(...args: string[]): string {
    const program = join(app, "node_modules/attune/dist/cli/main.js");
    const environment = { PATH: "", HOME: folder };
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], {
      cwd: app,
      env: environment,
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    return stdout + stderr;
  }
  const platformManifest = (): string => join(app, "node_modules", packageOf(target), "package.json");

  it("holds no binary of its own, and asks for the platforms' as optional", () => {
    const manifest = JSON.parse(readFileSync(join(app, "node_modules/attune/package.json"), "utf8"));
    expect(manifest.optionalDependencies).toEqual({ [packageOf(target)]: version });
    expect(manifest.devDependencies).toBeUndefined();
    expect(manifest.scripts).toEqual({ install: "node native/build.js" });
    const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
      encoding: "utf8",
    });
    const [{ files }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
    expect(files.map(({ path }) => path).filter((path) => /\.(node|o|stamp)$/.test(path))).toEqual([]);
  });

  it("names the prebuilt addon", () => {
    const text = attune("env");
    expect(text).toMatch(/^engine +native: /m);
    expect(text).toContain(`prebuilt, ${join(app, "node_modules", packageOf(target), "attune.node")}`);
  });

  it("trains", () => {
    expect(attune("quickstart", "--max-steps", "3", "--output", "run")).toContain("saved to run");
  });

  it("is found by the install script, which then compiles nothing", () => {
    const script = join(app, "node_modules/attune/native/build.js");
    const { stdout, status } = spawnSync(process.execPath, [script], { cwd: app, env: { PATH: "" }, encoding: "utf8" });
    expect(stdout).toBe(`attune: native backend: prebuilt, ${join(platformManifest(), "../attune.node")}\n`);
    expect(status).toBe(0);
  });

  it("does not take the binary of another version", () => {
    const manifest = readFileSync(platformManifest(), "utf8");
    writeFileSync(platformManifest(), manifest.replace(version, "0.0.1"));
    const text = attune("env");
    expect(text).toMatch(/^engine +reference/m);
    expect(text).toContain(`${packageOf(target)} is of version 0.0.1, and this is Attune ${version}`);
    writeFileSync(platformManifest(), manifest);
  });

  it("says what is wrong with a binary that does not load", () => {
    writeFileSync(join(platformManifest(), "../attune.node"), "not a library");
    const text = attune("env");
    expect(text).toMatch(/^engine +reference/m);
    expect(text).toMatch(/native addon +none: no prebuilt addon: \S+attune\.node cannot be loaded: /);
  });

  it("without the binary package says so, and runs on the fallback", () => {
    rmSync(join(platformManifest(), ".."), { recursive: true });
    const text = attune("env");
    expect(text).toMatch(/^engine +reference/m);
    expect(text).toContain(
      `no prebuilt addon: the package ${packageOf(target)} is not installed; none compiled here: `,
    );
    expect(text).toMatch(/the native engine is not available .*some hundred times slower/);
  });
});

it("every platform that a binary is made for is looked for under its package's name", () => {
  for (const { os, cpu, libc, ...rest } of targets) {
    expect(prebuiltPackage(os, cpu, libc === "musl" ? "musl" : "gnu")).toBe(packageOf({ os, cpu, libc, ...rest }));
  }
  expect(prebuiltPackage("freebsd", "x64", "gnu")).toBeUndefined();
  expect(prebuiltPackage("linux", "riscv64", "musl")).toBeUndefined();
});

it("the C library is read from the program that runs", () => {
  const folder = mkdtempSync(join(tmpdir(), "attune-libc-"));
  /** An ELF file whose second segment, of the type PT_INTERP, holds a path. */
  const program = (name: string, loader: string): string => {
    const bytes = Buffer.alloc(10_000);
    bytes.write("\x7fELF\x02\x01", "latin1");
    bytes.writeBigUInt64LE(5000n, 32); // where the table of segments stands
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(2, 56);
    bytes.writeUInt32LE(1, 5000);
    bytes.writeUInt32LE(3, 5056);
    bytes.writeBigUInt64LE(9000n, 5064);
    bytes.writeBigUInt64LE(BigInt(loader.length + 1), 5088);
    bytes.write(loader, 9000);
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  expect(cLibrary(program("alpine", "/lib/ld-musl-aarch64.so.1"))).toBe("musl");
  expect(cLibrary(program("debian", "/lib64/ld-linux-x86-64.so.2"))).toBe("gnu");
  writeFileSync(join(folder, "text"), "#!/bin/sh\n");
  expect(cLibrary(join(folder, "text"))).toBe("gnu");
  expect(cLibrary(join(folder, "nothing"))).toBe("gnu");
  rmSync(folder, { recursive: true });
});
