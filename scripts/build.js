// Builds dist/: declarations of src/ by the project's own TypeScript, its modules bundled (bundle.js), and the dashboard's
// page; the output folder is replaced as a whole so that a file deleted from src/ does not live on in dist/.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, "src"))) process.exit(0); // installed from a package: dist/ came with it
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
rmSync(join(root, "dist"), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json")], {
  stdio: "inherit",
  cwd: root,
});
if (status === 0) {
  const { bundle } = await import("./bundle.js");
  await bundle();
  // npm sets this bit for those who install the package; `npx attune` in a checkout runs the file as it is.
  chmodSync(join(root, "dist", "cli", "main.js"), 0o755);
  await buildPage();
}
process.exit(status ?? 1);

/** The page runs in a browser: a script, a style and an HTML file that names them, nothing inline. */
async function buildPage() {
  const { build } = await import("vite");
  await build({
    root: join(root, "src", "dashboard", "page"),
    base: "./",
    configFile: false,
    logLevel: "warn",
    build: {
      outDir: join(root, "dist", "dashboard", "page"),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: "es2022",
      cssTarget: ["chrome123", "firefox120", "safari17.5"], // which have light-dark()
    },
  });
}
