// Makes the npm packages: one for each platform with its binary, and attune itself, which asks for them as optional
// dependencies, so that an installation gets the one that fits and needs neither a compiler nor install scripts.
//
//   npx tsx scripts/prebuilt/pack.ts              builds what is not up to date and packs everything, into build/npm
//   npx tsx scripts/prebuilt/pack.ts darwin-arm64 the platforms named, and attune asking for those alone
//
// Publishing is `npm publish build/npm/*.tgz`, the platforms first: a package whose optional dependencies are not there yet
// would be installed without them.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildTarget } from "./build.js";
import { checkBinary } from "./check.js";
import { binaryOf, buildFolder, root } from "./folders.js";
import { packageOf, type Target, targetsNamed } from "./targets.js";
import { findZig } from "./zig.js";

interface Manifest {
  readonly version: string;
  readonly devDependencies: unknown;
  readonly scripts: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/** npm in a folder; returns what it prints. */
export function npm(folder: string, ...args: readonly string[]): string {
  const shell = process.platform === "win32"; // npm is a script there
  const { status, error, stdout, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8", shell });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed: ${error?.message ?? `${stderr}\n${stdout}`}`);
  return stdout;
}

/** Makes a tarball of each package folder in `destination`; returns their paths. */
export function pack(destination: string, folders: readonly string[]): string[] {
  const output = npm(destination, "pack", "--json", "--ignore-scripts", ...folders);
  // npm writes @scope/name as scope-name.
  return (JSON.parse(output) as { filename: string }[]).map(({ filename }) =>
    join(destination, filename.replace(/^@/, "").replace("/", "-")),
  );
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

const SYSTEMS = { linux: "Linux", darwin: "macOS", win32: "Windows" };

/** The package of a platform. */
function layOutPlatform(folder: string, target: Target, binary: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(binary, join(folder, "attune.node"));
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  const system = `${SYSTEMS[target.os]} on ${target.cpu}${target.libc ? ` with ${target.libc}` : ""}`;
  const { version, license, engines, repository } = manifest;
  writeJson(join(folder, "package.json"), {
    ...{ name: packageOf(target), version, description: `The native engine of attune for ${system}.` },
    ...{ license, engines, repository, main: "attune.node", files: ["attune.node"] },
    ...{ os: [target.os], cpu: [target.cpu], libc: target.libc ? [target.libc] : undefined, preferUnplugged: true },
  });
  writeFileSync(
    join(folder, "README.md"),
    `The native engine of [attune](https://www.npmjs.com/package/attune) for ${system}. Install \`attune\`; it brings this package where it fits.\n`,
  );
}

/** attune itself: the files that npm would pack, and a manifest that asks for the platforms' packages. */
function layOutMain(folder: string, targets: readonly Target[]): void {
  const [{ files }] = JSON.parse(npm(root, "pack", "--dry-run", "--json", "--ignore-scripts")) as [
    { files: { path: string }[] },
  ];
  for (const { path } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  const { devDependencies: _, scripts, ...rest } = manifest;
  writeJson(join(folder, "package.json"), {
    ...rest,
    scripts: { install: scripts.install },
    optionalDependencies: Object.fromEntries(targets.map((target) => [packageOf(target), manifest.version])),
  });
}

/**
 * Makes the tarballs of attune and of `targets`, whose binaries `binaryFor` finds, in `destination`; dist/ must be built.
 * Returns their paths, attune's first.
 */
export function packAll(
  destination: string,
  targets: readonly Target[],
  binaryFor: (target: Target) => string,
): string[] {
  rmSync(destination, { recursive: true, force: true });
  const folders = ["attune", ...targets.map((target) => target.name)].map((name) => join(destination, name));
  layOutMain(folders[0], targets);
  for (const [i, target] of targets.entries()) layOutPlatform(folders[i + 1], target, binaryFor(target));
  return pack(destination, folders);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const targets = targetsNamed(process.argv.slice(2));
  const zig = findZig();
  for (const target of targets) console.log(`${target.name}: ${checkBinary(await buildTarget(zig, target), target)}`);
  npm(root, "run", "build:ts");
  for (const path of packAll(join(buildFolder, "npm"), targets, binaryOf)) console.log(path);
}
