// The rate of multiplications and additions that stay in registers, asked of fma.cpp between the turns of a twin run.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findCompiler } from "../../native/compile.js";

export interface FmaLoop {
  /** GFLOP/s of so many threads together, now. */
  measure(threads: number): number;
  remove(): void;
}

/** Compiles the loop for this processor; undefined without a compiler. */
export function compileFmaLoop(): FmaLoop | undefined {
  const compiler = findCompiler();
  if (!compiler) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "attune-fma-"));
  const program = join(folder, "fma");
  const source = fileURLToPath(new URL("fma.cpp", import.meta.url));
  const [command, ...rest] = compiler.command;
  const flags = ["-std=c++20", "-O3", "-march=native", "-pthread"];
  const { status, stderr } = spawnSync(command, [...rest, ...flags, source, "-o", program], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} cannot compile ${source}:\n${stderr}`);
  return {
    measure(threads) {
      const { stdout } = spawnSync(program, { input: `${threads}\n`, encoding: "utf8" });
      return Number(stdout);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
