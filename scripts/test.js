// `npm test`, on a clean checkout too: installs if need be, builds the engine and dist/, lints, checks types, runs the
// tests. Stages run in order and the first that fails ends the run; the exit status is 0 only if all of them passed and
// some test ran. The last line is `N passed, N failed, N skipped`, alone.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const deadline = performance.now() + 30 * 60_000; // a run that hangs is a failure, not a wait

/** Runs one stage; ends the whole run if it fails, unless the caller asks to `continue` after it. */
function stage(name, command, args, { env = {}, continueOnFailure = false } = {}) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
    timeout: Math.max(1, Math.round(deadline - start)),
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  let failure;
  if (result.error) failure = result.error.code === "ETIMEDOUT" ? "ran past 30 minutes" : result.error.message;
  else if (result.signal) failure = `ended by ${result.signal}`;
  else if (result.status !== 0) failure = `exit status ${result.status}`;
  console.log(`== ${name}: ${failure ?? "ok"} (${seconds} s)`);
  if (failure && !continueOnFailure) {
    console.error(`\nnpm test stopped at the stage "${name}": ${failure}`);
    process.exit(1);
  }
  return failure;
}

/** npm writes node_modules/.package-lock.json at the end of every install. */
function installIsCurrent() {
  const installed = join(root, "node_modules", ".package-lock.json");
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

/** A tool of node_modules, run by this very Node. */
function tool(name, path, args, options) {
  return stage(name, process.execPath, [join(root, "node_modules", path), ...args], options);
}

if (!installIsCurrent()) {
  // Install scripts are off because the next two stages do their work, with errors that stop the run.
  stage("install", process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--ignore-scripts"]);
}
stage("build native engine", process.execPath, [join(root, "native", "build.js"), "--required"]);
stage("build dist", process.execPath, [join(root, "scripts", "build.js")]);
tool("lint", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."]);
tool("typecheck", "typescript/bin/tsc", ["--noEmit", "-p", "tsconfig.json"]);
tool("typecheck of the page", "typescript/bin/tsc", ["--noEmit", "-p", "src/dashboard/page"]);

const scratch = mkdtempSync(join(tmpdir(), "attune-test-"));
const summaryFile = join(scratch, "summary.json");
const failure = tool(
  "tests",
  "vitest/vitest.mjs",
  ["run", "--reporter=default", `--reporter=${join(root, "scripts", "test-summary.js")}`],
  { env: { ATTUNE_TEST_SUMMARY: summaryFile }, continueOnFailure: true },
);
const summary = existsSync(summaryFile) ? JSON.parse(readFileSync(summaryFile, "utf8")) : undefined;
rmSync(scratch, { recursive: true, force: true });
if (summary === undefined) {
  console.error(`\nnpm test stopped at the stage "tests": ${failure ?? "vitest left no summary"}`);
  process.exit(1);
}

if (summary.skipped.length > 0) {
  console.log("\nSkipped:");
  for (const { test, reason } of summary.skipped) console.log(`  ${test}\n    ${reason}`);
}
for (const file of summary.brokenFiles) console.log(`\nCould not run: ${file.path}\n  ${file.message}`);

let failed = summary.failed + summary.brokenFiles.length;
if (summary.passed + failed === 0) {
  console.error("\nNo test ran.");
  failed = 1;
} else if (failure && failed === 0) {
  console.error(`\nEvery test passed, but the test run failed (an error outside of tests): ${failure}`);
  failed = 1;
}
console.log(`\n${summary.passed} passed, ${failed} failed, ${summary.skipped.length} skipped`);
process.exit(failed > 0 ? 1 : 0);
