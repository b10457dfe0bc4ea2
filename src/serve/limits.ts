// What a server takes and what it refuses.
import { ConfigError } from "../support/errors.js";

export interface ServeLimits {
  /** Inputs computed at once. Default 32. */
  readonly maxBatchSize: number;
  /** Inputs of one request. Default 256. */
  readonly maxInputs: number;
  /** Bytes of a request's body. Default 1 MiB. */
  readonly maxBodyBytes: number;
  /** Inputs that wait; more are refused with 503. Default 1024. */
  readonly maxQueue: number;
  /** Seconds from a request's first byte to its answer. Default 30. */
  readonly timeout: number;
}

const defaults: ServeLimits = { maxBatchSize: 32, maxInputs: 256, maxBodyBytes: 2 ** 20, maxQueue: 1024, timeout: 30 };

/** @throws ConfigError for a limit that is no positive number */
export function completeLimits(given: Partial<ServeLimits>): ServeLimits {
  const limits = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof ServeLimits)[]) {
    const value = given[name] ?? defaults[name];
    if (!(value > 0) || (name !== "timeout" && !Number.isInteger(value))) {
      throw new ConfigError(
        `serve: ${name} must be a positive ${name === "timeout" ? "" : "whole "}number, not ${value}`,
      );
    }
    Object.assign(limits, { [name]: value });
  }
  if (limits.maxInputs > limits.maxQueue) {
    if (given.maxInputs !== undefined) {
      throw new ConfigError(
        `serve: a request of maxInputs ${limits.maxInputs} would never fit maxQueue ${limits.maxQueue}; raise maxQueue`,
      );
    }
    Object.assign(limits, { maxInputs: limits.maxQueue });
  }
  return limits;
}
