// The benchmark of serving, small and without its Python peer, where wrk is installed.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { describeShared } from "../shared.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const hasWrk = spawnSync("wrk", ["--version"]).error === undefined;

describeShared("bench/serve.ts", () => {
  describe.skipIf(!hasWrk)(hasWrk ? "with wrk" : "skipped: there is no wrk", () => {
    it("asks the server, and reports", () => {
      const args = ["--import", "tsx", "bench/serve.ts", "--small", "--no-peer"];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
      expect(status, stderr).toBe(0);
      expect(stdout).toMatch(/^\| 2 \| \d+\.\d\/s, [\d.]+ ms, [\d.]+ ms \|$/m);
      expect(stdout).toMatch(/^\| start to the address \| [\d.]+ s \|$/m);
    });
  });
});
