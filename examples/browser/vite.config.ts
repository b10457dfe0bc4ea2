// npx vite examples/browser: the page, with onnxruntime's WebAssembly from node_modules and the exported model from the
// folder that the variable MODEL names (default: exported/mrpc), which the page sees as models/exported.
import { createReadStream, existsSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { join, normalize, resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const PREFIX = "/models/exported/";

function serveModel(folder: string): Plugin {
  const answer = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const path = decodeURIComponent((request.url ?? "").split("?", 1)[0]);
    if (!path.startsWith(PREFIX)) return next();
    const file = join(folder, normalize(`/${path.slice(PREFIX.length)}`)); // stays within the folder
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    const type = file.endsWith(".json") ? "application/json" : "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": statSync(file).size });
    if (request.method === "HEAD") response.end();
    else createReadStream(file).pipe(response);
  };
  return {
    name: "serve-model",
    configureServer: ({ middlewares }) => void middlewares.use(answer),
    configurePreviewServer: ({ middlewares }) => void middlewares.use(answer),
  };
}

/** transformers.js's own onnxruntime-web, wherever it is installed. */
const require = createRequire(createRequire(import.meta.url).resolve("@huggingface/transformers"));
const runtime = (file: string) => require.resolve(`onnxruntime-web/${file}`);

export default defineConfig({
  plugins: [serveModel(resolve(process.env.MODEL ?? "exported/mrpc"))],
  resolve: {
    alias: ["mjs", "wasm"].map((ending) => ({
      find: `onnxruntime-web/ort-wasm-simd-threaded.asyncify.${ending}`,
      replacement: runtime(`ort-wasm-simd-threaded.asyncify.${ending}`),
    })),
  },
  build: { target: "es2022", assetsInlineLimit: 0 },
});
