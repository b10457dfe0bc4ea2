// Packs Attune as it is published and installs it into an empty folder as a user would who lets no install script run and
// has no network.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/prebuilt/folders.js";
import { npm, pack, packAll } from "../../scripts/prebuilt/pack.js";
import type { Target } from "../../scripts/prebuilt/targets.js";

export interface InstallOptions {
  /** The platform to install for. */
  readonly target: Target;
  /** The platforms that the package asks for; default: the one. */
  readonly targets?: readonly Target[];
  readonly binaryFor: (target: Target) => string;
}

/** Folders of the packages that Attune needs to run, from the lock file. */
function dependencies(): string[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== "" && !entry.dev && !entry.optional && !entry.devOptional)
    .map(([path]) => join(root, path));
}

/** The name of the package in a tarball. */
function nameOf(tarball: string): string {
  const { stdout } = spawnSync("tar", ["xzOf", tarball, "package/package.json"], { encoding: "utf8" });
  return (JSON.parse(stdout) as { name: string }).name;
}

/**
 * Packs Attune, asking for the binaries of all `targets`, and installs it for one of them into `folder`/app, its
 * dependencies from node_modules. dist/ must be built. Returns the folder that it was installed into.
 */
export function installPacked(folder: string, { target, targets = [target], binaryFor }: InstallOptions): string {
  const [main, ...platforms] = packAll(join(folder, "packed"), targets, binaryFor);
  const own = join(folder, "dependencies");
  mkdirSync(own);
  const app = join(folder, "app");
  mkdirSync(app);
  // The files stand for the registry, where npm would find what attune asks for.
  const files = (paths: readonly string[]) => Object.fromEntries(paths.map((path) => [nameOf(path), `file:${path}`]));
  const manifest = {
    private: true,
    dependencies: files([main, ...pack(own, dependencies())]),
    optionalDependencies: files(platforms),
  };
  writeFileSync(join(app, "package.json"), JSON.stringify(manifest));
  const machine = [`--os=${target.os}`, `--cpu=${target.cpu}`, ...(target.libc ? [`--libc=${target.libc}`] : [])];
  npm(app, "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", ...machine);
  return app;
}
