// What goes wrong with the Hub, as errors that say what to do.
import { AttuneError } from "../support/errors.js";

/**
 * - `unauthorized`: the token is refused (401); `forbidden`: it may not do this (403); `gated`: access has to be asked for
 * - `repository-not-found`, `revision-not-found`, `entry-not-found`: 404, or a private repository without a token
 * - `conflict`: the repository exists already, or changed meanwhile (409, 412)
 * - `rate-limited`: 429 after all retries; `server`: 5xx after all retries; `refused`: any other answer of the server
 * - `network`: no connection, cut, or too slow; `offline`: HF_HUB_OFFLINE or localFilesOnly, and it is not in the cache
 * - `integrity`: what came is not what was announced, or a name that does not belong into a cache
 */
export type HubErrorKind =
  | "unauthorized"
  | "forbidden"
  | "gated"
  | "repository-not-found"
  | "revision-not-found"
  | "entry-not-found"
  | "conflict"
  | "rate-limited"
  | "server"
  | "refused"
  | "network"
  | "offline"
  | "integrity";

/** Anything that fails between here and the Hub. */
export class HubError extends AttuneError {
  readonly kind: HubErrorKind;
  /** Of the answer, where there was one. */
  readonly status: number | undefined;

  constructor(kind: HubErrorKind, message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options);
    this.kind = kind;
    this.status = options.status;
  }
}

/** A URL without what may hold a signature or a secret. */
export function showUrl(url: URL | string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** The innermost reason of an error of the network: "connect ECONNREFUSED 127.0.0.1:80". */
export function reasonOf(error: unknown): string {
  let reason: unknown = error;
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause;
  if (reason instanceof AggregateError && reason.errors.length > 0) return reasonOf(reason.errors[0]);
  if (!(reason instanceof Error)) return String(reason);
  return reason.message || (reason as NodeJS.ErrnoException).code || reason.name;
}
