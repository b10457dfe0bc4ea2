// An addon that was built for another version of the JavaScript around it: refused by name, since its kernels would read other
// arguments than they are given, and end the process.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { temporaryFolder } from "../trainer/tiny.js";

const scratch = temporaryFolder("interface");

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

/** What the loader makes of an addon that exports this (the text of an object). */
async function loaded(name: string, object: string) {
  const path = join(scratch, `${name}.cjs`);
  writeFileSync(path, `module.exports = ${object};`);
  vi.stubEnv("ATTUNE_ADDON", path);
  vi.resetModules();
  const { nativeAvailability, createNativeBackend } = await import("../../src/backends/native/index.js");
  return { path, availability: nativeAvailability(), createNativeBackend };
}

it("an addon from before there were numbers, or with another one, is refused with the remedy", async () => {
  const older = await loaded("older", "{ isas: ['base'], kernels: [], create: () => process.abort() }");
  expect(older.availability).toMatchObject({ available: false });
  expect(older.availability.reason).toContain(`${older.path} was built for an older Attune`);
  expect(older.availability.reason).toContain("npm run build:native");
  expect(() => older.createNativeBackend()).toThrow(/native backend is not available: ATTUNE_ADDON: .*an older Attune/);
  const other = await loaded(
    "other",
    "{ interface: 9999, isas: ['base'], kernels: [], create: () => process.abort() }",
  );
  expect(other.availability.reason).toMatch(/another Attune \(interface 9999\), this one has interface \d+/);
});

it("the addon of this checkout has the number of this checkout", async () => {
  vi.stubEnv("ATTUNE_ADDON", "");
  vi.resetModules();
  const { nativeAvailability } = await import("../../src/backends/native/index.js");
  expect(nativeAvailability().reason ?? "").not.toMatch(/was built for/);
});
