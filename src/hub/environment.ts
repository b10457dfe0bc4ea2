// What the environment says about the Hub: the variables and folders of Python's huggingface_hub (its constants.py), so
// that both sides use one cache and one token. Read at each call: a program may set them after its imports.
import { homedir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../support/errors.js";

export interface HubEnvironment {
  /** HF_ENDPOINT, without a slash at its end. Default https://huggingface.co. */
  readonly endpoint: string;
  /** HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, or `hub` in HF_HOME. */
  readonly cacheDir: string;
  /** HF_TOKEN_PATH, or `token` in HF_HOME. */
  readonly tokenPath: string;
  /** HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE: no request is made. */
  readonly offline: boolean;
  /** HF_HUB_ETAG_TIMEOUT in seconds: how long to wait for an answer to begin. Default 10. */
  readonly answerTimeout: number;
  /** HF_HUB_DOWNLOAD_TIMEOUT in seconds: how long a transfer may stand still. Default 10. */
  readonly stallTimeout: number;
  /** HF_HUB_DISABLE_SYMLINKS: snapshots hold copies in place of links. */
  readonly copiesOnly: boolean;
  /** HF_HUB_DISABLE_PROGRESS_BARS. */
  readonly silent: boolean;
}

/** Throws ConfigError where a variable holds what cannot be meant. */
export function hubEnvironment(): HubEnvironment {
  const home = hubHome();
  const cacheDir = variable("HF_HUB_CACHE") ?? variable("HUGGINGFACE_HUB_CACHE");
  const tokenPath = variable("HF_TOKEN_PATH");
  return {
    endpoint: endpointOf(variable("HF_ENDPOINT") ?? "https://huggingface.co", "HF_ENDPOINT"),
    cacheDir: cacheDir === undefined ? join(home, "hub") : expandPath(cacheDir),
    tokenPath: tokenPath === undefined ? join(home, "token") : expandPath(tokenPath),
    offline: isOn("HF_HUB_OFFLINE") || isOn("TRANSFORMERS_OFFLINE"),
    answerTimeout: seconds("HF_HUB_ETAG_TIMEOUT", 10),
    stallTimeout: seconds("HF_HUB_DOWNLOAD_TIMEOUT", 10),
    copiesOnly: isOn("HF_HUB_DISABLE_SYMLINKS"),
    silent: isOn("HF_HUB_DISABLE_PROGRESS_BARS"),
  };
}

/** HF_HOME, or `huggingface` in XDG_CACHE_HOME or ~/.cache. */
export function hubHome(): string {
  const home = variable("HF_HOME");
  if (home !== undefined) return expandPath(home);
  return join(expandPath(variable("XDG_CACHE_HOME") ?? join(homedir(), ".cache")), "huggingface");
}

/** An endpoint without a slash at its end. Throws ConfigError where it is no http(s) URL. */
export function endpointOf(text: string, source: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new ConfigError(`${source} is "${text}", which is no URL; https://huggingface.co is one`, { cause: error });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new ConfigError(`${source} is "${text}": an endpoint begins with https:// or http://`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError(`${source} holds a user name or password: log in with \`attune login\` or HF_TOKEN instead`);
  }
  return text.replace(/\/+$/, "");
}

/** A variable's value; an empty one counts as not set. */
export function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** True for 1, on, yes, true in any case, as Python reads its switches. */
export function isOn(name: string): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(process.env[name]?.toUpperCase() ?? "");
}

function seconds(name: string, standard: number): number {
  const text = variable(name);
  if (text === undefined) return standard;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new ConfigError(`${name} is "${text}"; a number of seconds above 0 is needed`);
}

/** `~` and `$NAME` in a path replaced, as Python's expanduser and expandvars do. */
export function expandPath(path: string): string {
  const home = path === "~" || /^~[/\\]/.test(path) ? homedir() + path.slice(1) : path;
  return home.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, bare) => process.env[braced ?? bare] ?? whole);
}
