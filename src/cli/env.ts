// attune env: what this machine offers, and what Attune makes of it; to be pasted into a report of a problem.
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, freemem, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { defineCommand } from "./command.js";

export const command = defineCommand({
  name: "env",
  description: "Says what this machine offers: processor and its features, engine, threads, memory, folders.",
  usage: ["attune env"],
  sections: [],
  flags: {},
  required: [],
  run: async () => {
    const [{ version }, { hubEnvironment }, { currentBackend }, { nativeAvailability }] = await Promise.all([
      import("../support/version.js"),
      import("../hub/environment.js"),
      import("../tensor/index.js"),
      import("../backends/native/index.js"),
    ]);
    const native = nativeAvailability();
    const backend = currentBackend();
    const hub = hubEnvironment();
    const rows: [string, string][] = [
      ["attune", version],
      ["node", `${process.versions.node} on ${process.platform} ${process.arch} (${release()})`],
      ["processor", `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} logical`],
      ["features", processorFeatures() || "unknown"],
      ["usable processors", String(availableParallelism())],
      ["memory", `${gigabytes(totalmem())} GB, ${gigabytes(freemem())} GB free`],
      ["engine", backend.description],
      ["native addon", native.origin ?? `none: ${native.reason}`],
      ["instruction sets", native.isas.join(", ") || "none"],
      ["package", fileURLToPath(new URL("../../", import.meta.url))],
      ["Hub", hub.endpoint + (hub.offline ? " (HF_HUB_OFFLINE is set)" : "")],
      ["Hub cache", `${hub.cacheDir}${existsSync(hub.cacheDir) ? "" : " (not there)"}`],
      ...Object.entries(process.env)
        .filter(([name]) => name.startsWith("ATTUNE_"))
        .map(([name, value]): [string, string] => [name, value ?? ""]),
    ];
    const width = Math.max(...rows.map(([name]) => name.length)) + 2;
    for (const [name, value] of rows) console.log(name.padEnd(width) + value);
    backend.close();
    return 0;
  },
});

const WANTED = /^(avx|avx2|fma|f16c|avx512(f|bw|dq|vl|_vnni|_bf16|_fp16)|amx_(bf16|tile|int8)|asimd|sve2?|bf16|i8mm)$/;

/** The processor's features that matter to matrix products, as Linux names them. */
function processorFeatures(): string {
  if (!existsSync("/proc/cpuinfo")) return "";
  const [, list = ""] = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8")) ?? [];
  return list
    .split(/\s+/)
    .filter((feature) => WANTED.test(feature))
    .join(" ");
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
