// What a function depends on that is given by its module: the text of the module and of every module that it imports, and
// the versions of the packages among them.
import { existsSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { digest } from "./digest.js";
import { readModule } from "./free-names.js";
import type { Known } from "./inputs.js";

/** Node's modules that give the same for the same arguments. */
const PURE = /^(node:)?(assert|buffer|path|querystring|string_decoder|url|util|punycode)(\/.*)?$/;

/** The fingerprint of the export `name` of a module of JavaScript. */
export function fingerprintOfModule(url: string, name: string): Known {
  const parts = new Map<string, string>();
  const unknown = collect(fileURLToPath(url), parts);
  if (unknown !== undefined) return { unknown };
  return { fingerprint: digest("module", name, ...[...parts].flat()) };
}

/** Adds the module and all that it imports; returns, in words, why something of it is not known. */
function collect(path: string, parts: Map<string, string>): string | undefined {
  if (parts.has(path)) return undefined;
  let source: string;
  let report: ReturnType<typeof readModule>;
  try {
    source = readFileSync(path, "utf8");
    report = readModule(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `the module ${path} cannot be read as JavaScript (${reason}): compile it, or give a function`;
  }
  parts.set(path, digest(source));
  const { captures, changing, imports } = report;
  if (captures.length > 0) return `the module ${path} uses ${captures.join(", ")}, of which nothing is known`;
  if (changing.length > 0) return `the module ${path} uses ${changing.join(" and ")}, which is another each time`;
  for (const specifier of imports) {
    const unknown = collectImport(path, specifier, parts);
    if (unknown !== undefined) return unknown;
  }
  return undefined;
}

function collectImport(path: string, specifier: string, parts: Map<string, string>): string | undefined {
  if (isBuiltin(specifier)) {
    return PURE.test(specifier) ? undefined : `the module ${path} imports ${specifier}, which gives what can change`;
  }
  if (/^(\.|\/|file:)/.test(specifier)) {
    return collect(fileURLToPath(new URL(specifier, pathToFileURL(path))), parts);
  }
  const version = versionOf(path, specifier);
  if (version === undefined) return `the module ${path} imports ${specifier}, whose version cannot be found`;
  parts.set(specifier, version);
  return undefined;
}

/** The version of the package that `specifier` means where `path` imports it. */
function versionOf(path: string, specifier: string): string | undefined {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  for (const folder of createRequire(path).resolve.paths(specifier) ?? []) {
    const file = join(folder, name, "package.json");
    if (existsSync(file)) return String((JSON.parse(readFileSync(file, "utf8")) as { version?: unknown }).version);
  }
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, "package.json"); // a package that imports itself by its name
    if (!existsSync(file)) continue;
    const own = JSON.parse(readFileSync(file, "utf8")) as { name?: unknown; version?: unknown };
    return own.name === name ? String(own.version) : undefined;
  }
  return undefined;
}
