// Builds native/build/attune.node with the machine's C++ compiler and the headers of the npm package node-api-headers;
// nothing is downloaded. The kernels are compiled once for each instruction set, and the addon chooses when it is loaded.
//
//   node native/build.js             as npm install runs it: without a compiler it says so and succeeds
//   node native/build.js --required  fails where the addon cannot be built
//   CXX=clang++ node native/build.js another compiler than the first of g++, clang++, c++
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const required = process.argv.includes("--required");
const source = fileURLToPath(new URL(".", import.meta.url));
const out = join(source, "build");
const addon = join(out, "attune.node");

/** Compiled once, for the machine's baseline; everything else is a family of kernels, compiled for each set. */
const hostFiles = ["binding.cpp", "memory.cpp", "pool.cpp", "stream.cpp"];

const instructionSets =
  process.arch === "x64"
    ? {
        base: [],
        avx2: ["-mavx2", "-mfma", "-mtune=haswell"],
        avx512: [
          ...["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"],
          ...["-mprefer-vector-width=512", "-mtune=skylake-avx512"],
        ],
      }
    : { base: [] };

/** Ends without a new addon. One that was built from other sources would compute something else: it goes. */
function giveUp(reason) {
  if (existsSync(addon) && readIfThere(stampFile) !== sourceStamp) rmSync(addon);
  const remedy = "install a C++20 compiler (Debian: apt install g++) and run: npm run build:native";
  if (required) {
    console.error(`attune: ${reason}; ${remedy}`);
    process.exit(1);
  }
  console.log(`attune: ${reason}; the slower TypeScript backend will be used. To have the native one, ${remedy}`);
  process.exit(0);
}

function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ["g++", "clang++", "c++"];
  for (const command of candidates) {
    const probe = spawnSync(command, ["--version"], { encoding: "utf8" });
    if (probe.status === 0) return { command, version: probe.stdout };
  }
  return undefined;
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("error", (error) => resolve({ status: 1, output: String(error) }));
    child.on("close", (status) => resolve({ status, output }));
  });
}

function digest(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(String(part)).update("\0");
  return hash.digest("hex");
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Compiles one source file where its stamp says that it must be; several builds may be under way at once. */
async function compile(compiler, headers, job) {
  const object = join(out, job.object);
  const stamp = digest(compiler.command, compiler.version, job.stamp);
  if (existsSync(object) && readIfThere(`${object}.stamp`) === stamp) return true;
  const temporary = `${object}.${process.pid}`;
  const args = [...job.flags, `-I${headers}`, "-c", join(source, job.file), "-o", temporary];
  const { status, output } = await run(compiler.command, args);
  if (output) console.error(output);
  if (status !== 0) {
    rmSync(temporary, { force: true });
    return false;
  }
  renameSync(temporary, object);
  writeFileSync(`${object}.stamp`, stamp);
  return true;
}

/** With the compiler's own libraries inside, the addon needs nothing but the C library. */
async function link(compiler) {
  const temporary = `${addon}.${process.pid}`;
  const flags =
    process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : ["-shared", "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections", "-s"];
  const objects = jobs.map((job) => join(out, job.object));
  const { status, output } = await run(compiler.command, [...flags, "-pthread", ...objects, "-o", temporary]);
  if (output) console.error(output);
  if (status !== 0) {
    rmSync(temporary, { force: true });
    return false;
  }
  renameSync(temporary, addon);
  return true;
}

// ---- what there is to compile ----

const flags = [
  ...["-std=c++20", "-O3", "-fPIC", "-pthread", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti"],
  ...["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-Wall", "-Wextra", "-Wno-psabi"],
  "-DNAPI_VERSION=8",
];
const files = readdirSync(source).filter((name) => name.endsWith(".cpp") || name.endsWith(".h"));
const headerStamp = digest(
  ...files.filter((name) => name.endsWith(".h")).map((name) => readFileSync(join(source, name))),
);

function makeJob(file, object, extra) {
  const own = [...flags, ...extra];
  return { file, object, flags: own, stamp: digest(headerStamp, readFileSync(join(source, file)), ...own) };
}

const kernelFiles = files.filter((name) => name.endsWith(".cpp") && !hostFiles.includes(name));
const jobs = [
  ...kernelFiles.flatMap((file) =>
    Object.entries(instructionSets).map(([isa, own]) =>
      makeJob(file, file.replace(".cpp", `.${isa}.o`), [...own, `-DATTUNE_ISA=${isa}`]),
    ),
  ),
  ...hostFiles.map((file) => makeJob(file, file.replace(".cpp", ".o"), process.arch === "x64" ? ["-DATTUNE_X86"] : [])),
];
// The slowest first, so that no core waits for one of them at the end.
const slow = ["gemm.cpp", "attention.cpp", "strided.cpp"];
jobs.sort((a, b) => slow.includes(b.file) - slow.includes(a.file));

/** An addon with this stamp beside it was built from these sources. */
const sourceStamp = digest(...jobs.map((job) => job.stamp));
const stampFile = join(out, "stamp");

async function build() {
  if (existsSync(addon) && readIfThere(stampFile) === sourceStamp) return;
  if (process.platform === "win32") giveUp("the native backend needs Linux or macOS");
  const compiler = findCompiler();
  if (!compiler) giveUp(process.env.CXX ? `no C++ compiler ${process.env.CXX}` : "no C++ compiler found");
  let headers;
  try {
    headers = createRequire(import.meta.url)("node-api-headers").include_dir;
  } catch {
    giveUp("the package node-api-headers is missing");
  }

  const started = performance.now();
  mkdirSync(out, { recursive: true });
  const queue = [...jobs];
  const failures = [];
  const work = async () => {
    for (let job = queue.shift(); job && failures.length === 0; job = queue.shift()) {
      if (!(await compile(compiler, headers, job))) failures.push(job.file);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  if (failures.length > 0) giveUp(`${compiler.command} cannot compile ${failures.join(", ")}`);
  if (!(await link(compiler))) giveUp(`${compiler.command} cannot link the addon`);
  writeFileSync(stampFile, sourceStamp);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const sets = Object.keys(instructionSets).join(", ");
  console.log(`attune: built the native backend (${sets}) with ${compiler.command} in ${seconds} s`);
}

await build();
