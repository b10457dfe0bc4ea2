// The native stream: order, back-pressure, the event loop, idleness, errors, memory.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createNativeBackend, type NativeBackend } from "../../src/backends/native/index.js";
import { DeviceError, LifetimeError } from "../../src/support/errors.js";
import { bytesOf, empty, enqueueWork, floats, ints, numbers } from "./work.js";

let backend: NativeBackend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 2 });
});
afterEach(() => backend.close());

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("order", () => {
  it("runs calls, writes and reads of every size in the order of the calls", async () => {
    const x = empty(backend, 700_000);
    const results: Promise<ArrayLike<number>>[] = [];
    for (let i = 0; i < 12; i++) {
      const length = [1, 100, 20_000, 700_000][i % 4]; // in the ring itself, and staged in one or several pieces
      backend.write(x, new Float32Array(length).fill(i));
      backend.kernels.unary("affine", x, x, length, 1, 0.5);
      results.push(backend.read({ buffer: x.buffer, offset: length - 1 }, 1));
    }
    for (const [i, result] of results.entries()) expect((await result)[0]).toBe(i + 0.5);
  });

  it("lets the caller change what it has written", async () => {
    const host = numbers(3_000_000);
    const x = empty(backend, host.length);
    enqueueWork(backend, 5);
    backend.write(x, host);
    const expected = host.slice();
    host.fill(0);
    expect(Buffer.compare(bytesOf(await backend.read(x, host.length)), bytesOf(expected))).toBe(0);
  });

  it("gives memory freed at enqueue time to the next allocation, whose calls come later", async () => {
    enqueueWork(backend, 3);
    const first = empty(backend, 1000);
    backend.kernels.fill(first, 1000, 1);
    const sum = empty(backend, 1);
    backend.kernels.reduce("sum", first, sum, 1, 1000, 1);
    backend.free(first.buffer);
    const second = empty(backend, 1000);
    backend.kernels.fill(second, 1000, 7);
    expect(Array.from(await backend.read(sum, 1))).toEqual([1000]);
    expect(Array.from(await backend.read(second, 1))).toEqual([7]);
  });

  it("takes no memory for zeros that nobody writes", async () => {
    const before = process.memoryUsage.rss();
    const zeros = { buffer: backend.allocateZeros("float32", 2 ** 26), offset: 0 };
    backend.kernels.fill({ ...zeros, offset: 2 ** 25 }, 1000, 1);
    await backend.fence().wait();
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 27); // half of it; other tests of this process use some
    expect(Array.from(await backend.read({ ...zeros, offset: 2 ** 25 - 1 }, 2))).toEqual([0, 1]);
    backend.free(zeros.buffer);
  });

  it("a fence passes when everything before it has run, and can be awaited often and late", async () => {
    enqueueWork(backend, 5);
    const fence = backend.fence();
    const { enqueued } = backend.statistics();
    await Promise.all([fence.wait(), fence.wait()]);
    const calls = Object.values(backend.profile()).reduce((total, time) => total + time.calls, 0);
    expect(calls).toBe(enqueued);
    await fence.wait();
  });

  it("runs commands that are longer than any place in the queue", async () => {
    const x = floats(backend, numbers(5000));
    const runs = Array.from({ length: 5000 }, (_, offset) => ({ view: { buffer: x.buffer, offset }, length: 1 }));
    const result = empty(backend, 1);
    for (let i = 0; i < 50; i++) backend.kernels.norm(runs, result);
    const exact = Math.sqrt(numbers(5000).reduce((total, value) => total + value * value, 0));
    expect(Math.abs((await backend.read(result, 1))[0] - exact)).toBeLessThan(1e-5);
  });
});

describe("enqueueing", () => {
  it("returns at once, and waits only where the queue is full", async () => {
    const small = createNativeBackend({ threads: 1, maxPending: 20 });
    enqueueWork(small, 1); // pages touched
    await small.fence().wait();
    let start = performance.now();
    enqueueWork(small, 10);
    const short = performance.now() - start;
    await small.fence().wait();
    const ten = performance.now() - start;
    expect(short).toBeLessThan(ten / 2);
    start = performance.now();
    enqueueWork(small, 100);
    const long = performance.now() - start;
    await small.fence().wait();
    const hundred = performance.now() - start;
    expect(long).toBeGreaterThan(hundred / 2); // all but the last twenty have run
    small.close();
  });

  it("leaves the event loop free while kernels run", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    const start = performance.now();
    enqueueWork(backend, 60);
    await backend.fence().wait();
    const elapsed = performance.now() - start;
    clearInterval(timer);
    expect(backend.statistics().busySeconds * 1000).toBeGreaterThan(elapsed * 0.5);
    expect(ticks).toBeGreaterThan(elapsed / 2 / 5);
  });

  it("counts the time in kernels", async () => {
    enqueueWork(backend, 3);
    await backend.fence().wait();
    const { busySeconds, enqueued } = backend.statistics();
    const profile = backend.profile();
    expect(profile.gemm.calls).toBe(3);
    expect(profile.fill.calls).toBe(1);
    expect(enqueued).toBe(4);
    expect(Math.abs(profile.gemm.seconds + profile.fill.seconds - busySeconds)).toBeLessThan(1e-9);
  });
});

it("an idle engine uses no processor time from 100 ms after its last work on", async () => {
  const idle = createNativeBackend({ threads: 4 });
  const windows: number[] = [];
  for (let i = 0; i < 5; i++) {
    enqueueWork(idle, 2);
    await idle.fence().wait();
    await sleep(100);
    const before = process.cpuUsage();
    await sleep(100);
    const { user, system } = process.cpuUsage(before);
    windows.push((user + system) / 1000);
  }
  // The whole process's milliseconds. One window may hold work of the test runner; a thread that spins would be in each.
  expect(Math.min(...windows), windows.join(" ")).toBeLessThan(5);
  idle.close();
});

it("close() runs what is queued: reads on their way arrive", async () => {
  const other = createNativeBackend({ threads: 2 });
  enqueueWork(other, 20);
  const x = empty(other, 2);
  other.kernels.fill(x, 2, 3);
  const pending = other.read(x, 2);
  const fence = other.fence();
  other.close();
  expect(Array.from(await pending)).toEqual([3, 3]);
  await fence.wait();
  other.close();
});

it("flushes subnormal numbers to zero in its own threads only", async () => {
  const x = floats(backend, new Float32Array(100_000).fill(2e-38));
  backend.kernels.unary("affine", x, x, 100_000, 0.1, 0);
  expect(new Set(await backend.read(x, 100_000))).toEqual(new Set([0]));
  expect(Math.fround(Math.fround(2e-38) * 0.1)).toBeGreaterThan(0);
});

describe("errors", () => {
  const failing = (step: number): void => {
    backend.setStep(step);
    backend.kernels.gatherRows(empty(backend, 4), 4, ints(backend, [0, 4]), empty(backend, 2), 2, 1);
  };

  it("are reported once, at the read after them, with the first failing step", async () => {
    failing(3);
    failing(4);
    const x = empty(backend, 1);
    await expect(backend.read(x, 1)).rejects.toThrow(
      new DeviceError("gatherRows: id 4 at index 1 is outside the table of 4 rows (step 3)"),
    );
    await backend.read(x, 1);
  });

  it("wait for somebody to hear them where a fence was not awaited", async () => {
    failing(5);
    backend.fence();
    await sleep(50);
    await expect(backend.fence().wait()).rejects.toThrow("(step 5)");
    await backend.fence().wait();
  });

  it("skip kernels, but neither writes nor reads", async () => {
    failing(1);
    const x = floats(backend, Float32Array.of(1, 2));
    backend.kernels.fill(x, 2, 9);
    await expect(backend.fence().wait()).rejects.toThrow(DeviceError);
    expect(Array.from(await backend.read(x, 2))).toEqual([1, 2]);
  });

  it("name sequences that are longer than announced", async () => {
    const x = empty(backend, 64);
    const offsets = ints(backend, [0, 4]);
    const call = {
      ...{ sequences: 1, heads: 1, headDim: 4, scale: 1, maxQuery: 3, maxKey: 4 },
      ...{ query: x, key: x, value: x, queryStride: 4, keyStride: 4, valueStride: 4 },
      ...{ queryOffsets: offsets, keyOffsets: offsets },
    };
    backend.kernels.attention(call, { out: empty(backend, 16), outStride: 4 });
    await expect(backend.fence().wait()).rejects.toThrow(/attention: sequence 0 has 4 queries and 4 keys.*3 and 4/);
  });

  it("refuse a freed buffer, and one of another backend", () => {
    const x = empty(backend, 4);
    backend.free(x.buffer);
    expect(() => backend.kernels.fill(x, 4, 0)).toThrow(LifetimeError);
    expect(() => backend.free(x.buffer)).toThrow(LifetimeError);
    expect(() => backend.kernels.fill({ buffer: { dtype: "float32", length: 4 }, offset: 0 }, 4, 0)).toThrow(
      DeviceError,
    );
  });

  it("refuse an allocation that no machine has", () => {
    expect(() => backend.allocate("float32", 2 ** 48)).toThrow(/no memory for 281474976710656 elements of float32/);
  });
});

describe("memory", () => {
  it("does not grow over steps of many different sizes", () => {
    const step = (tokens: number): void => {
      const live = [384, 1152, 384, 1536, 1536, 384, 2, 12 * 50].map((width) => empty(backend, tokens * width));
      const temporary = [64, 128].map((width) => empty(backend, tokens * width));
      for (const { buffer } of [...temporary, ...live.reverse()]) backend.free(buffer);
    };
    const sizes = Array.from({ length: 153 }, (_, i) => 200 + ((i * 7919) % 400));
    step(600); // the largest
    const { bytesReserved } = backend.statistics();
    for (let round = 0; round < 7; round++) for (const tokens of sizes) step(tokens);
    expect(backend.statistics().bytesReserved - bytesReserved).toBeLessThanOrEqual(2 ** 20);
    expect(backend.statistics().bytesInUse).toBe(0);
  });

  it("joins freed neighbours into room for larger blocks, whatever the order", () => {
    const megabyte = 2 ** 18;
    const parts = Array.from({ length: 64 }, () => empty(backend, megabyte)); // one arena of 64 MB
    const { bytesReserved } = backend.statistics();
    for (const { buffer } of [...parts.filter((_, i) => i % 3 === 0), ...parts.filter((_, i) => i % 3 !== 0)]) {
      backend.free(buffer);
    }
    const whole = empty(backend, 64 * megabyte);
    expect(backend.statistics().bytesReserved).toBe(bytesReserved);
    backend.free(whole.buffer);
  });

  it("keeps blocks apart: random allocations hold what was put in", async () => {
    const held: { memory: ReturnType<typeof empty>; value: number }[] = [];
    let state = 1;
    const random = (limit: number): number => {
      state = (state * 48271) % 2147483647;
      return state % limit;
    };
    for (let i = 0; i < 3000; i++) {
      if (held.length > 60 || (held.length > 0 && random(3) === 0)) {
        const [{ memory, value }] = held.splice(random(held.length), 1);
        if (i % 50 === 0) {
          expect(new Set(await backend.read(memory, memory.length))).toEqual(new Set([value]));
        }
        backend.free(memory.buffer);
      } else {
        const memory = empty(backend, 1 + random(30_000));
        backend.kernels.fill(memory, memory.length, i);
        held.push({ memory, value: i });
      }
    }
    for (const { memory, value } of held) {
      expect(new Set(await backend.read(memory, memory.length))).toEqual(new Set([value]));
    }
  });
});
