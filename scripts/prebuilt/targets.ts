// The platforms that binaries are built for, and the npm package that carries each. src/backends/native/prebuilt.ts looks
// for packages of these names.

export interface Target {
  /** Of the platform, as others in the registry spell it. */
  readonly name: string;
  /** What to compile for; a number behind it is the oldest glibc or macOS that the result runs on. */
  readonly zig: string;
  /** What npm compares with the machine that it installs on. */
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  readonly libc?: "glibc" | "musl";
}

export const targets: readonly Target[] = [
  { name: "linux-x64-gnu", zig: "x86_64-linux-gnu.2.17", os: "linux", cpu: "x64", libc: "glibc" },
  { name: "linux-x64-musl", zig: "x86_64-linux-musl", os: "linux", cpu: "x64", libc: "musl" },
  { name: "linux-arm64-gnu", zig: "aarch64-linux-gnu.2.17", os: "linux", cpu: "arm64", libc: "glibc" },
  { name: "linux-arm64-musl", zig: "aarch64-linux-musl", os: "linux", cpu: "arm64", libc: "musl" },
  { name: "darwin-x64", zig: "x86_64-macos.11.0", os: "darwin", cpu: "x64" },
  { name: "darwin-arm64", zig: "aarch64-macos.11.0", os: "darwin", cpu: "arm64" },
  { name: "win32-x64", zig: "x86_64-windows-gnu", os: "win32", cpu: "x64" },
];

export const packageOf = (target: Target): string => `@attune/engine-${target.name}`;

/** Those named on the command line, or all. */
export function targetsNamed(names: readonly string[]): readonly Target[] {
  for (const name of names) {
    if (!targets.some((target) => target.name === name)) {
      throw new Error(`no platform "${name}"; there are ${targets.map((target) => target.name).join(", ")}`);
    }
  }
  return names.length > 0 ? targets.filter((target) => names.includes(target.name)) : targets;
}
