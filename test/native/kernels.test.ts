// The kernels' own test program (native/test), for every instruction set that the processor has; and with sanitizers, which
// watch the engine's memory, its arithmetic and its threads.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findCompiler } from "../../native/compile.js";
import { extendedSets } from "../../native/sources.js";
import { root } from "../../scripts/prebuilt/folders.js";
import { nativeAvailability } from "../../src/backends/native/index.js";

const { isas } = nativeAvailability();
const compiler = findCompiler();

/** Builds and runs the program; its output. */
function runKernels(...options: string[]): string {
  const { ATTUNE_ISA: _, ...env } = process.env;
  const program = join(root, "native/test/build.js");
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...options], { encoding: "utf8", env });
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

/** Whether this compiler has the runtime of a sanitizer, and the system lets it run. */
function hasSanitizer(name: string): boolean {
  if (compiler === undefined) return false;
  const folder = mkdtempSync(join(tmpdir(), "attune-sanitizer-"));
  const program = join(folder, "program");
  const [command, ...rest] = compiler.command;
  const options = { input: "int main() { return 0; }" };
  const built = spawnSync(command, [...rest, "-x", "c++", "-", `-fsanitize=${name}`, "-o", program], options);
  const works = built.status === 0 && spawnSync(program).status === 0;
  rmSync(folder, { recursive: true });
  return works;
}

describe.skipIf(compiler === undefined)("the kernels", () => {
  it("agree with naive ones on every instruction set of the processor", () => {
    const output = runKernels();
    const [, ran] = /^instruction sets run: (.*)$/m.exec(output) ?? [];
    expect(ran?.split(" ")).toEqual([...isas]);
    console.log(`kernels tested for the instruction sets ${ran}`);
  });

  // The widest and the narrowest vectors here; every set in the soak tests.
  const [widest] = isas;
  const sets = [...new Set([widest, extendedSets[widest] ?? widest, "base"])].join(",");
  it("touch no memory but their own and do nothing undefined", (context) => {
    if (!hasSanitizer("address,undefined")) context.skip("the compiler has no sanitizers of addresses and behaviour");
    const output = runKernels("--sanitize=address,undefined", `--sets=${sets}`);
    for (const isa of sets.split(",")) expect(output).toContain(`instruction sets run: ${isa} (ATTUNE_ISA)`);
  }, 600_000);

  it("share nothing between threads without an order", (context) => {
    if (!hasSanitizer("thread"))
      context.skip("the compiler has no sanitizer of threads, or the system does not let it run");
    // How threads meet is the same in every set.
    expect(runKernels("--sanitize=thread", "--sets=base")).toContain("instruction sets run: base (ATTUNE_ISA)");
  }, 600_000);
});
