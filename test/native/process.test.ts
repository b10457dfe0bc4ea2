// The engine and its process: ends, exits with work in the queue, worker threads, environment variables.
import { describe, expect, it } from "vitest";
import { createNativeBackend, nativeAvailability } from "../../src/backends/native/index.js";
import { NativeKernels } from "../../src/backends/native/kernels.js";
import { cpuQuota, threadCount } from "../../src/backends/native/threads.js";
import { ConfigError } from "../../src/support/errors.js";
import { runProgram } from "./programs/run.js";

describe("a process with an engine", () => {
  it("ends by itself once nothing is pending", async () => {
    expect(await runProgram("ends-by-itself")).toMatchObject({ code: 0, stdout: "2.5 2.5 2.5", stderr: "" });
  });

  it("stays alive for a read on its way", async () => {
    expect(await runProgram("pending-read")).toMatchObject({ code: 0, stdout: "42", stderr: "" });
  });

  it("exits at once, with its own code, while work is queued", async () => {
    const outcome = await runProgram("exit-with-queued-work");
    expect(outcome).toMatchObject({ code: 7, signal: null, stderr: "" });
    expect(outcome.seconds).toBeLessThan(20); // the queued work takes minutes
  });

  it("has an engine in each of two worker threads, and survives the end of a third at work", async () => {
    const outcome = await runProgram("workers");
    expect(outcome).toMatchObject({ code: 0, stdout: "[1000,2000]\nterminated 1", stderr: "" });
  });
});

describe("choices", () => {
  const withEnvironment = <T>(name: string, value: string, body: () => T): T => {
    const before = process.env[name];
    process.env[name] = value;
    try {
      return body();
    } finally {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    }
  };

  it("ATTUNE_THREADS sets the number of threads, the option overrides it", () => {
    withEnvironment("ATTUNE_THREADS", "3", () => {
      const backend = createNativeBackend();
      expect(backend.threads).toBe(3);
      expect(backend.description).toMatch(/^native: \w+, 3 threads$/);
      backend.close();
      const alone = createNativeBackend({ threads: 1 });
      expect(alone.description).toMatch(/^native: \w+, 1 thread$/);
      alone.close();
    });
  });

  it.each(["0", "two", "1.5", "1000"])("refuses ATTUNE_THREADS=%s", (value) => {
    withEnvironment("ATTUNE_THREADS", value, () => {
      expect(() => threadCount()).toThrow(ConfigError);
      expect(() => threadCount()).toThrow(`ATTUNE_THREADS=${value}`);
    });
  });

  it("a control group's quota is the least of its levels", () => {
    const quota = (files: Record<string, string>): number => cpuQuota((path) => files[path]);
    expect(quota({})).toBe(Number.POSITIVE_INFINITY);
    const nested = {
      "/proc/self/cgroup": "0::/outer/inner",
      "/sys/fs/cgroup/outer/inner/cpu.max": "max 100000",
      "/sys/fs/cgroup/outer/cpu.max": "150000 100000",
    };
    expect(quota(nested)).toBe(1.5);
    const container = { "/proc/self/cgroup": "0::/", "/sys/fs/cgroup/cpu.max": "400000 100000" };
    expect(quota(container)).toBe(4);
    const version1 = {
      "/proc/self/cgroup": "5:memory:/a\n4:cpu,cpuacct:/a\n0::/",
      "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "50000",
      "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    };
    expect(quota(version1)).toBe(0.5);
  });

  it("ATTUNE_ISA sets the instruction set; one that is not there is refused with those that are", () => {
    for (const isa of nativeAvailability().isas) {
      const backend = withEnvironment("ATTUNE_ISA", isa, () => createNativeBackend());
      expect(backend.isa).toBe(isa);
      backend.close();
    }
    const refused = (): unknown => withEnvironment("ATTUNE_ISA", "mmx", () => createNativeBackend());
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(/ATTUNE_ISA=mmx is not available here; this build and processor have: .*base/);
  });

  it("an addon that lacks a kernel is refused by the kernel's name", () => {
    expect(() => new NativeKernels(["fill", "copy"], 64)).toThrow(
      /the native addon lacks cast, .*, checkFinite; rebuild/,
    );
  });

  it("every build has the base instruction set, and on x64 this machine's others", () => {
    const { available, isas } = nativeAvailability();
    expect(available).toBe(true);
    expect(isas.at(-1)).toBe("base");
  });
});
