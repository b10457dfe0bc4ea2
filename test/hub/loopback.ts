// A loopback Hub for the tests of a file, and an environment that knows no other: own cache, own token file, no proxy.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { temporaryFolder } from "../trainer/tiny.js";
import { largeBytes, smallFile } from "./server/repositories.js";
import { LoopbackHub } from "./server/server.js";

const VARIABLES = /^(HF_|HUGGING|TRANSFORMERS_OFFLINE|XDG_CACHE_HOME$)|_proxy$/i; // whatever the machine has of these is not the tests'

/** Variables that name the loopback Hub, for a process of its own. */
export function hubVariables(hub: LoopbackHub, home: string): Record<string, string> {
  return { HF_ENDPOINT: hub.endpoint, HF_HOME: home, NO_PROXY: "127.0.0.1,localhost" };
}

/** The environment without what would lead elsewhere. */
export function cleanEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => !VARIABLES.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}

/** A Hub that runs during the tests of a file; each test begins with a new home, and no faults. */
export function loopback(name: string): { readonly hub: LoopbackHub; readonly home: string; readonly cache: string } {
  const folder = temporaryFolder(name);
  const before = { ...process.env };
  const context = { hub: undefined as unknown as LoopbackHub, home: "", cache: "" };
  let homes = 0;
  beforeAll(async () => {
    context.hub = await LoopbackHub.start();
  });
  beforeEach(() => {
    for (const key of Object.keys(process.env)) if (VARIABLES.test(key)) delete process.env[key];
    context.home = join(folder, `home-${homes++}`);
    context.cache = join(context.home, "hub");
    Object.assign(process.env, hubVariables(context.hub, context.home));
    context.hub.fault = () => undefined;
    context.hub.seen.length = 0;
  });
  afterEach(() => {
    for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
    Object.assign(process.env, before);
  });
  afterAll(() => context.hub?.stop());
  return context;
}

/** Bytes that look like nothing, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A little repository: two small files, one of them in a folder, and one that LFS keeps. */
export const WEIGHTS = noise(300_000);
export const fewFiles = new Map([
  ["config.json", smallFile('{"model_type": "bert"}\n')],
  ["docs/notes.txt", smallFile("Zeilen\n")],
  ["model.safetensors", largeBytes(WEIGHTS)],
]);

/** Fast retries. */
export const quick = { retryWait: 0.001 };

/** Paths of everything in a folder. */
export function everythingIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}
