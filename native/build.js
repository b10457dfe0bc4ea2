// Builds native/build/attune.node with the machine's C++ compiler and the headers of the npm package node-api-headers;
// nothing is downloaded. The kernels are compiled once for each instruction set, and the addon chooses when it is loaded.
//
//   node native/build.js             as npm install runs it: does nothing where a prebuilt addon loads; without a compiler it
//                                    says so and succeeds
//   node native/build.js --required  fails where the addon cannot be built
//   CXX=clang++ node native/build.js another compiler than the first of g++, clang++, c++
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compileAll, digest, findCompiler, make, readIfThere, stampOf } from "./compile.js";
import { compilations, instructionSets, sourceFolder } from "./sources.js";

const required = process.argv.includes("--required");
const out = join(sourceFolder, "build");
const addon = join(out, "attune.node");
const jobs = compilations(process.platform, process.arch);

/** An addon with this stamp beside it was built from these sources. */
const sourceStamp = digest(...jobs.map(stampOf));
const stampFile = join(out, "stamp");

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

/** With the compiler's own libraries inside, the addon needs nothing but the C library. */
const linkFlags =
  process.platform === "darwin"
    ? ["-bundle", "-undefined", "dynamic_lookup"]
    : ["-shared", "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections", "-s"];

/** Installed from the registry, there is a package with a prebuilt addon for most platforms. */
async function prebuiltLoads() {
  const loader = new URL("../dist/backends/native/addon.js", import.meta.url);
  if (!existsSync(loader)) return false; // a checkout: nothing is compiled yet
  const { loadPrebuilt } = await import(loader.href);
  const { origin } = loadPrebuilt();
  if (origin) console.log(`attune: native backend: ${origin}`);
  return origin !== undefined;
}

async function build() {
  if (existsSync(addon) && readIfThere(stampFile) === sourceStamp) return;
  if (!required && (await prebuiltLoads())) return;
  if (process.platform === "win32") giveUp("on Windows the native backend comes prebuilt only");
  const compiler = findCompiler();
  if (!compiler) giveUp(process.env.CXX ? `no C++ compiler ${process.env.CXX}` : "no C++ compiler found");
  try {
    compiler.include = [`-I${createRequire(import.meta.url)("node-api-headers").include_dir}`];
  } catch {
    giveUp("the package node-api-headers is missing");
  }

  const started = performance.now();
  const [program] = compiler.command;
  const failures = await compileAll(compiler, jobs, out);
  if (failures.length > 0) giveUp(`${program} cannot compile ${failures.join(", ")}`);
  const objects = jobs.map(({ object }) => join(out, object));
  if (!(await make([...compiler.command, ...linkFlags, "-pthread", ...objects, "-o"], addon))) {
    giveUp(`${program} cannot link the addon`);
  }
  writeFileSync(stampFile, sourceStamp);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const sets = Object.keys(instructionSets[process.arch] ?? { base: [] }).join(", ");
  console.log(`attune: built the native backend (${sets}) with ${program} in ${seconds} s`);
}

await build();
