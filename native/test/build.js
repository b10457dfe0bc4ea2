// Builds and runs the kernels' test program (main.cpp says what it does).
//
//   node native/test/build.js                               as the addon is compiled: tests
//   node native/test/build.js -- --measure                  the same: GFLOP/s and GB/s
//   node native/test/build.js --sanitize=address,undefined  tests, watched; also --sanitize=thread
//   node native/test/build.js --sanitize=thread --sets=base the kernels of those instruction sets alone
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileAll, findCompiler, make } from "../compile.js";
import { compilations, flags, sourceFolder } from "../sources.js";

const folder = fileURLToPath(new URL(".", import.meta.url));
const buildFolder = join(sourceFolder, "build");

/** What the program is made of: the engine and the tests. */
export function programCompilations(platform, arch) {
  const tests = readdirSync(folder)
    .filter((name) => name.endsWith(".cpp"))
    .map((name) => ({ file: `test/${name}`, object: `test.${name.replace(".cpp", ".o")}`, flags }));
  return [...compilations(platform, arch, { binding: false }), ...tests];
}

/** Compiles `jobs` into `out`; returns the objects, or throws. */
async function compileInto(out, compiler, jobs) {
  const failures = await compileAll(compiler, jobs, out);
  if (failures.length > 0) throw new Error(`cannot compile ${failures.join(", ")}`);
  return jobs.map(({ object }) => join(out, object));
}

async function link(compiler, extra, objects, program) {
  if (!(await make([...compiler.command, ...extra, "-pthread", ...objects, "-o"], program))) {
    throw new Error(`cannot link ${program}`);
  }
  return program;
}

/** The program as the addon is compiled, in `out`. */
export async function buildProgram(compiler, platform, arch, out) {
  const objects = await compileInto(out, compiler, programCompilations(platform, arch));
  return link(compiler, [], objects, join(out, platform === "win32" ? "kernels.exe" : "kernels"));
}

/**
 * The program with sanitizers, for the kernels of `sets` (default: all). Those of other sets are the addon's own: they are
 * linked and not run. So are the tests where memory is watched, since what they allocate is watched all the same.
 */
async function buildSanitized(compiler, sanitize, sets) {
  const extra = [`-fsanitize=${sanitize}`, "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g1"];
  // A null pointer is found without a check before every access; and little is optimized: these builds are slow enough.
  if (sanitize.includes("undefined")) extra.push("-fno-sanitize=null,object-size");
  const isWatched = ({ file, isa }) =>
    isa === undefined ? sanitize === "thread" || !file.startsWith("test/") : sets === undefined || sets.includes(isa);
  const jobs = programCompilations(process.platform, process.arch);
  const watched = jobs.filter(isWatched).map((job) => ({ ...job, flags: [...job.flags, ...extra, "-O1"] }));
  const plain = jobs.filter((job) => !isWatched(job));
  const out = join(buildFolder, `test-${sanitize}`);
  const objects = [
    ...(await compileInto(out, compiler, watched)),
    ...(await compileInto(buildFolder, compiler, plain)),
  ];
  return link(compiler, extra, objects, join(out, "kernels"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { sanitize: { type: "string" }, sets: { type: "string" } },
    allowPositionals: true,
  });
  const compiler = findCompiler();
  if (!compiler) throw new Error("no C++ compiler found");
  const sets = values.sets?.split(",");
  const program = values.sanitize
    ? await buildSanitized(compiler, values.sanitize, sets)
    : await buildProgram(compiler, process.platform, process.arch, buildFolder);
  for (const isa of sets ?? [process.env.ATTUNE_ISA ?? ""]) {
    const env = { ...process.env, ATTUNE_ISA: isa };
    const { status } = spawnSync(program, positionals, { stdio: "inherit", env });
    if (status !== 0) process.exitCode = status ?? 1;
  }
}
