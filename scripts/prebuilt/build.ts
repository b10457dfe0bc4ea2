// Compiles the addon for every platform, on any of them:
//
//   npx tsx scripts/prebuilt/build.ts             all of targets.ts, into build/prebuilt/PLATFORM/attune.node
//   npx tsx scripts/prebuilt/build.ts darwin-x64  those named
//
// and looks at what each binary asks of the system that it will run on (check.ts).
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compileAll, digest, make, readIfThere, stampOf } from "../../native/compile.js";
import { compilations } from "../../native/sources.js";
import { checkBinary } from "./check.js";
import { binaryFolder, binaryOf } from "./folders.js";
import { type Target, targetsNamed } from "./targets.js";
import { compilerFor, findZig } from "./zig.js";

const linkFlags: Readonly<Record<Target["os"], readonly string[]>> = {
  // Node's functions are the program's own: found when the addon is loaded.
  linux: ["-shared", "-Wl,--gc-sections", "-Wl,-z,now", "-s"],
  darwin: ["-dynamiclib", "-Wl,-undefined,dynamic_lookup", "-Wl,-dead_strip", "-s"],
  win32: ["-shared", "-Wl,--gc-sections", "-s"],
};

/** Builds one target where its sources, flags or compiler have changed; returns the binary's path. */
export async function buildTarget(zig: readonly string[], target: Target): Promise<string> {
  const compiler = compilerFor(zig, target);
  const jobs = compilations(target.os, target.cpu);
  const folder = binaryFolder(target);
  const binary = binaryOf(target);
  const stamp = digest(...compiler.command, compiler.version, ...linkFlags[target.os], ...jobs.map(stampOf));
  if (existsSync(binary) && readIfThere(join(folder, "stamp")) === stamp) return binary;
  const failures = await compileAll(compiler, jobs, folder);
  if (failures.length > 0) throw new Error(`${target.name}: cannot compile ${failures.join(", ")}`);
  // Linked as C, not C++: the addon uses nothing of a C++ library.
  const link = [...zig, "cc", "-target", target.zig, ...linkFlags[target.os]];
  if (!(await make([...link, ...jobs.map(({ object }) => join(folder, object)), "-o"], binary))) {
    throw new Error(`${target.name}: cannot link the addon`);
  }
  writeFileSync(join(folder, "stamp"), stamp);
  return binary;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const zig = findZig();
  for (const target of targetsNamed(process.argv.slice(2))) {
    const started = performance.now();
    const binary = await buildTarget(zig, target);
    const summary = checkBinary(binary, target);
    console.log(`${target.name}: ${summary} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
  }
}
