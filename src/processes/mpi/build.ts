// Compiles the MPI binding where it is needed for the first time, with the wrapper compiler of the MPI that is installed:
// MPI libraries have no common binary interface, so that none can be prebuilt for all of them. Processes that start
// together may all come here at once; the addon appears by one rename, and whoever is last replaces it by the same.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../support/errors.js";
import { info } from "../../support/log.js";

const native = fileURLToPath(new URL("../../../native/", import.meta.url));
const sources = join(native, "mpi");
const REMEDY = "install an MPI with its compilers (Debian: apt install openmpi-bin libopenmpi-dev g++)";

interface Compiler {
  readonly command: string;
  /** Tells this MPI from another. */
  readonly identity: string;
}

/** The wrapper compiler: MPICXX, or the usual names. */
export function findMpiCompiler(): Compiler | undefined {
  const names = process.env.MPICXX ? [process.env.MPICXX] : ["mpicxx", "mpic++"];
  for (const command of names) {
    for (const show of ["--showme", "-show"]) {
      const { status, stdout } = spawnSync(command, [show], { encoding: "utf8" });
      if (status === 0) return { command, identity: stdout + mpiVersion() };
    }
  }
  return undefined;
}

function mpiVersion(): string {
  return spawnSync("mpirun", ["--version"], { encoding: "utf8" }).stdout ?? "";
}

/**
 * The path of the binding for the MPI of this machine, compiled if it is not there yet.
 * @throws ConfigError where there is no MPI, no compiler, or it cannot be compiled
 */
export function buildMpiAddon(): string {
  const compiler = findMpiCompiler();
  if (!compiler)
    throw new ConfigError(`no compiler of MPI programs was found (mpicxx, or what MPICXX names): ${REMEDY}`);
  const files = readdirSync(sources).filter((name) => name.endsWith(".cpp") || name.endsWith(".h"));
  const hash = createHash("sha256").update(`${compiler.identity}\0${process.arch}\0${process.versions.modules}`);
  for (const name of files.sort()) hash.update(readFileSync(join(sources, name)));
  const folder = buildFolder();
  const path = join(folder, `attune_mpi-${hash.digest("hex").slice(0, 16)}.node`);
  if (existsSync(path)) return path;

  info(`compiling the MPI binding with ${compiler.command}, once`);
  const temporary = `${path}.${process.pid}`;
  const { status, stderr, error } = spawnSync(
    compiler.command,
    [
      ...["-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-pthread", "-DNAPI_VERSION=8", "-Wall", "-Wextra"],
      ...(process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"]),
      `-I${headers()}`,
      ...files.filter((name) => name.endsWith(".cpp")).map((name) => join(sources, name)),
      ...["-ldl", "-o", temporary],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    rmSync(temporary, { force: true });
    throw new ConfigError(`${compiler.command} cannot compile the MPI binding; ${REMEDY}\n${error?.message ?? stderr}`);
  }
  renameSync(temporary, path);
  return path;
}

/** Beside the engine's, or, where the package's folder cannot be written to, in the user's cache. */
function buildFolder(): string {
  const beside = join(native, "build");
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  for (const folder of [beside, join(cache, "attune")]) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      // the next one
    }
  }
  throw new ConfigError(`no folder for the MPI binding can be written to, neither ${beside} nor ${cache}/attune`);
}

function headers(): string {
  const { include_dir } = createRequire(import.meta.url)("node-api-headers") as { include_dir: string };
  return include_dir;
}
