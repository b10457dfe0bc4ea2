// The reader of shared libraries against nm of binutils, and the check of prebuilt binaries against made-up ones.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Binary, type Import, readBinary } from "../../scripts/prebuilt/binary.js";
import { faultsOf } from "../../scripts/prebuilt/check.js";
import { root } from "../../scripts/prebuilt/folders.js";
import { type Target, targets, targetsNamed } from "../../scripts/prebuilt/targets.js";

const compiled = join(root, "native/build/attune.node");

/** nm's lines: [type, name, version]. */
function symbols(): [type: string, name: string, version?: string][] | undefined {
  const { stdout, status } = spawnSync("nm", ["-D", "--with-symbol-versions", compiled], { encoding: "utf8" });
  if (status !== 0) return undefined;
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [type, symbol] = line.trim().split(/\s+/).slice(-2);
      const [name, version] = symbol.split(/@+/);
      return [type, name, version];
    });
}

const expected = process.platform === "linux" ? symbols() : undefined;

it.skipIf(expected === undefined)("a shared library's names are those that nm finds", () => {
  const binary = readBinary(readFileSync(compiled));
  expect(binary.format).toBe("elf");
  expect(binary.cpu).toBe(process.arch);
  const undefinedTypes = ["U", "w"];
  const wanted = (expected ?? []).filter(([type]) => undefinedTypes.includes(type));
  const byName = (a: Import, b: Import): number => (a.name < b.name ? -1 : 1);
  expect([...binary.imports].sort(byName)).toEqual(
    wanted.map(([type, name, version]) => ({ name, version, weak: type === "w" })).sort(byName),
  );
  const offered = (expected ?? []).filter(([type]) => !undefinedTypes.includes(type)).map(([, name]) => name);
  expect([...binary.exports].sort()).toEqual(offered.sort());
  expect(binary.libraries).toContain("libc.so.6");
});

it("what is no library is refused", () => {
  expect(() => readBinary(Buffer.from("#!/bin/sh\necho"))).toThrow("neither an ELF, a Mach-O nor a PE file");
  const compiledBytes = readFileSync(compiled);
  expect(() => readBinary(compiledBytes.subarray(0, 100))).toThrow(RangeError);
});

describe("a prebuilt binary", () => {
  const target = (name: string): Target => targetsNamed([name])[0];
  const good: Binary = {
    format: "elf",
    cpu: "x64",
    libraries: ["libc.so.6", "libm.so.6"],
    imports: [
      { name: "memcpy", version: "GLIBC_2.14", weak: false },
      { name: "clock_gettime", version: "GLIBC_2.17", weak: false },
      { name: "napi_create_double", weak: false },
    ],
    exports: ["napi_register_module_v1", "node_api_module_get_api_version_v1"],
  };
  const faults = (change: Partial<Binary>, name = "linux-x64-gnu"): string[] =>
    faultsOf({ ...good, ...change }, target(name));
  const wanting = (name: string, version?: string, library?: string): Partial<Binary> => ({
    imports: [...good.imports, { name, version, library, weak: false }],
  });

  it("passes where it asks for what is everywhere", () => {
    expect(faults({})).toEqual([]);
    const darwin = { libraries: ["/usr/lib/libSystem.B.dylib"], imports: [], macos: "11.0", signed: true };
    expect(faults({ ...darwin, format: "mach-o", cpu: "arm64" }, "darwin-arm64")).toEqual([]);
  });

  it.each([
    [{ cpu: "arm64" as const }, "it is for arm64"],
    [{ exports: good.exports.slice(1) }, "it does not export napi_register_module_v1"],
    [{ exports: [...good.exports, "memcpy"] }, "it exports memcpy"],
    [{ libraries: ["libstdc++.so.6"] }, "it needs the library libstdc++.so.6"],
    [wanting("powf", "GLIBC_2.27"), "it wants powf of glibc 2.27, and 2.17 is promised"],
    [wanting("_ZdlPv", "GLIBCXX_3.4"), "it wants _ZdlPv, which is not known to be everywhere"],
    [wanting("free", "GLIBCXX_3.4"), "it wants free in version GLIBCXX_3.4"],
    [wanting("napi_create_date_of_tomorrow"), "it wants napi_create_date_of_tomorrow, which is not known"],
  ])("%j: %s", (change, message) => {
    expect(faults(change).join("; ")).toContain(message);
  });

  it("for macOS says the version that it is for, and is signed", () => {
    const darwin = {
      libraries: [],
      imports: [],
      macos: "14.0",
      signed: false,
      format: "mach-o",
      cpu: "arm64",
    } as const;
    expect(faults(darwin, "darwin-arm64")).toEqual([
      "it is for macOS 14.0 on, and 11.0 is promised",
      "it is not signed",
    ]);
  });

  it("for Windows takes nothing from a program of a fixed name", () => {
    const windows = {
      libraries: ["KERNEL32.dll", "node.exe"],
      ...wanting("napi_get_undefined", undefined, "node.exe"),
    };
    expect(faults(windows, "win32-x64")).toEqual([
      "it needs the library node.exe",
      "it wants napi_get_undefined of node.exe, and Node is not always called that",
    ]);
  });

  it("is made for named platforms only", () => {
    expect(targetsNamed([])).toBe(targets);
    expect(() => targetsNamed(["linux-x64"])).toThrow('no platform "linux-x64"; there are linux-x64-gnu, ');
  });
});
