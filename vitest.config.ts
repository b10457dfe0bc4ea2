import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const scratch = mkdtempSync(join(tmpdir(), "attune-test-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks", // a process per file: the native engine's threads and signals are the process's own
    maxWorkers: 2,
    setupFiles: ["test/ownScratch.ts"],
    env: {
      HF_HUB_OFFLINE: "1", // no test leaves the machine; those of the Hub have one of their own on the loopback
      HF_DATASETS_CACHE: join(scratch, "datasets"), // cached results of one run are of no use to another: the code that made them may be another
      TMPDIR: scratch,
      TEMP: scratch,
    },
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
