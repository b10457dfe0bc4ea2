// The token: where it is found, and a wrapper that keeps it out of messages. Files and their order are those of Python's
// huggingface_hub (utils/_auth.py): HF_TOKEN, then the token file; `stored_tokens` holds all tokens by name.
import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { writeFileAtomic } from "../support/atomic.js";
import { AttuneError, ConfigError } from "../support/errors.js";
import { hubEnvironment, isOn, variable } from "./environment.js";

/** A token that shows itself to nobody: printing, JSON and error messages give a mask. */
export class Token {
  readonly #secret: string;
  /** Where it came from, for messages: "HF_TOKEN", or the file's path. */
  readonly source: string;

  /** Throws ConfigError where `text` holds what no token does; the message does not repeat it. */
  constructor(text: string, source: string) {
    const secret = text.trim();
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      throw new ConfigError(
        `the token from ${source} ${secret === "" ? "is empty" : "holds blanks or other characters"}`,
      );
    }
    this.#secret = secret;
    this.source = source;
  }

  /** The Authorization header's value: for requests to the endpoint, and for nothing else. */
  get header(): string {
    return `Bearer ${this.#secret}`;
  }

  /** For writing the token's file. */
  get secret(): string {
    return this.#secret;
  }

  /** True where another text is the same token. */
  matches(text: string): boolean {
    return text === this.#secret;
  }

  toString(): string {
    return "hf_****";
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return `Token ${this.toString()} from ${this.source}`;
  }
}

/** The token of HF_TOKEN, else of the token file; undefined where there is none. */
export async function findToken(): Promise<Token | undefined> {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const value = variable(name)?.trim();
    if (value) return new Token(value, name);
  }
  const { tokenPath } = hubEnvironment();
  const text = await readText(tokenPath);
  return text === undefined || text.trim() === "" ? undefined : new Token(text, tokenPath);
}

/**
 * The token of a request: the one given, none for `false`, else the one found (unless HF_HUB_DISABLE_IMPLICIT_TOKEN is
 * set).
 */
export async function chooseToken(given: string | boolean | undefined): Promise<Token | undefined> {
  if (typeof given === "string") return new Token(given, "the option `token`");
  if (given === false || (given === undefined && isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return undefined;
  const found = await findToken();
  if (given === true && found === undefined) {
    throw new ConfigError("token: true asks for a token, and there is none: run `attune login`, or set HF_TOKEN");
  }
  return found;
}

/** Makes `token` the one that is used, here and in Python, and keeps it under `name`. Only its owner may read the files. */
export async function saveToken(token: Token, name: string): Promise<string> {
  const { tokenPath } = hubEnvironment();
  await mkdir(dirname(tokenPath), { recursive: true, mode: 0o700 });
  const stored = await readStoredTokens();
  stored.set(name, new Map([["hf_token", token.secret]])); // the section whole: what belonged to an older token goes
  await writeSecret(storedTokensPath(), formatIni(stored));
  await writeSecret(tokenPath, token.secret);
  return tokenPath;
}

/** Removes the token file and all stored tokens. @returns The paths of the files that were there. */
export async function removeTokens(): Promise<string[]> {
  const paths = [hubEnvironment().tokenPath, storedTokensPath()];
  const removed: string[] = [];
  for (const path of paths) {
    if ((await readText(path)) === undefined) continue;
    await rm(path, { force: true });
    removed.push(path);
  }
  return removed;
}

function storedTokensPath(): string {
  return join(dirname(hubEnvironment().tokenPath), "stored_tokens");
}

async function writeSecret(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text, { mode: 0o600 });
  await chmod(path, 0o600).catch(() => undefined); // Windows has no such modes; a umask cannot widen 600
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new AttuneError(`cannot read the token file ${path}: ${message}`, { cause: error });
  }
}

type Sections = Map<string, Map<string, string>>;

/** stored_tokens as Python's configparser writes it; what cannot be read counts as empty. */
async function readStoredTokens(): Promise<Sections> {
  const sections: Sections = new Map();
  let current: Map<string, string> | undefined;
  for (const line of ((await readText(storedTokensPath())) ?? "").split(/\r?\n/)) {
    const [, section] = /^\[(.+)\]\s*$/.exec(line) ?? [];
    const [, key, value] = /^([^#;=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section !== undefined) {
      current = new Map();
      sections.set(section, current);
    } else if (key !== undefined) current?.set(key.toLowerCase(), value);
  }
  return sections;
}

function formatIni(sections: Sections): string {
  const names = [...sections.keys()].sort();
  return names
    .map(
      (name) => `[${name}]\n${[...(sections.get(name) ?? [])].map(([key, value]) => `${key} = ${value}\n`).join("")}\n`,
    )
    .join("");
}
