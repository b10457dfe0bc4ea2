// Downloads through a connection that breaks at random bytes: what there is at the end is a good file or a clear error.
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { HubError, snapshotDownload } from "../../src/hub/index.js";
import { noise } from "./loopback.js";
import { largeBytes, smallFile } from "./server/repositories.js";
import type { LoopbackHub } from "./server/server.js";

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * `runs` downloads of two files through requests that are cut after a random number of bytes, questions too.
 * @returns How many came whole; the others ended with an error that says so.
 */
export async function downloadsWithCuts(
  hub: LoopbackHub,
  cacheDir: string,
  runs: number,
  seed: number,
): Promise<number> {
  const weights = noise(400_000, seed);
  hub.add(
    "model",
    "ann/cut",
    new Map([
      ["model.safetensors", largeBytes(weights)],
      ["config.json", smallFile('{"a": 1}\n')],
    ]),
  );
  let whole = 0;
  for (let run = 0; run < runs; run++) {
    const random = randomNumbers(seed * 1000 + run);
    // every request of most runs is cut; of some only a few are; some Hubs die in the middle and stay dead
    const [share, deadAfter] =
      run % 10 === 9 ? [1, Math.floor(random() * 6)] : [run % 3 === 0 ? random() : 1, Infinity];
    let requests = 0;
    hub.fault = ({ path }) => {
      if (requests++ >= deadAfter) return { cutAfter: 0 };
      if (random() > share) return undefined;
      const size = path.startsWith("/api/") ? 1000 : path.endsWith("config.json") ? 9 : weights.length;
      return { cutAfter: Math.floor(random() * size) };
    };
    const cache = join(cacheDir, String(run));
    try {
      const folder = await snapshotDownload("ann/cut", { cacheDir: cache, retryWait: 0.0005 });
      expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
      expect(readFileSync(join(folder, "config.json"), "utf8")).toBe('{"a": 1}\n');
      whole++;
    } catch (error) {
      expect(error).toBeInstanceOf(HubError);
      expect((error as Error).message).toMatch(/does not answer after \d attempts|broke off at \d+ of \d+ bytes/);
    }
    const blobs = await readdir(join(cache, "models--ann--cut/blobs")).catch(() => []);
    expect(blobs.filter((name) => name.includes("incomplete"))).toEqual([]);
  }
  hub.fault = () => undefined;
  return whole;
}
