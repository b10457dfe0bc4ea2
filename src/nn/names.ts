// Parameters by patterns on their names.
import { ConfigError, nearest } from "../support/errors.js";

/**
 * A name, or that of a module for all below it ("bert.embeddings"); with `*`, which stands for any characters, the whole
 * name ("*.bias"); or a regular expression, which may match anywhere in it.
 */
export type NamePattern = string | RegExp;

/**
 * Which of the names a pattern matches, in their order.
 * @throws ConfigError for a pattern that matches none: it would do nothing in silence
 */
export function matchingNames(names: readonly string[], pattern: NamePattern): string[] {
  const found = names.filter(matcher(pattern));
  if (found.length > 0) return found;
  const near = typeof pattern === "string" ? nearest(pattern, withModules(names)) : undefined;
  throw new ConfigError(
    `no parameter matches ${typeof pattern === "string" ? JSON.stringify(pattern) : String(pattern)}` +
      `${near ? `; did you mean "${near}"?` : ""} (there are ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", ..." : ""})`,
  );
}

function matcher(pattern: NamePattern): (name: string) => boolean {
  if (pattern instanceof RegExp) return (name) => name.search(pattern) >= 0;
  if (!pattern.includes("*")) return (name) => name === pattern || name.startsWith(`${pattern}.`);
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join(".*")}$`);
  return (name) => whole.test(name);
}

/** The names, and those of the modules that they stand in. */
function withModules(names: readonly string[]): Set<string> {
  const all = new Set<string>();
  for (const name of names) {
    for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) all.add(name.slice(0, end));
  }
  return all;
}
