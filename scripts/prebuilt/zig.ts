// The compiler of the prebuilt binaries: zig, a C++ compiler for every platform with the C libraries of each, from the
// Python package ziglang. It is installed into build/zig unless ATTUNE_ZIG names a zig that is there.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Compiler } from "../../native/compile.js";
import { buildFolder } from "./folders.js";
import type { Target } from "./targets.js";

/** Binaries depend on it: another version is another compiler. */
const VERSION = "0.17.1";

function run([command, ...args]: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) {
    const reason = error?.message ?? stderr.trim() ?? `status ${status}`;
    throw new Error(`${command} ${args.join(" ")} failed: ${reason}`);
  }
  return stdout.trim();
}

/** The command that runs zig. */
export function findZig(): readonly string[] {
  if (process.env.ATTUNE_ZIG) return [process.env.ATTUNE_ZIG];
  const environment = join(buildFolder, "zig");
  const python = join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  if (!existsSync(python)) run([process.platform === "win32" ? "python" : "python3", "-m", "venv", environment]);
  const zig = [python, "-m", "ziglang"];
  const installed = spawnSync(zig[0], [...zig.slice(1), "version"], { encoding: "utf8" });
  if (installed.status !== 0 || installed.stdout.trim() !== VERSION) {
    console.log(`attune: installing ziglang ${VERSION} into ${environment}`);
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", `ziglang==${VERSION}`]);
  }
  return zig;
}

/** Spells a flag as zig does. */
function translate(flag: string): string[] {
  // Zig reads -mtune as -mcpu, and "skylake-avx512" as skylake without "avx512".
  const [, processor] = /^-mtune=(.*)$/.exec(flag) ?? [];
  return processor ? ["-Xclang", "-tune-cpu", "-Xclang", processor] : [flag];
}

/** A compiler for native/compile.js that compiles for one of targets.js. */
export function compilerFor(zig: readonly string[], target: Target): Compiler {
  const { include_dir: headers } = createRequire(import.meta.url)("node-api-headers") as { include_dir: string };
  return {
    command: [...zig, "c++", "-target", target.zig],
    version: run([...zig, "version"]),
    include: [`-I${headers}`],
    translate,
  };
}
