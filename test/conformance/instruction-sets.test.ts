// Which instruction sets the conformance suite runs on: all that the processor has by the system's word, not the addon's, so
// that a set that is skipped cannot look like one that passed. ATTUNE_ISA chooses one.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { nativeAvailability } from "../../src/backends/native/index.js";
import { backendsHere } from "../backendsHere.js";

/** Features that a set is compiled for, as Linux and macOS name them. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  amx: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "fma", "avx512_bf16", "amx_tile", "amx_bf16"],
  avx512bf16: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "fma", "avx512_bf16"],
  avx512: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"],
  avx2: ["avx2", "fma"],
  base: [],
};

/** The processor's features by the system's word; undefined where it has none for them. */
function features(): ReadonlySet<string> | undefined {
  if (process.arch !== "x64") return new Set();
  if (process.platform === "linux") {
    const [, list = ""] = /^flags\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8")) ?? [];
    return new Set(list.split(" "));
  }
  if (process.platform !== "darwin") return undefined;
  const names = ["machdep.cpu.features", "machdep.cpu.leaf7_features"];
  const { stdout } = spawnSync("sysctl", ["-n", ...names], { encoding: "utf8" });
  return new Set(stdout.toLowerCase().split(/\s+/));
}

it("the suite runs on every instruction set that the processor has", () => {
  const has = features();
  const { isas } = nativeAvailability();
  const run = backendsHere().flatMap(({ label }) => /^native (.+)$/.exec(label)?.[1] ?? []);
  console.log(`conformance on the instruction sets ${run.join(", ")}${process.env.ATTUNE_ISA ? " (ATTUNE_ISA)" : ""}`);
  if (process.env.ATTUNE_ISA) return expect(run).toEqual([process.env.ATTUNE_ISA]);
  for (const isa of isas) expect(Object.keys(NEEDS), `what ${isa} needs is written in this test`).toContain(isa);
  if (has === undefined) return;
  // Tile registers are for the system to give, too: the kernels' own program asks it (test/native/kernels.test.ts).
  const refused = (isa: string) => isa === "amx" && !isas.includes(isa);
  const there = Object.keys(NEEDS).filter((isa) => !refused(isa) && NEEDS[isa].every((feature) => has.has(feature)));
  expect(run.toSorted()).toEqual(there.toSorted());
});
