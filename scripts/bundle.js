// Bundles src/ into dist/: a module for each entry, and chunks that they share. To load some five hundred modules one by one
// takes longer than to compile all that is in them. Packages of others stay outside.
import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../", import.meta.url));
const source = join(root, "src");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Modules that are loaded by their path: what package.json names, and what code asks for by a URL. */
const entries = [
  ...Object.values(manifest.exports).flatMap((target) => target.default ?? []),
  ...Object.values(manifest.bin),
  "dist/backends/native/addon.js", // native/build.js asks whether a prebuilt one loads
  "dist/datasets/cache/entries.js", // its date is that of the build
  "dist/datasets/verbs/mapping/worker.js",
  "dist/tokenizers/tokenizer.js", // a worker thread restores tokenizers
].map((path) => path.replace(/^(\.\/)?dist\//, "").replace(/\.js$/, ""));

/** Makes `import.meta.url` that of the module where it stands, whatever chunk the module came into. */
const ownUrls = {
  name: "own-urls",
  enforce: "post", // types are gone by then
  transform(code, id) {
    if (!id.startsWith(source) || !code.includes("import.meta.url")) return undefined;
    const path = relative(source, id).split(sep).join("/").replace(/\.ts$/, ".js");
    let result = code;
    for (const { start, end } of urlsIn(this.parse(code)).toReversed()) {
      result = `${result.slice(0, start)}moduleUrl(${JSON.stringify(path)})${result.slice(end)}`;
    }
    return { code: result, map: null };
  },
  renderChunk(code, { fileName }) {
    if (!code.includes("moduleUrl(")) return undefined;
    const top = "../".repeat(fileName.split("/").length - 1) || "./";
    return `${code}\nfunction moduleUrl(path) {\n\treturn new URL("${top}" + path, import.meta.url).href;\n}\n`;
  },
};

/** The expressions `import.meta.url` of a syntax tree, in the order in which they stand. */
function urlsIn(node) {
  if (typeof node !== "object" || node === null) return [];
  const isUrl = node.type === "MemberExpression" && node.object.type === "MetaProperty" && node.property.name === "url";
  return isUrl ? [node] : Object.values(node).flatMap(urlsIn);
}

export async function bundle() {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    plugins: [ownUrls],
    build: {
      ssr: true, // for Node: packages and Node's own modules are imported as they are
      outDir: join(root, "dist"),
      emptyOutDir: false, // declarations are there
      target: "node20",
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(entries.map((entry) => [entry, join(source, `${entry}.ts`)])),
        output: {
          entryFileNames: "[name].js",
          chunkFileNames: "chunks/[name]-[hash].js",
          keepNames: true, // classes are named in configs and errors
        },
      },
    },
  });
}
