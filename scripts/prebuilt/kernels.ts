// Cross-compiles the kernels' test program (native/test) with the compiler of the prebuilt binaries:
//
//   npx tsx scripts/prebuilt/kernels.ts linux-arm64-musl
//
// For musl it needs no library, so that `qemu-aarch64 build/kernels/linux-arm64-musl/kernels` runs it anywhere.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildProgram } from "../../native/test/build.js";
import { buildFolder } from "./folders.js";
import { type Target, targetsNamed } from "./targets.js";
import { compilerFor, findZig } from "./zig.js";

/** Builds the program for a target; returns its path. */
export function buildKernels(zig: readonly string[], target: Target): Promise<string> {
  return buildProgram(compilerFor(zig, target), target.os, target.cpu, join(buildFolder, "kernels", target.name));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const zig = findZig();
  for (const target of targetsNamed(process.argv.slice(2))) console.log(await buildKernels(zig, target));
}
