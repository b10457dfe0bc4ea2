// The binaries that are published: all are built and checked; each is installed with npm's choice of packages and trains in a
// root of its system, as far as this machine can stand in for it; the NEON kernels pass their tests under qemu-user.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildTarget } from "../../scripts/prebuilt/build.js";
import { checkBinary } from "../../scripts/prebuilt/check.js";
import { binaryOf, root } from "../../scripts/prebuilt/folders.js";
import { buildKernels } from "../../scripts/prebuilt/kernels.js";
import { cannotStandIn, standIn } from "../../scripts/prebuilt/roots.js";
import { packageOf, targets, targetsNamed } from "../../scripts/prebuilt/targets.js";
import { findZig } from "../../scripts/prebuilt/zig.js";
import { installPacked } from "./install.js";

const MINUTES = 60_000;
let zig: readonly string[];
let folder: string;
beforeAll(async () => {
  zig = findZig();
  folder = mkdtempSync(join(tmpdir(), "attune-platforms-"));
  // Every platform's package is packed with every installation.
  for (const target of targets) await buildTarget(zig, target);
}, 30 * MINUTES);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([...targets])("$name", (target) => {
  it("asks for nothing that an old system lacks", () => {
    expect(checkBinary(binaryOf(target), target)).toMatch(/^\d+ KiB, needs /);
  });

  it(
    "is what npm installs on its platform, and trains there",
    (context) => {
      const reason = cannotStandIn(target);
      if (reason) context.skip(reason);
      const own = join(folder, target.name);
      mkdirSync(own);
      const app = installPacked(own, { target, targets, binaryFor: binaryOf });
      const [scope, name] = packageOf(target).split("/");
      expect(readdirSync(join(app, "node_modules", scope))).toEqual([name]);
      const node = standIn(target, app);
      const program = "/app/node_modules/attune/dist/cli/main.js";
      const env = node(program, "env");
      expect(env.status, env.output).toBe(0);
      expect(env.output).toContain(`prebuilt, /app/node_modules/${packageOf(target)}/attune.node`);
      const trained = node(program, "quickstart", "--max-steps", "5", "--output", "/tmp/run");
      expect(trained.status, trained.output).toBe(0);
      expect(trained.output).toContain("saved to /tmp/run");
    },
    10 * MINUTES,
  );
});

it(
  "the NEON kernels agree with naive ones",
  async (context) => {
    const emulator = ["qemu-aarch64", "qemu-aarch64-static", join(root, "build/roots/qemu/usr/bin/qemu-aarch64")].find(
      (name) => spawnSync(name, ["--version"]).status === 0,
    );
    if (emulator === undefined) return context.skip("no qemu-aarch64 here");
    const program = await buildKernels(zig, targetsNamed(["linux-arm64-musl"])[0]);
    const { status, stdout, stderr } = spawnSync(emulator, [program], { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toContain("instruction sets run: base");
  },
  30 * MINUTES,
);
