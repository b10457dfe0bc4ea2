// Log lines on standard error. ATTUNE_LOG sets how much is said: silent, warn, info (the default) or debug.
import { terminal } from "./terminal.js";

const LEVELS = ["silent", "warn", "info", "debug"] as const;
type Level = (typeof LEVELS)[number];

const said = new Set<string>();

/** True where lines of this level are printed. */
export function isLogged(level: Exclude<Level, "silent">): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(chosenLevel());
}

/** Prints what a developer of Attune wants to know. */
export function debug(message: string): void {
  if (isLogged("debug")) terminal.writeLine(`attune: debug: ${message}`);
}

/** Prints what a user may want to know: what was chosen, reused, left out. */
export function info(message: string): void {
  if (isLogged("info")) terminal.writeLine(`attune: ${message}`);
}

/** Prints what a user should know: something works otherwise than expected, and what to do about it. */
export function warn(message: string): void {
  if (isLogged("warn")) terminal.writeLine(`attune: warning: ${message}`);
}

/** Prints a line at the first call with `key` in this process. */
export function infoOnce(key: string, message: string): void {
  once(`info ${key}`, () => info(message));
}

/** Prints a warning at the first call with `key` in this process. */
export function warnOnce(key: string, message: string): void {
  once(`warn ${key}`, () => warn(message));
}

function once(key: string, say: () => void): void {
  if (said.has(key)) return;
  said.add(key);
  say();
}

function chosenLevel(): Level {
  const value = process.env.ATTUNE_LOG;
  if (value === undefined || value === "") return "info";
  const level = LEVELS.find((candidate) => candidate === value.toLowerCase());
  if (level !== undefined) return level;
  once("ATTUNE_LOG", () =>
    terminal.writeLine(`attune: warning: ATTUNE_LOG=${value} is not a level; taking info of ${LEVELS.join(", ")}`),
  );
  return "info";
}
