// What the addon is compiled from, and how: one place for the build on the user's machine (build.js), the prebuilt
// binaries (scripts/prebuilt) and the kernels' test program (test/).
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const sourceFolder = fileURLToPath(new URL(".", import.meta.url));

/** The engine without JavaScript: compiled once, for the baseline of the architecture. */
const engineFiles = ["bytes.cpp", "isa.cpp", "memory.cpp", "pool.cpp", "stream.cpp"];
/** The addon's face to JavaScript. */
const bindingFiles = ["binding.cpp", "binding_bytes.cpp"];

const avx512 = [
  ...["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"],
  ...["-mprefer-vector-width=512", "-mtune=skylake-avx512"],
];

/** Flags of each instruction set that the kernels are compiled for, by Node's names of architectures. */
export const instructionSets = {
  x64: {
    base: [],
    avx2: ["-mavx2", "-mfma", "-mtune=haswell"],
    avx512,
    avx512bf16: [...avx512, "-mavx512bf16"],
    amx: [...avx512, "-mavx512bf16", "-mamx-tile", "-mamx-bf16"],
  },
  arm64: { base: [] },
};

/** Sets that have matrix products of their own, and everything else from another. */
export const extendedSets = { avx512bf16: "avx512", amx: "avx512" };
const extensionFiles = ["gemm_pairs.cpp"];

/** Every compilation has these. */
export const flags = [
  ...["-std=c++20", "-O3", "-fPIC", "-pthread", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti"],
  ...["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-Wall", "-Wextra", "-Wno-psabi"],
  "-DNAPI_VERSION=8",
];

const isPlatformFile = (name) => /^(platform|node_api)_/.test(name);

/** Sources and headers, in the folder of this file. */
export const files = readdirSync(sourceFolder).filter((name) => name.endsWith(".cpp") || name.endsWith(".h"));
export const headers = files.filter((name) => name.endsWith(".h"));
/** Compiled for each instruction set that extends no other. */
const kernelFiles = files.filter(
  (name) =>
    name.endsWith(".cpp") &&
    ![...engineFiles, ...bindingFiles, ...extensionFiles].includes(name) &&
    !isPlatformFile(name),
);

/** Those that take longest. No core should wait for one of them at the end. */
const slow = ["gemm.cpp", "attention_gradient.cpp", "attention.cpp", "strided.cpp"];

/**
 * What to compile for a platform and architecture (Node's names), the slowest first: `file` with `flags` to `object`, for the
 * instruction set `isa` where it is a file of kernels.
 * `binding`: with the face to JavaScript, or without it.
 */
export function compilations(platform, arch, { binding = true } = {}) {
  const system = platform === "win32" ? ["platform_windows.cpp"] : ["platform_posix.cpp"];
  if (binding && platform === "win32") system.push("node_api_windows.cpp");
  const once = [...engineFiles, ...system, ...(binding ? bindingFiles : [])];
  const sets = Object.entries(instructionSets[arch] ?? { base: [] });
  const list = [
    ...sets.flatMap(([isa, own]) => {
      const extended = extendedSets[isa];
      const names = [`-DATTUNE_ISA=${isa}`, ...(extended ? [`-DATTUNE_EXTENDS=${extended}`] : [])];
      return (extended ? [...extensionFiles, "table.cpp"] : kernelFiles).map((file) => ({
        file,
        isa,
        object: file.replace(".cpp", `.${isa}.o`),
        flags: [...flags, ...own, ...names],
      }));
    }),
    ...once.map((file) => ({ file, object: file.replace(".cpp", ".o"), flags })),
  ];
  return list.sort((a, b) => slow.includes(b.file) - slow.includes(a.file));
}
