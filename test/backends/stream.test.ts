// What the contract says of a backend as a stream: order, conversion, errors, memory, end.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/kernels.js";
import { Bench, everyBackend } from "./every.js";

for (const { name, make } of everyBackend) {
  describe(name, () => {
    let backend: Backend;
    let bench: Bench;
    beforeEach(() => {
      backend = make();
      bench = new Bench(backend);
    });
    afterEach(() => backend.close());

    it("copies at write and at read", async () => {
      const host = Float32Array.of(1, 2, 3);
      const memory = bench.empty(3);
      backend.write(memory, host);
      host.fill(9);
      const before = bench.read(memory);
      backend.kernels.fill(memory, 3, 7);
      expect(Array.from(await before)).toEqual([1, 2, 3]);
      expect(Array.from(await bench.read(memory))).toEqual([7, 7, 7]);
    });

    it("reads and writes from an offset on", async () => {
      const memory = bench.floats([0, 0, 0, 0]);
      backend.write({ buffer: memory.buffer, offset: 2 }, Float32Array.of(5, 6));
      expect(Array.from(await bench.read(memory))).toEqual([0, 0, 5, 6]);
      expect(Array.from(await backend.read({ buffer: memory.buffer, offset: 1 }, 2))).toEqual([0, 5]);
    });

    it("converts what is written to the buffer's dtype", async () => {
      const int = bench.empty(3, "int32");
      backend.write(int, Float64Array.of(1.9, -1.9, 2147483647));
      expect(Array.from(await bench.read(int))).toEqual([1, -1, 2147483647]);
      const bfloat16 = bench.empty(2, "bfloat16");
      backend.write(bfloat16, Float32Array.of(1 + 2 ** -7 + 2 ** -8, 3));
      expect(Array.from(await bench.read(bfloat16))).toEqual([1 + 2 ** -6, 3]);
      const float16 = bench.empty(2, "float16");
      backend.write(float16, Float32Array.of(1 + 2 ** -11, 70000));
      expect(Array.from(await bench.read(float16))).toEqual([1, Number.POSITIVE_INFINITY]);
      const float = bench.empty(2);
      backend.write(float, Int32Array.of(7, -8));
      expect(Array.from(await bench.read(float))).toEqual([7, -8]);
    });

    it("allocates at least what is asked for, nothing included", async () => {
      expect(bench.empty(17).buffer.length).toBeGreaterThanOrEqual(17);
      expect(bench.empty(17).buffer.dtype).toBe("float32");
      expect((await backend.read(bench.empty(0), 0)).length).toBe(0);
    });

    it("allocates zeros, few and many, also where there were others before", async () => {
      for (const length of [1000, 2 ** 19 + 5]) {
        for (const round of [0, 1]) {
          const memory = { buffer: backend.allocateZeros("float32", length), offset: 0 };
          expect(
            (await bench.read(memory, length)).every((value) => value === 0),
            `round ${round}`,
          ).toBe(true);
          backend.kernels.fill(memory, length, 7);
          backend.free(memory.buffer);
        }
      }
      expect(backend.statistics().bytesInUse).toBe(0);
    });

    it("throws a kernel's error at the next read, names kernel and step, skips what follows, and then goes on", async () => {
      const table = bench.floats([1, 2, 3]);
      const out = bench.floats([0, 0]);
      backend.setStep(7);
      backend.kernels.gatherRows(table, 3, bench.ints([1, 3]), out, 2, 1);
      backend.setStep(8);
      backend.kernels.fill(table, 3, 99);
      await expect(bench.read(out)).rejects.toMatchObject({ name: "DeviceError" });
      expect(Array.from(await bench.read(table))).toEqual([1, 2, 3]);
      backend.kernels.gatherRows(table, 3, bench.ints([1, -1]), out, 2, 1);
      await expect(bench.read(out)).rejects.toThrow(/^gatherRows: .*-1 at .* 1 .*step 8/);
      backend.kernels.gatherRows(table, 3, bench.ints([2, 0]), out, 2, 1);
      expect(Array.from(await bench.read(out))).toEqual([3, 1]);
    });

    it("throws a kernel's error at the next fence too", async () => {
      backend.setStep(3);
      const memory = bench.floats([1, Number.NaN]);
      backend.kernels.checkFinite(memory, 2, "the loss");
      const fence = backend.fence();
      await expect(fence.wait()).rejects.toThrow(/^checkFinite: "the loss" holds NaN at index 1 .*step 3/);
      await backend.fence().wait();
      backend.kernels.fill(memory, 2, 4);
      expect(Array.from(await bench.read(memory))).toEqual([4, 4]);
    });

    it("counts memory and kernels", async () => {
      const before = backend.statistics();
      const memory = bench.empty(1000);
      const during = backend.statistics();
      expect(during.bytesInUse - before.bytesInUse).toBeGreaterThanOrEqual(4000);
      expect(during.bytesReserved).toBeGreaterThanOrEqual(during.bytesInUse);
      backend.kernels.fill(memory, 1000, 1);
      await backend.fence().wait();
      backend.free(memory.buffer);
      const after = backend.statistics();
      expect(after.bytesInUse).toBe(before.bytesInUse);
      expect(after.peakBytesInUse).toBe(during.bytesInUse);
      expect(after.enqueued).toBe(before.enqueued + 1);
      expect(after.busySeconds).toBeGreaterThan(0);
    });

    it("reuses what was freed", () => {
      const first = bench.empty(1000);
      const { bytesReserved } = backend.statistics();
      backend.free(first.buffer);
      for (let i = 0; i < 100; i++) backend.free(backend.allocate("float32", 1000));
      expect(backend.statistics().bytesReserved).toBe(bytesReserved);
    });

    it("refuses calls after close()", () => {
      const other = make();
      const memory = { buffer: other.allocate("float32", 4), offset: 0 };
      other.close();
      expect(() => other.kernels.fill(memory, 4, 0)).toThrow(/close/);
      expect(() => other.allocate("float32", 4)).toThrow(/close/);
    });
  });
}

describe("reference alone", () => {
  const [{ make }] = everyBackend;

  it("fills fresh and reused memory with NaN, integers with the smallest", async () => {
    const backend = make();
    const bench = new Bench(backend);
    const first = bench.empty(3);
    backend.kernels.fill(first, 3, 1);
    backend.free(first.buffer);
    expect(Array.from(await bench.read(bench.empty(3)))).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(Array.from(await bench.read(bench.empty(2, "int32")))).toEqual([-(2 ** 31), -(2 ** 31)]);
  });

  it("throws at once at a freed buffer and at a view outside its buffer", () => {
    const backend = make();
    const bench = new Bench(backend);
    const memory = bench.floats([1, 2, 3]);
    expect(() => backend.kernels.fill({ buffer: memory.buffer, offset: 1 }, 3, 0)).toThrow(/elements 1 to 4.*holds 3/);
    backend.free(memory.buffer);
    expect(() => backend.kernels.fill(memory, 3, 0)).toThrow(/freed/);
    expect(() => backend.free(memory.buffer)).toThrow(/freed/);
  });

  it("holds float32 tensors in 64 bits", async () => {
    const backend = make();
    const bench = new Bench(backend);
    const out = bench.empty(1);
    backend.kernels.unary("affine", bench.floats([1]), out, 1, 0.1, 0);
    expect(Array.from(await bench.read(out))).toEqual([0.1]);
  });
});
