// Compiles lists of C++ files, several at once; what is up to date is not compiled again.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { headers, sourceFolder } from "./sources.js";

export function digest(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(String(part)).update("\0");
  return hash.digest("hex");
}

export function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

let headerDigest;
/** Changes with anything that the result of a compilation depends on, the compiler apart. */
export function stampOf({ file, flags }) {
  headerDigest ??= digest(...headers.map((name) => readFileSync(join(sourceFolder, name))));
  return digest(headerDigest, readFileSync(join(sourceFolder, file)), ...flags);
}

/** A command as a promise of its exit status and what it said. */
export function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("error", (error) => resolve({ status: 1, output: String(error) }));
    child.on("close", (status) => resolve({ status, output }));
  });
}

/** Runs a command whose last argument is a file that it makes: under another name until it is whole. */
export async function make(command, path) {
  const temporary = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  const { status, output } = await run([...command, temporary]);
  if (output) console.error(output);
  if (status !== 0) {
    rmSync(temporary, { force: true });
    return false;
  }
  renameSync(temporary, path);
  return true;
}

/** Compiles one file where its stamp says that it must be; several builds may be under way at once. */
async function compile(compiler, job, out) {
  const object = join(out, job.object);
  const stamp = digest(...compiler.command, compiler.version, stampOf(job));
  if (existsSync(object) && readIfThere(`${object}.stamp`) === stamp) return true;
  const flags = compiler.translate ? job.flags.flatMap(compiler.translate) : job.flags;
  const command = [
    ...compiler.command,
    ...flags,
    ...(compiler.include ?? []),
    "-c",
    join(sourceFolder, job.file),
    "-o",
  ];
  if (!(await make(command, object))) return false;
  writeFileSync(`${object}.stamp`, stamp);
  return true;
}

/**
 * Compiles `jobs` (sources.js makes them) into the folder `out`; returns the files that failed.
 *
 * `compiler.command`: the program and what always follows it; `version`: tells compilers apart; `include`: flags that find
 * headers of others; `translate`: a flag as this compiler spells it.
 */
export async function compileAll(compiler, jobs, out) {
  const queue = [...jobs];
  const failures = [];
  const work = async () => {
    for (let job = queue.shift(); job && failures.length === 0; job = queue.shift()) {
      if (!(await compile(compiler, job, out))) failures.push(job.file);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return failures;
}

/** This machine's compiler: CXX, or the first of those that are usual; undefined without any. */
export function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ["g++", "clang++", "c++"];
  for (const command of candidates) {
    const probe = spawnSync(command, ["--version"], { encoding: "utf8" });
    if (probe.status === 0) return { command: [command], version: probe.stdout };
  }
  return undefined;
}
