// Builds native/build/attune.node with the machine's C++ compiler and the headers of the npm package node-api-headers;
// nothing is downloaded. The kernels are compiled once for each instruction set, and the addon chooses when it is loaded.
//
//   node native/build.js             as npm install runs it: without a compiler it says so and succeeds
//   node native/build.js --required  fails where the addon cannot be built
//   CXX=clang++                      another compiler than the first of g++, clang++, c++
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
        avx2: ["-mavx2", "-mfma", "-mf16c", "-mtune=haswell"],
        avx512: [
          ...["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mf16c"],
          ...["-mprefer-vector-width=512", "-mtune=skylake-avx512"],
        ],
      }
    : { base: [] };

function giveUp(reason, details = "") {
  if (details) console.error(details);
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

async function build() {
  if (process.platform === "win32") giveUp("the native backend needs Linux or macOS");
  const compiler = findCompiler();
  if (!compiler) giveUp(process.env.CXX ? `no C++ compiler ${process.env.CXX}` : "no C++ compiler found");
  let headers;
  try {
    headers = createRequire(import.meta.url)("node-api-headers").include_dir;
  } catch {
    giveUp("the package node-api-headers is missing");
  }

  const files = readdirSync(source).filter((name) => name.endsWith(".cpp") || name.endsWith(".h"));
  const shared = digest(
    compiler.version,
    ...files.filter((name) => name.endsWith(".h")).map((name) => readFileSync(join(source, name))),
  );
  const flags = [
    ...["-std=c++20", "-O3", "-fPIC", "-pthread", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti"],
    ...["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-Wall", "-Wextra", "-Wno-psabi"],
    ...["-DNAPI_VERSION=8", `-I${headers}`],
  ];
  const jobs = hostFiles.map((name) => ({
    name,
    object: name.replace(".cpp", ".o"),
    flags: process.arch === "x64" ? ["-DATTUNE_X86"] : [],
  }));
  for (const name of files.filter((file) => file.endsWith(".cpp") && !hostFiles.includes(file))) {
    for (const [isa, isaFlags] of Object.entries(instructionSets)) {
      jobs.push({ name, object: name.replace(".cpp", `.${isa}.o`), flags: [...isaFlags, `-DATTUNE_ISA=${isa}`] });
    }
  }
  // The largest first, so that no core waits for one of them at the end.
  const weight = (job) => (job.name === "gemm.cpp" ? 2 : 0) + (job.name === "attention.cpp" ? 1 : 0);
  jobs.sort((a, b) => weight(b) - weight(a));

  const stampOf = (job) => digest(shared, readFileSync(join(source, job.name)), ...flags, ...job.flags);
  const stamp = digest(...jobs.map(stampOf));
  const stampFile = join(out, "stamp");
  if (existsSync(addon) && readIfThere(stampFile) === stamp) return;

  const started = Date.now();
  mkdirSync(out, { recursive: true });
  const failures = [];
  const queue = [...jobs];
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let job = queue.shift(); job && failures.length === 0; job = queue.shift()) {
        const object = join(out, job.object);
        if (existsSync(object) && readIfThere(`${object}.stamp`) === stampOf(job)) continue;
        const temporary = `${object}.${process.pid}`; // another build may be under way
        const args = [...flags, ...job.flags, "-c", join(source, job.name), "-o", temporary];
        const { status, output } = await run(compiler.command, args);
        if (output) console.error(output);
        if (status === 0) {
          renameSync(temporary, object);
          writeFileSync(`${object}.stamp`, stampOf(job));
        } else {
          failures.push(job.object);
        }
      }
    }),
  );
  if (failures.length > 0) giveUp(`${compiler.command} failed on ${failures.join(", ")}`);

  // With the compiler's libraries inside, the addon needs nothing but the C library.
  const temporary = `${addon}.${process.pid}`;
  const linking =
    process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : ["-shared", "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections", "-s"];
  const objects = jobs.map((job) => join(out, job.object));
  const { status, output } = await run(compiler.command, [...linking, "-pthread", ...objects, "-o", temporary]);
  if (status !== 0) {
    rmSync(temporary, { force: true });
    giveUp(`${compiler.command} failed to link`, output);
  }
  renameSync(temporary, addon);
  writeFileSync(stampFile, stamp);
  const sets = Object.keys(instructionSets).join(", ");
  console.log(
    `attune: built the native backend (${sets}) with ${compiler.command} in ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
}

await build();
