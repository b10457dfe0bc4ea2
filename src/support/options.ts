// What is asked of a caller's options before anything is done with them.
import { ConfigError, nearest } from "./errors.js";

/** Throws ConfigError, with the nearest name that exists, where `owner` does not have one of `options`. */
export function expectKnown(owner: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const near = nearest(name.replaceAll("_", ""), names); // Python's spelling is nearest of all
    throw new ConfigError(`${owner} has no option "${name}"${near ? `; did you mean ${near}?` : ""}`);
  }
}

/** Throws ConfigError where an option that is given is no whole number of at least `least`. */
export function expectCount(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new ConfigError(`${name} is ${value}; a whole number of at least ${least} is needed`);
}

/** Throws ConfigError where an option that is given is no whole number. */
export function expectWhole(name: string, value: number | undefined): void {
  if (value === undefined || Number.isSafeInteger(value)) return;
  throw new ConfigError(`${name} is ${value}; a whole number is needed`);
}

/** Throws ConfigError where an option that is given is none of `allowed`. */
export function expectOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (value === undefined || allowed.includes(value)) return;
  const list = allowed.map((item) => JSON.stringify(item)).join(", ");
  throw new ConfigError(`${name} is ${JSON.stringify(value)}; it is one of ${list}`);
}
