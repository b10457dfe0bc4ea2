#!/usr/bin/env node
// The command `attune`: does what its arguments say, and says errors in a line.
import { AttuneError } from "../support/errors.js";
import { runCommandLine } from "./command-line.js";
import { UsageError } from "./flags.js";

/** An error of Attune's in its own words; any other with its stack, since it is a defect. ATTUNE_DEBUG=1: always the stack. */
function describe(error: unknown): string {
  const debug = process.env.ATTUNE_DEBUG === "1";
  if (error instanceof AttuneError && !debug) return `attune: ${error.message}`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return error instanceof AttuneError ? stack : `attune: this should not have happened, please report it\n${stack}`;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0); // `attune ... | head`
  throw error;
});

/** Whether a launcher of several processes may have started this one; the folder that knows is not loaded without need. */
const mayBeLaunched = Object.keys(process.env).some((name) => /^(OMPI|PMI|PMIX|MV2)_/.test(name));
if (mayBeLaunched && (await import("../processes/environment.js")).isFollower()) {
  console.log = () => undefined; // the first of several processes says it
  process.env.ATTUNE_LOG ??= "warn";
}

try {
  process.exitCode = await runCommandLine(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
