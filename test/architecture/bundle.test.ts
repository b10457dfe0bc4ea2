// dist/ as it is built: bundled into few files, with what is loaded by its path still in its place.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSources } from "./imports.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
  bin: Record<string, string>;
};
const modules = Object.values(manifest.exports).flatMap((target) => (typeof target === "string" ? [] : [target]));

/** Files of dist/ that are loaded before the first line of `file` runs, itself among them. */
function loadedWith(file: string): string[] {
  const found = new Set([join(root, file)]);
  for (const path of found) {
    const text = readFileSync(path, "utf8");
    for (const [, specifier] of text.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];/gm)) {
      found.add(join(dirname(path), specifier));
    }
  }
  return [...found];
}

describe("dist/", () => {
  it("has what package.json names, with declarations", () => {
    for (const { types, default: module } of modules) {
      expect(existsSync(join(root, types)), types).toBe(true);
      expect(existsSync(join(root, module)), module).toBe(true);
    }
    expect(readFileSync(join(root, manifest.bin.attune), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it("has the modules that code asks for by a URL beside it", () => {
    const asked = readSources().flatMap(({ path }) => {
      const text = readFileSync(join(root, "src", path), "utf8");
      const urls = text.matchAll(/new (?:URL|Worker)\((?:new URL\()?"(\.[^"]+\.js)", import\.meta\.url\)/g);
      return Array.from(urls, ([, url]) => join("dist", dirname(path), url)).filter(
        (file) => !file.includes("tokenize.js"),
      );
    });
    expect(asked).toContain(join("dist", "datasets/verbs/mapping/worker.js"));
    for (const file of asked) expect(existsSync(join(root, file)), file).toBe(true);
  });

  it("gives the names of the sources, and loads them from few files", async () => {
    for (const { default: module } of modules) {
      const source = module.replace("./dist/", "../../src/").replace(/\.js$/, ".ts");
      const [built, written] = (await Promise.all([
        import(/* @vite-ignore */ new URL(`../../${module}`, import.meta.url).href),
        import(/* @vite-ignore */ source),
      ])) as [object, object];
      expect(Object.keys(built).sort(), module).toEqual(Object.keys(written).sort());
      expect(loadedWith(module).length, module).toBeLessThan(100);
    }
  });
});
