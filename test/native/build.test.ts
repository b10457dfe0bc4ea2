// native/build.js on machines of several kinds: without a compiler, with one that fails, with one that works (a script that
// stands in for it and counts its calls).
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "attune-build-"));
  cpSync(join(root, "native"), join(folder, "native"), {
    recursive: true,
    filter: (path) => path !== join(root, "native/build"),
  });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const addon = (): string => join(folder, "native/build/attune.node");

function build(environment: Record<string, string>, ...args: string[]) {
  return spawnSync(process.execPath, [join(folder, "native/build.js"), ...args], {
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", ...environment },
  });
}

/** A compiler that notes what it is asked for and writes an empty result; it fails on `failing`. */
function standIn(failing = "nothing"): string {
  const path = join(folder, "compiler");
  const script = `#!/bin/sh
[ "$1" = --version ] && echo "stand-in 1.0" && exit 0
for last; do :; done
case "$*" in *${failing}*) echo "error in ${failing}" >&2; exit 1;; esac
echo "$*" >> ${folder}/calls
: > "$last"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}
const calls = (): string[] => {
  const path = join(folder, "calls");
  const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  rmSync(path, { force: true });
  return lines;
};

describe("without a compiler", () => {
  it("npm install goes on, with one line that says what helps", () => {
    const { status, stdout, stderr } = build({ PATH: "" });
    expect(status).toBe(0);
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(stdout).toMatch(/no C\+\+ compiler found.*TypeScript backend.*npm run build:native/);
    expect(existsSync(addon())).toBe(false);
  });

  it("--required fails", () => {
    const { status, stderr } = build({ CXX: "/no/such/compiler" }, "--required");
    expect(status).toBe(1);
    expect(stderr).toContain("no C++ compiler /no/such/compiler");
  });
});

describe("with a compiler", () => {
  it("builds each kernel file for each instruction set, once", () => {
    const CXX = standIn();
    expect(build({ CXX }, "--required").status).toBe(0);
    expect(existsSync(addon())).toBe(true);
    const compiled = calls().filter((line) => line.includes(" -c "));
    const sets = process.arch === "x64" ? 3 : 1;
    expect(compiled.filter((line) => line.includes("gemm.cpp"))).toHaveLength(sets);
    expect(compiled.filter((line) => line.includes("gemm_pairs.cpp"))).toHaveLength(process.arch === "x64" ? 2 : 0);
    expect(compiled.filter((line) => line.includes("stream.cpp"))).toHaveLength(1);
    expect(compiled.every((line) => !line.includes("-ffast-math"))).toBe(true);

    expect(build({ CXX }, "--required").status).toBe(0);
    expect(calls()).toEqual([]);
    expect(build({ PATH: "" }, "--required").status).toBe(0); // up to date: no compiler needed

    writeFileSync(join(folder, "native/loss.cpp"), "// changed");
    expect(build({ CXX }).status).toBe(0);
    expect(calls().filter((line) => line.includes(" -c "))).toHaveLength(sets);
    writeFileSync(join(folder, "native/simd.h"), "// changed");
    expect(build({ CXX }).status).toBe(0);
    expect(calls().length).toBe(compiled.length + 1);
    expect(readdirSync(join(folder, "native/build")).filter((name) => /\.\d+$/.test(name))).toEqual([]);
  });

  it("a failure shows the compiler's words, and leaves no addon of other sources behind", () => {
    expect(build({ CXX: standIn() }).status).toBe(0);
    writeFileSync(join(folder, "native/loss.cpp"), "// changed");
    const CXX = standIn("loss.cpp");
    const { status, stderr, stdout } = build({ CXX });
    expect(status).toBe(0);
    expect(stderr).toContain("error in loss.cpp");
    expect(stdout).toMatch(/cannot compile loss\.cpp.*TypeScript backend/);
    expect(existsSync(addon())).toBe(false);
    expect(build({ CXX }, "--required").status).toBe(1);
  });

  it("names missing headers", () => {
    rmSync(join(folder, "node_modules"));
    mkdirSync(join(folder, "node_modules"));
    const { status, stderr } = build({ CXX: standIn() }, "--required");
    expect(status).toBe(1);
    expect(stderr).toContain("node-api-headers is missing");
  });
});
