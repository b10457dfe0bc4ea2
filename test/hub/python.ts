// Python's huggingface_hub of the bench environment, pointed at a loopback Hub.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { cleanEnvironment } from "./loopback.js";

const interpreter = fileURLToPath(new URL("../../bench/.venv/bin/python", import.meta.url));
const packages = fileURLToPath(new URL("../../bench/.venv/lib", import.meta.url));

/** A describe block that is skipped, visibly, where the bench environment is not installed (bench/setup.sh). */
export function describePython(name: string, body: () => void): void {
  const isThere = existsSync(interpreter) && existsSync(packages);
  describe.skipIf(!isThere)(isThere ? name : `${name} (skipped: no bench/.venv; see bench/setup.sh)`, body);
}

/** Runs a script, which prints one JSON value as its last line. `variables` name the Hub and the cache. */
export function python<T>(script: string, variables: Readonly<Record<string, string>>): Promise<T> {
  const env = { ...cleanEnvironment(), HF_HUB_DISABLE_XET: "1", HF_HUB_DISABLE_TELEMETRY: "1", ...variables };
  return new Promise((resolve, reject) => {
    const child = spawn(interpreter, ["-"], { env });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (status) => {
      if (status !== 0) reject(new Error(`Python ended with ${status}:\n${stderr}`));
      else resolve(JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T);
    });
    child.stdin.end(script);
  });
}
