// Prebuilt addons: an npm package for each platform, optional dependencies of this one, of which an installation holds the
// one that fits. scripts/prebuilt makes them.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { version } from "../../support/version.js";

/** Platforms that have a package, by Node's names; on Linux the C library tells two apart. */
const PLATFORMS: readonly string[] = [
  ...["linux-x64-gnu", "linux-x64-musl", "linux-arm64-gnu", "linux-arm64-musl"],
  ...["darwin-x64", "darwin-arm64", "win32-x64"],
];

/** The package for a platform, or undefined where there is none. */
export function prebuiltPackage(platform: string, arch: string, libc: "gnu" | "musl"): string | undefined {
  const name = platform === "linux" ? `linux-${arch}-${libc}` : `${platform}-${arch}`;
  return PLATFORMS.includes(name) ? `@attune/engine-${name}` : undefined;
}

/** The C library of the Node that runs: a program for Linux names its loader (ELF's segment PT_INTERP). */
export function cLibrary(program = process.execPath): "gnu" | "musl" {
  try {
    return interpreterOf(program).includes("/ld-musl-") ? "musl" : "gnu";
  } catch {
    return "gnu"; // not readable, or no ELF file: the common case
  }
}

/** Path of the loader that an ELF file of 64 bits asks for, or "". */
function interpreterOf(program: string): string {
  const file = openSync(program, "r");
  try {
    const bytesAt = (position: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, position);
      return bytes;
    };
    const header = bytesAt(0, 64);
    const [size, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
    const segments = bytesAt(Number(header.readBigUInt64LE(32)), size * count);
    for (let at = 0; at < segments.length; at += size) {
      if (segments.readUInt32LE(at) !== 3) continue;
      const [offset, length] = [at + 8, at + 32].map((field) => Number(segments.readBigUInt64LE(field)));
      return bytesAt(offset, Math.min(length, 4096)).toString("latin1");
    }
    return "";
  } finally {
    closeSync(file);
  }
}

/** Where the prebuilt addon for this machine is, or why there is none. */
export function findPrebuilt(): { path: string; name: string } | { missing: string; name?: string } {
  const { platform, arch } = process;
  const name = prebuiltPackage(platform, arch, platform === "linux" ? cLibrary() : "gnu");
  if (name === undefined) return { missing: `there is none for ${platform} ${arch}` };
  const require = createRequire(import.meta.url);
  let manifest: string;
  try {
    manifest = require.resolve(`${name}/package.json`);
  } catch {
    return { missing: `the package ${name} is not installed`, name };
  }
  const found = (JSON.parse(readFileSync(manifest, "utf8")) as { version?: unknown }).version;
  if (found !== version) {
    return { missing: `the package ${name} is of version ${String(found)}, and this is Attune ${version}`, name };
  }
  return { path: require.resolve(name), name };
}
