// What runs at `npm ci`: scripts of this package, and no other's. onnxruntime-node's would fetch GPU libraries from outside
// of the registry.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8")) as unknown;
const { allowScripts } = read("package.json") as { allowScripts: Readonly<Record<string, boolean>> };
const { packages } = read("package-lock.json") as {
  packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
};
const withScript = Object.keys(packages).filter((path) => path !== "" && packages[path].hasInstallScript);

it("package.json forbids the install script of every dependency that has one", () => {
  const names = withScript.map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
  for (const name of [...names, "onnxruntime-node"]) expect(allowScripts, name).toHaveProperty([name], false);
});

it("older npms, which do not know that, find no mark of onnxruntime-node's script in package-lock.json", () => {
  // npm install may write it when the version changes: delete the line hasInstallScript of that package again
  expect(withScript).not.toContain("node_modules/onnxruntime-node");
});
