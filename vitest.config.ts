import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Cached results of one run are of no use to another: the code that made them may be another.
const cache = mkdtempSync(join(tmpdir(), "attune-test-cache-"));
process.once("exit", () => rmSync(cache, { recursive: true, force: true }));

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks", // a process per file: the native engine's threads and signals are the process's own
    maxWorkers: 2,
    env: { HF_HUB_OFFLINE: "1", HF_DATASETS_CACHE: cache }, // no test leaves the machine; those of the Hub have one of their own on the loopback
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
  resolve: {
    alias: [
      { find: /^attune$/, replacement: fileURLToPath(new URL("./src/index.ts", import.meta.url)) },
      { find: /^attune\/(.+)$/, replacement: `${fileURLToPath(new URL("./src/", import.meta.url))}$1/index.ts` },
    ],
  },
});
