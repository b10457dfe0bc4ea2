// Whether a prebuilt binary can be loaded where it is meant to be: processor, what it offers to Node, which libraries it
// asks for, and that each name it asks for is one of Node-API or of the system's, in a version that old systems have.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Binary, readBinary } from "./binary.js";
import type { Target } from "./targets.js";

/** Node-API up to the version that the addon is compiled for; every Node that Attune runs on has these. */
type Names = Readonly<Record<"js_native_api_symbols" | "node_api_symbols", readonly string[]>>;

const nodeApi: ReadonlySet<string> = (() => {
  const { symbols } = createRequire(import.meta.url)("node-api-headers") as { symbols: Record<string, Names> };
  const version = 8;
  const names = Array.from({ length: version }, (_, i) => symbols[`v${i + 1}`]).flatMap((group) => [
    ...group.js_native_api_symbols,
    ...group.node_api_symbols,
  ]);
  return new Set(names);
})();

const MODULE = ["napi_register_module_v1", "node_api_module_get_api_version_v1"];
/** What linkers of macOS add. */
const LINKER_EXPORTS = ["_mh_dylib_header", "__dso_handle"];

/** Functions of C and POSIX that the engine may use; a new one is added here after a look at who has it. */
const SYSTEM = new Set([
  ...[
    "calloc",
    "free",
    "malloc",
    "memchr",
    "memcpy",
    "memmove",
    "memset",
    "strcmp",
    "strncat",
    "snprintf",
    "vsnprintf",
  ],
  ...["log", "logf", "powf", "clock_gettime", "madvise", "mmap", "munmap", "sched_yield", "sigfillset", "syscall"],
  ...["pthread_cond_broadcast", "pthread_cond_destroy", "pthread_cond_wait", "pthread_create", "pthread_join"],
  ...["pthread_mutex_destroy", "pthread_mutex_lock", "pthread_mutex_unlock", "pthread_sigmask"],
  ...["bzero", "__bzero", "dyld_stub_binder", "memset_pattern16"], // what macOS's compiler and linker use
  ...["__cxa_finalize", "__gmon_start__", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable"], // and GNU's
]);

const LIBRARIES = {
  glibc: /^(lib(c|m|pthread)\.so\.\d|ld-linux-.*)$/,
  musl: /^libc\.so$/,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
  win32: /^(KERNEL32\.dll|api-ms-win-crt-[a-z]+-l1-1-0\.dll)$/i,
};

/** The oldest glibc that a target names, as in x86_64-linux-gnu.2.17. */
const oldestGlibc = (target: Target): string | undefined => /-gnu\.([\d.]+)$/.exec(target.zig)?.[1];
const newer = (a: string, b: string): boolean => a.localeCompare(b, "en", { numeric: true }) > 0;

/** What is wrong with a binary for a target, a sentence each. */
export function faultsOf(binary: Binary, target: Target): string[] {
  const faults: string[] = [];
  if (binary.cpu !== target.cpu) faults.push(`it is for ${binary.cpu}`);
  for (const name of MODULE) if (!binary.exports.includes(name)) faults.push(`it does not export ${name}`);
  for (const name of binary.exports) {
    if (!MODULE.includes(name) && !LINKER_EXPORTS.includes(name)) faults.push(`it exports ${name}`);
  }
  const allowed = LIBRARIES[target.os === "linux" ? (target.libc ?? "glibc") : target.os];
  for (const library of binary.libraries) if (!allowed.test(library)) faults.push(`it needs the library ${library}`);
  const glibc = oldestGlibc(target);
  for (const { name, version, library, weak } of binary.imports) {
    if (nodeApi.has(name)) {
      if (library) faults.push(`it wants ${name} of ${library}, and Node is not always called that`);
      continue;
    }
    // Windows names the library of each function, and the C library there is known by its names alone.
    if (target.os === "win32") continue;
    if (!SYSTEM.has(name) && !weak) faults.push(`it wants ${name}, which is not known to be everywhere`);
    const [, number] = /^GLIBC_([\d.]+)$/.exec(version ?? "") ?? [];
    if (version && !(glibc && number)) faults.push(`it wants ${name} in version ${version}`);
    else if (glibc && number && newer(number, glibc))
      faults.push(`it wants ${name} of glibc ${number}, and ${glibc} is promised`);
  }
  const [, macos] = /-macos\.([\d.]+)$/.exec(target.zig) ?? [];
  if (macos && binary.macos !== macos) faults.push(`it is for macOS ${binary.macos} on, and ${macos} is promised`);
  if (target.name === "darwin-arm64" && !binary.signed) faults.push("it is not signed");
  return faults;
}

/** Returns a line about the binary; throws where it would not load everywhere it is meant for. */
export function checkBinary(path: string, target: Target): string {
  const bytes = readFileSync(path);
  const binary = readBinary(bytes);
  const faults = faultsOf(binary, target);
  if (faults.length > 0) throw new Error(`${target.name}: ${path}:\n  ${faults.join("\n  ")}`);
  const versions = binary.imports.flatMap(({ version }) => /^GLIBC_(.*)$/.exec(version ?? "")?.[1] ?? []);
  const newest = versions.reduce((a, b) => (newer(b, a) ? b : a), "");
  const libraries = binary.libraries.map((name) => name.split("/").at(-1)).join(", ");
  const oldest = newest ? `, glibc ${newest} on` : binary.macos ? `, macOS ${binary.macos} on` : "";
  return `${Math.round(bytes.length / 1024)} KiB, needs ${libraries}${oldest}`;
}
