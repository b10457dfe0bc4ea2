// The Hub under load: many downloads at once, a file of a gigabyte each way, two hundred runs over a connection that breaks.
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { snapshotDownload, uploadFolder } from "../../src/hub/index.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { downloadsWithCuts } from "./cuts.js";
import { loopback, noise } from "./loopback.js";
import { type Content, fileContent, hashOfFile, largeBytes, largeFile } from "./server/repositories.js";

const context = loopback("hub-load");
const MINUTES = 60_000;

/** A gigabyte that takes no memory: one block again and again. */
const BLOCK = noise(1 << 20, 3);
const BLOCKS = 1024;
const gigabyte: Content = {
  size: BLOCK.length * BLOCKS,
  read: (start, end) =>
    Readable.from(
      (function* () {
        for (let position = start; position < end; ) {
          const offset = position % BLOCK.length;
          const part = BLOCK.subarray(offset, Math.min(BLOCK.length, offset + end - position));
          position += part.length;
          yield part;
        }
      })(),
    ),
};

function sha256Of(blocks: number): string {
  const hash = createHash("sha256");
  for (let i = 0; i < blocks; i++) hash.update(BLOCK);
  return hash.digest("hex");
}

/** The most memory that this process had while `work` ran, beyond what it had before. The server is in it, too. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  await work();
  clearInterval(timer);
  return (most - before) / 2 ** 20;
}

it("50 downloads of 1 MB at once", { timeout: 5 * MINUTES }, async () => {
  const ids = Array.from({ length: 50 }, (_, i) => `ann/load-${i}`);
  for (const [i, id] of ids.entries())
    context.hub.add("model", id, new Map([["weights.bin", largeBytes(noise(1e6, i))]]));
  const started = performance.now();
  const folders = await Promise.all(ids.map((id) => snapshotDownload(id)));
  console.log(`50 x 1 MB: ${((performance.now() - started) / 1000).toFixed(2)} s`);
  for (const [i, folder] of folders.entries()) {
    expect(readFileSync(join(folder, "weights.bin")).equals(noise(1e6, i))).toBe(true);
  }
});

it("1 GB down, in flat memory, cut on the way, checked", { timeout: 10 * MINUTES }, async () => {
  const { hub, cache } = context;
  hub.add("model", "ann/large", new Map([["weights.bin", largeFile(gigabyte, sha256Of(BLOCKS))]]));
  let cuts = 3;
  hub.fault = ({ server }) => (server === "storage" && cuts-- > 0 ? { cutAfter: 150e6 } : undefined);
  const started = performance.now();
  let folder = "";
  const grown = await growth(async () => {
    folder = await snapshotDownload("ann/large", { retryWait: 0.01 });
  });
  console.log(`1 GB down: ${((performance.now() - started) / 1000).toFixed(1)} s, ${grown.toFixed(0)} MiB more memory`);
  expect(statSync(join(folder, "weights.bin")).size).toBe(2 ** 30);
  expect(grown).toBeLessThan(200); // buffers of sockets and what the collector has not taken yet; not the file
  rmSync(cache, { recursive: true });
});

it("1 GB up in parts, in memory of one part", { timeout: 10 * MINUTES }, async () => {
  const { hub } = context;
  const folder = temporaryFolder("hub-large");
  const file = openSync(join(folder, "weights.bin"), "w");
  for (let i = 0; i < BLOCKS; i++) writeSync(file, BLOCK);
  closeSync(file);
  hub.accounts.set("hf_ann", { name: "ann" });
  process.env.HF_TOKEN = "hf_ann";
  hub.uploads.chunkSize = 16e6;
  hub.uploads.keep = false; // the parts are counted and hashed, not kept
  const started = performance.now();
  const grown = await growth(() => uploadFolder("ann/large-up", folder));
  console.log(`1 GB up: ${((performance.now() - started) / 1000).toFixed(1)} s, ${grown.toFixed(0)} MiB more memory`);
  expect(hub.files("model", "ann/large-up").get("weights.bin")?.sha256).toBe(hashOfFile(join(folder, "weights.bin")));
  expect(fileContent(join(folder, "weights.bin")).size).toBe(2 ** 30);
  expect(grown).toBeLessThan(300); // the server takes each part whole
});

it("200 downloads whose every request is cut at a random byte", { timeout: 20 * MINUTES }, async () => {
  const whole = await downloadsWithCuts(context.hub, join(context.home, "cuts"), 200, 2);
  console.log(`${whole} of 200 came whole, the others ended with a clear error`);
  expect(whole).toBeGreaterThan(100);
  expect(whole).toBeLessThan(200);
});
