// What each process of a job runs: a script, TypeScript or not, or a command of Attune's.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "../../support/errors.js";

/**
 * The command line of one process.
 * @param words The script and its arguments, or "--" and a command of `attune` with its flags.
 * @throws ConfigError where there is no such script, or it is TypeScript and nothing here runs that
 */
export function programOf(words: readonly string[], folder: string = process.cwd()): string[] {
  const [first, ...rest] = words;
  if (first === "--") return [process.execPath, ...process.execArgv, process.argv[1], ...rest];
  const script = resolve(folder, first);
  if (!existsSync(script)) {
    throw new ConfigError(
      `there is no script ${script}; a command of Attune's stands behind --: attune launch --processes 2 -- train ...`,
    );
  }
  return [process.execPath, ...loaderFor(script, folder), script, ...rest];
}

/** Flags of Node that make it run a script. */
function loaderFor(script: string, folder: string): string[] {
  if (!/\.[cm]?tsx?$/.test(script)) return [];
  for (const from of [join(folder, "package.json"), import.meta.url]) {
    try {
      return ["--import", pathToFileURL(createRequire(from).resolve("tsx")).href];
    } catch {
      // the next place
    }
  }
  if ((process.features as { typescript?: unknown }).typescript) return []; // this Node takes types off by itself
  throw new ConfigError(
    `Node ${process.versions.node} does not run TypeScript by itself, which ${script} is: npm install tsx, or use Node 22.18`,
  );
}
