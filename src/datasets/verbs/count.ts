// The check of numbers that verbs are given.
import { ConfigError } from "../../support/errors.js";

/** Throws ConfigError, naming the verb and what the number is, where it is not a whole number of at least `least`. */
export function expectCount(verb: string, what: string, count: number, least: number): void {
  if (Number.isInteger(count) && count >= least) return;
  throw new ConfigError(`${verb}: ${what} is asked for, from ${least} up, not ${String(count)}`);
}
