// Kernels against numbers worked out by hand or by formulas written here, on every backend; and the contract's edge cases.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, BinaryOp, Gemm, UnaryOp, View } from "../../src/backends/kernels.js";
import { describeShared, sharedJson } from "../shared.js";
import { Bench, everyBackend, expectClose, type Memory, pseudoRandom } from "./every.js";

for (const { name, make, epsilon } of everyBackend) {
  describe(name, () => {
    let backend: Backend;
    let bench: Bench;
    beforeAll(() => {
      backend = make();
      bench = new Bench(backend);
    });
    afterAll(() => backend.close());

    /** The backend's own values of a tensor written as `values`, so that rounding of inputs is no error. */
    const at = (memory: View, offset: number): View => ({ buffer: memory.buffer, offset: memory.offset + offset });

    async function unary(op: UnaryOp, x: number[], p0?: number, p1?: number): Promise<ArrayLike<number>> {
      const out = bench.empty(x.length);
      backend.kernels.unary(op, bench.floats(x), out, x.length, p0, p1);
      return bench.read(out);
    }

    async function slope(op: UnaryOp, x: number[], p0?: number, p1?: number): Promise<ArrayLike<number>> {
      const [input, y, dx] = [bench.floats(x), bench.empty(x.length), bench.empty(x.length)];
      backend.kernels.unary(op, input, y, x.length, p0, p1);
      const dy = bench.floats(x.map(() => 2));
      backend.kernels.unaryGradient(op, input, y, dy, dx, x.length, p0, p1);
      return bench.read(dx);
    }

    // Approximations of exp, erf and tanh may be off by a few roundings.
    const near = 8 * epsilon;

    describe("elementwise", () => {
      // f(x) and 2 f'(x), by hand and, for gelu, from mpmath
      const cases: [UnaryOp, number[], number[], number[], number?, number?][] = [
        ["neg", [1, -2], [-1, 2], [-2, -2]],
        ["exp", [0, 1, -1], [1, Math.E, 1 / Math.E], [2, 2 * Math.E, 2 / Math.E]],
        ["log", [1, 2, 0.5], [0, Math.LN2, -Math.LN2], [2, 1, 4]],
        ["sqrt", [4, 0.25], [2, 0.5], [0.5, 2]],
        ["tanh", [0, Math.log(2), 40], [0, 0.6, 1], [2, 1.28, 0]],
        ["sigmoid", [0, Math.log(3), -200], [0.5, 0.75, 0], [0.5, 0.375, 0]],
        ["relu", [-1, 0, 3], [0, 0, 3], [0, 0, 2]],
        [
          "gelu",
          [0, 1, -1, 0.5, -3, 6],
          [0, 0.8413447460685429, -0.15865525393145705, 0.34573123063700656, -0.0040496940948902835, 5.999999994080474],
          [1, 2.166630941175373, -0.1666309411753726, 1.7349902493123257, -0.023891294408367854, 2.000000070937419],
        ],
        [
          "gelu_tanh",
          [0, 1, -1, 0.5, -3],
          [0, 0.8411919906082767, -0.1588080093917233, 0.34571400982514394, -0.003637392081773019],
          [1, 2.165928167691565, -0.1659281676915651, 1.7347398070692845, -0.023168333261939452],
        ],
        ["silu", [0, Math.log(3)], [0, 0.75 * Math.log(3)], [1, 2 * 0.75 * (1 + 0.25 * Math.log(3))]],
        ["clamp", [-3, -1, 0.5, 2, 5], [-1, -1, 0.5, 2, 2], [0, 0, 2, 0, 0], -1, 2],
        ["affine", [2, -1], [2.5, -2], [3, 3], 1.5, -0.5],
        ["power", [2, 3, -2], [8, 27, -8], [24, 54, 24], 3],
        ["power", [4, 0.25], [2, 0.5], [0.5, 2], 0.5],
        ["power", [0, 5], [1, 1], [0, 0], 0],
      ];
      it.each(cases)("%s %j", async (op, x, y, doubleSlope, p0, p1) => {
        expectClose(await unary(op, x, p0, p1), y, near);
        expectClose(await slope(op, x, p0, p1), doubleSlope, near);
      });

      it("works in place", async () => {
        const x = bench.floats([1, 4, 9]);
        backend.kernels.unary("sqrt", x, x, 3);
        expectClose(await bench.read(x), [1, 2, 3], near);
        backend.kernels.binary("add", x, [1], x, [1], x, [3]);
        expectClose(await bench.read(x), [2, 4, 6], near);
      });

      const pairs: [BinaryOp, number[]][] = [
        ["add", [3, 4, 5, 4, 5, 6]],
        ["sub", [-1, 0, 1, -2, -1, 0]],
        ["mul", [2, 4, 6, 3, 6, 9]],
        ["div", [1 / 2, 1, 3 / 2, 1 / 3, 2 / 3, 1]],
        ["pow", [1, 4, 9, 1, 8, 27]],
        ["maximum", [2, 2, 3, 3, 3, 3]],
        ["minimum", [1, 2, 2, 1, 2, 3]],
        ["eq", [0, 1, 0, 0, 0, 1]],
        ["ne", [1, 0, 1, 1, 1, 0]],
        ["lt", [1, 0, 0, 1, 1, 0]],
        ["le", [1, 1, 0, 1, 1, 1]],
        ["gt", [0, 0, 1, 0, 0, 0]],
        ["ge", [0, 1, 1, 0, 0, 1]],
      ];
      it.each(pairs)("%s of a row and a column", async (op, expected) => {
        const comparison = ["eq", "ne", "lt", "le", "gt", "ge"].includes(op);
        const out = bench.empty(6, comparison ? "int32" : "float32");
        backend.kernels.binary(op, bench.floats([1, 2, 3]), [0, 1], bench.floats([2, 3]), [1, 0], out, [2, 3]);
        expectClose(await bench.read(out), expected, near);
        if (op === "div" || op === "pow") return;
        const ints = bench.empty(6, "int32");
        backend.kernels.binary(op, bench.ints([1, 2, 3]), [0, 1], bench.ints([2, 3]), [1, 0], ints, [2, 3]);
        expect(Array.from(await bench.read(ints))).toEqual(expected);
      });

      it("broadcasts in up to eight dimensions, scalars and empty shapes", async () => {
        const shape = [1, 2, 1, 2, 1, 1, 2, 3];
        const out = bench.empty(24);
        const a = bench.floats(pseudoRandom(24));
        const b = bench.floats([10, 20]);
        backend.kernels.binary("add", a, [24, 12, 12, 6, 6, 6, 3, 1], b, [0, 1, 0, 0, 0, 0, 0, 0], out, shape);
        expectClose(
          await bench.read(out),
          pseudoRandom(24).map((x, i) => x + (i < 12 ? 10 : 20)),
          near,
        );
        const scalar = bench.empty(1);
        backend.kernels.binary("mul", bench.floats([3]), [], bench.floats([4]), [], scalar, []);
        expectClose(await bench.read(scalar), [12], near);
        backend.kernels.binary("mul", a, [1, 1], b, [0, 0], scalar, [0, 3]);
        expectClose(await bench.read(scalar), [12], near);
      });

      it("keeps the low bits of integer products and numbers that float32 cannot hold", async () => {
        const out = bench.empty(2, "int32");
        backend.kernels.binary("mul", bench.ints([65537, -3]), [1], bench.ints([65537, 715827883]), [1], out, [2]);
        expect(Array.from(await bench.read(out))).toEqual([131073, 2147483647]);
        backend.kernels.binary("add", bench.ints([16777217, 5]), [1], bench.ints([0, -9]), [1], out, [2]);
        expect(Array.from(await bench.read(out))).toEqual([16777217, -4]);
      });

      it("where", async () => {
        const out = bench.empty(4);
        backend.kernels.where(
          bench.ints([1, 0, 0, -5]),
          [2, 1],
          bench.floats([1, 2, 3, 4]),
          [2, 1],
          bench.floats([9]),
          [0, 0],
          out,
          [2, 2],
        );
        expect(Array.from(await bench.read(out))).toEqual([1, 9, 9, 4]);
        const ints = bench.empty(2, "int32");
        backend.kernels.where(bench.ints([0, 2]), [1], bench.ints([1, 2]), [1], bench.ints([3, 4]), [1], ints, [2]);
        expect(Array.from(await bench.read(ints))).toEqual([3, 2]);
      });
    });

    describe("copies", () => {
      it("transposes, accumulates and leaves the gaps alone", async () => {
        const out = bench.floats([0, 0, 9, 0, 0, 9, 0, 0, 9]);
        const source = bench.floats([1, 2, 3, 4, 5, 6]); // [2, 3]
        backend.kernels.copy(source, [1, 3], out, [3, 1], [3, 2]);
        expect(Array.from(await bench.read(out))).toEqual([1, 4, 9, 2, 5, 9, 3, 6, 9]);
        backend.kernels.copy(source, [1, 3], out, [3, 1], [3, 2], true);
        expect(Array.from(await bench.read(out))).toEqual([2, 8, 9, 4, 10, 9, 6, 12, 9]);
      });

      it("copies any dtype, and a slice by offsets", async () => {
        for (const dtype of ["int32", "bfloat16", "float16"] as const) {
          const source = bench.empty(6, dtype);
          backend.write(source, Float32Array.of(1, 2, 3, 4, 5, 6));
          const out = bench.empty(2, dtype);
          backend.kernels.copy(at(source, 1), [3], out, [1], [2]);
          expect(Array.from(await bench.read(out))).toEqual([2, 5]);
        }
      });

      it("casts between any two dtypes, rounding to even and toward zero", async () => {
        const values = [1.5, -2.75, 65536, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -11, 0.1];
        const expected = {
          float32: values.map(Math.fround),
          bfloat16: [1.5, -2.75, 65536, 1, 1 + 2 ** -6, 1, 0.10009765625],
          float16: [1.5, -2.75, Number.POSITIVE_INFINITY, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1, 0.0999755859375],
          int32: [1, -2, 65536, 1, 1, 1, 0],
        };
        const source = bench.floats(values.map(Math.fround));
        for (const dtype of ["float32", "bfloat16", "float16", "int32"] as const) {
          const out = bench.empty(values.length, dtype);
          backend.kernels.cast(source, out, values.length);
          expect(Array.from(await bench.read(out))).toEqual(expected[dtype]);
          const back = bench.empty(values.length);
          backend.kernels.cast(out, back, values.length);
          expect(Array.from(await bench.read(back))).toEqual(expected[dtype]);
        }
        const big = bench.ints([16777217, -5]);
        const float16 = bench.empty(2, "float16");
        backend.kernels.cast(big, float16, 2);
        expect(Array.from(await bench.read(float16))).toEqual([Number.POSITIVE_INFINITY, -5]);
      });

      it("fills any dtype", async () => {
        for (const [dtype, expected] of [
          ["float32", 2.5],
          ["int32", 2],
          ["bfloat16", 2.5],
          ["float16", 2.5],
        ] as const) {
          const out = bench.empty(3, dtype);
          backend.kernels.fill(out, 3, 0);
          backend.kernels.fill(at(out, 1), 1, dtype === "int32" ? 2 : 2.5);
          expect(Array.from(await bench.read(out))).toEqual([0, expected, 0]);
        }
      });
    });

    describe("reductions", () => {
      it("sum, mean, max and argmax over the middle axis", async () => {
        const x = bench.floats([1, 5, 2, 4, 3, 6, -1, -2, -3, -4, -5, -6]); // [2, 3, 2]
        const results = { sum: [6, 15, -9, -12], mean: [2, 5, -3, -4], max: [3, 6, -1, -2] };
        for (const op of ["sum", "mean", "max"] as const) {
          const out = bench.empty(4);
          backend.kernels.reduce(op, x, out, 2, 3, 2);
          expectClose(await bench.read(out), results[op], near);
        }
        const where = bench.empty(4, "int32");
        backend.kernels.argmax(x, where, 2, 3, 2);
        expect(Array.from(await bench.read(where))).toEqual([2, 2, 0, 0]);
      });

      it("argmax takes the first of equals; an empty sum is 0", async () => {
        const where = bench.empty(1, "int32");
        backend.kernels.argmax(bench.floats([1, 3, 3, 2, 3]), where, 1, 5, 1);
        expect(Array.from(await bench.read(where))).toEqual([1]);
        const out = bench.empty(2);
        backend.kernels.reduce("sum", bench.empty(0), out, 2, 0, 1);
        expect(Array.from(await bench.read(out))).toEqual([0, 0]);
      });

      it("a long sum keeps its digits", async () => {
        const values = pseudoRandom(100_003);
        const out = bench.empty(1);
        backend.kernels.reduce("sum", bench.floats(values), out, 1, values.length, 1);
        let exact = 0n; // the values are multiples of 2^-19
        for (const value of values) exact += BigInt(value * 2 ** 19);
        expectClose(await bench.read(out), [Number(exact) / 2 ** 19], 300 * epsilon);
      });

      it("softmax, its logarithm and their gradients", async () => {
        // exp gives 1, 2, 5 of 8, whatever is added to all; large numbers do not overflow
        const x = bench.floats([0, Math.log(2), Math.log(5), 1000, 1000, 1000]);
        const out = bench.empty(6);
        backend.kernels.softmax(x, out, 2, 3, false);
        expectClose(await bench.read(out), [1 / 8, 2 / 8, 5 / 8, 1 / 3, 1 / 3, 1 / 3], near);
        const dx = bench.empty(6);
        const dy = bench.floats([8, 0, 16, 3, 0, 0]);
        backend.kernels.softmaxGradient(out, dy, dx, 2, 3, false);
        expectClose(await bench.read(dx), [-3 / 8, -22 / 8, 25 / 8, 2 / 3, -1 / 3, -1 / 3], 4 * near);
        backend.kernels.softmax(x, out, 2, 3, true);
        const third = -Math.log(3);
        expectClose(
          await bench.read(out),
          [-Math.log(8), -Math.log(4), Math.log(5 / 8), third, third, third],
          64 * near,
        );
        backend.kernels.softmaxGradient(out, dy, dx, 2, 3, true);
        expectClose(await bench.read(dx), [5, -6, 1, 2, -1, -1], 64 * near);
      });
    });

    describe("gemm", () => {
      const activations = {
        gelu: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
        relu: (x: number) => Math.max(x, 0),
      };

      async function check(shape: Pick<Gemm, "m" | "n" | "k" | "aTransposed" | "bTransposed">, padding: number) {
        const { m, n, k, aTransposed, bTransposed } = shape;
        const lda = (aTransposed ? m : k) + padding;
        const ldb = (bTransposed ? k : n) + padding;
        const ldc = n + padding;
        const a = pseudoRandom((aTransposed ? k : m) * lda, 1);
        const b = pseudoRandom((bTransposed ? n : k) * ldb, 2);
        const start = pseudoRandom(m * ldc, 3);
        const bias = pseudoRandom(n, 4);
        const multiply = pseudoRandom(m * ldc, 5);
        const expected = start.slice();
        const slopes = new Float64Array(m * ldc);
        const rowSums = new Float64Array(m);
        for (let i = 0; i < m; i++) {
          for (let p = 0; p < k; p++) rowSums[i] += a[aTransposed ? p * lda + i : i * lda + p];
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let p = 0; p < k; p++) {
              sum += a[aTransposed ? p * lda + i : i * lda + p] * b[bTransposed ? j * ldb + p : p * ldb + j];
            }
            const x = sum + start[i * ldc + j] + bias[j];
            slopes[i * ldc + j] = x > 0 ? 1 : 0;
            expected[i * ldc + j] = activations.relu(x) * multiply[i * ldc + j];
          }
        }
        const out = bench.floats(start);
        const derivative = bench.floats(new Float64Array(m * ldc));
        const aRowSums = bench.empty(m);
        backend.kernels.gemm({
          ...shape,
          a: bench.floats(a),
          lda,
          b: bench.floats(b),
          ldb,
          out,
          ldc,
          accumulate: true,
          bias: bench.floats(bias),
          activation: "relu",
          derivative,
          multiply: bench.floats(multiply),
          aRowSums,
        });
        const tolerance = 4 * Math.sqrt(k + 4) * epsilon;
        expectClose(await bench.read(out), expected, tolerance);
        expectClose(await bench.read(aRowSums), rowSums, tolerance);
        const close = await bench.read(derivative);
        for (let i = 0; i < m * ldc; i++) {
          // where x is 0 to rounding, either side is right
          if (Math.abs(expected[i]) > 1e-4) expect(close[i]).toBe(slopes[i]);
        }
      }

      for (const aTransposed of [false, true]) {
        for (const bTransposed of [false, true]) {
          const layout = `A${aTransposed ? "^T" : ""} B${bTransposed ? "^T" : ""}`;
          it(`${layout} with every part of the epilogue, sizes around the tiles`, async () => {
            for (const [m, n, k] of [
              [1, 1, 1],
              [3, 5, 7],
              [8, 48, 16],
              [9, 49, 33],
              [17, 3, 130],
              [64, 97, 40],
            ]) {
              await check({ m, n, k, aTransposed, bTransposed }, 0);
              await check({ m, n, k, aTransposed, bTransposed }, 3);
            }
          });
          it(`${layout}, k over several blocks`, () => check({ m: 20, n: 60, k: 1000, aTransposed, bTransposed }, 0));
        }
      }

      it("overwrites without reading when it does not accumulate", async () => {
        const out = bench.floats([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
        const a = bench.floats([1, 2, 3, 4]);
        backend.kernels.gemm({ m: 2, n: 2, k: 2, a, b: a, out });
        expectClose(await bench.read(out), [7, 10, 15, 22], near);
      });

      it("an empty sum is zero, and the epilogue still runs", async () => {
        const out = bench.empty(4);
        const nothing = bench.empty(0);
        backend.kernels.gemm({ m: 2, n: 2, k: 0, a: nothing, b: nothing, out, bias: bench.floats([5, 6]) });
        expectClose(await bench.read(out), [5, 6, 5, 6], near);
      });

      it("runs batches with strides, of which 0 repeats a factor", async () => {
        const a = pseudoRandom(3 * 2 * 4, 1);
        const b = pseudoRandom(4 * 5, 2);
        const out = bench.empty(3 * 11);
        backend.kernels.fill(out, 33, -1);
        backend.kernels.gemm({
          m: 2,
          n: 5,
          k: 4,
          a: bench.floats(a),
          b: bench.floats(b),
          out,
          batch: { count: 3, strideA: 8, strideB: 0, strideC: 11 },
        });
        const expected = new Float64Array(33).fill(-1);
        for (let t = 0; t < 3; t++) {
          for (let i = 0; i < 2; i++) {
            for (let j = 0; j < 5; j++) {
              expected[t * 11 + i * 5 + j] = [0, 1, 2, 3].reduce(
                (sum, p) => sum + a[t * 8 + i * 4 + p] * b[p * 5 + j],
                0,
              );
            }
          }
        }
        expectClose(await bench.read(out), expected, 8 * epsilon);
      });

      it("activation and derivative are those of the elementwise kernels", async () => {
        const x = pseudoRandom(60, 8).map((value) => 4 * value);
        const input = bench.floats(x);
        for (const activation of ["gelu", "gelu_tanh", "relu", "silu", "tanh"] as const) {
          const [y, dx, fused, derivative] = [0, 0, 0, 0].map(() => bench.empty(60));
          backend.kernels.unary(activation, input, y, 60);
          backend.kernels.unaryGradient(activation, input, y, bench.floats(x.map(() => 1)), dx, 60);
          const one = bench.floats([1]);
          backend.kernels.gemm({ m: 60, n: 1, k: 1, a: input, b: one, out: fused, activation, derivative });
          expectClose(await bench.read(fused), await bench.read(y), 4 * near);
          expectClose(await bench.read(derivative), await bench.read(dx), 4 * near);
          const [plain] = [bench.empty(60)];
          backend.kernels.gemm({ m: 60, n: 1, k: 1, a: input, b: one, out: plain, activation });
          expectClose(await bench.read(plain), await bench.read(y), 4 * near);
        }
        // the tanh form is within 5e-4 of the exact one everywhere
        const exact = bench.empty(60);
        backend.kernels.unary("gelu", input, exact, 60);
        expectClose(await bench.read(exact), x.map(activations.gelu), 5e-4);
      });
    });

    it("drawNormal draws the contract's numbers by counter", async () => {
      const wrap = (x: bigint): bigint => x & 0xffffffffn;
      const mix = (value: bigint): bigint => {
        let x = wrap(value);
        x = wrap((x ^ (x >> 16n)) * 0x85ebca6bn);
        x = wrap((x ^ (x >> 13n)) * 0xc2b2ae35n);
        return x ^ (x >> 16n);
      };
      const normal = { mean: -1, deviation: 0.02, key0: 0xdeadbeef, key1: 0x89abcdef };
      const uniform = (index: number): number => {
        const high = mix(BigInt(index) * 0x9e3779b1n + BigInt(normal.key0));
        const low = mix(high + BigInt(index) * 0x85ebca6bn + BigInt(normal.key1));
        return Number((high << 33n) + 2n * low + 1n) / 2 ** 65;
      };
      for (const count of [1, 2, 5001]) {
        const out = bench.empty(count);
        backend.kernels.drawNormal(out, count, normal);
        const expected = Array.from({ length: count }, (_, i) => {
          const even = i - (i % 2);
          const turn = 2 * Math.PI * uniform(even + 1);
          return -1 + 0.02 * Math.sqrt(-2 * Math.log(uniform(even))) * (i % 2 === 0 ? Math.cos(turn) : Math.sin(turn));
        });
        expectClose(await bench.read(out), expected, near);
      }
    });

    describe("dropout", () => {
      /** The contract's hash, in integers of any size. */
      function hash(index: number, key0: number, key1: number): bigint {
        const wrap = (x: bigint): bigint => x & 0xffffffffn;
        let x = wrap(BigInt(index) * 0x9e3779b1n + BigInt(key0));
        x ^= x >> 16n;
        x = wrap(x * 0x85ebca6bn);
        x ^= x >> 13n;
        x = wrap(x + BigInt(key1));
        x = wrap(x * 0xc2b2ae35n);
        return x ^ (x >> 16n);
      }

      const call = { probability: 0.3, key0: 0xdeadbeef, key1: 0x89abcdef };
      const kept = (index: number): boolean =>
        hash(index, call.key0, call.key1) >> 8n >= BigInt(Math.floor(call.probability * 2 ** 24));

      it("keeps the elements that the counter keeps, scaled", async () => {
        const count = 5000;
        const out = bench.empty(count);
        const x = pseudoRandom(count).map((value) => value + 2);
        backend.kernels.dropout(bench.floats(x), out, count, call);
        expectClose(
          await bench.read(out),
          x.map((value, i) => (kept(i) ? value / 0.7 : 0)),
          near,
        );
        const share = Array.from({ length: count }, (_, i) => i).filter(kept).length / count;
        expect(Math.abs(share - 0.7)).toBeLessThan(0.025); // 4 standard deviations
      });

      it("counts by row and column in layerNorm, forward and backward", async () => {
        const [rows, width] = [5, 33];
        const x = bench.floats(pseudoRandom(rows * width, 1));
        const residual = bench.floats(pseudoRandom(rows * width, 2));
        const gamma = bench.floats(pseudoRandom(width, 3));
        const [dropped, sum, plain, fused] = [0, 0, 0, 0].map(() => bench.empty(rows * width));
        backend.kernels.dropout(x, dropped, rows * width, call);
        backend.kernels.binary("add", dropped, [1], residual, [1], sum, [rows * width]);
        const [normalized, rstd] = [bench.empty(rows * width), bench.empty(rows)];
        const common = { rows, width, epsilon: 1e-5, gamma };
        backend.kernels.layerNorm({ ...common, x: sum, out: plain });
        backend.kernels.layerNorm({ ...common, x, residual, dropout: call, out: fused, normalized, rstd });
        expectClose(await bench.read(fused), await bench.read(plain), 16 * near);
        const dOut = bench.floats(pseudoRandom(rows * width, 4));
        const [dSum, dX, expected] = [0, 0, 0].map(() => bench.empty(rows * width));
        backend.kernels.layerNormGradient({ ...common, dOut, normalized, rstd, dropout: call, dSum, dX });
        backend.kernels.dropout(dSum, expected, rows * width, call);
        expectClose(await bench.read(dX), await bench.read(expected), near);
      });

      it("counts by probability in attention", async () => {
        // With value = identity, out is the dropped probability matrix.
        const [queries, keys] = [3, 4];
        const offsets = { queryOffsets: bench.ints([0, 2, 5]), keyOffsets: bench.ints([0, 4, 8]) };
        const identity = new Float64Array(8 * 4);
        for (let j = 0; j < 8; j++) identity[j * 4 + (j % 4)] = 1;
        const out = bench.empty(5 * 4);
        const probabilities = bench.empty(2 * 4 + queries * keys);
        const inputs = {
          sequences: 2,
          heads: 1,
          headDim: 4,
          scale: 1,
          query: bench.floats(new Float64Array(20)),
          queryStride: 4,
          key: bench.floats(new Float64Array(32)),
          keyStride: 4,
          value: bench.floats(identity),
          valueStride: 4,
          ...offsets,
          maxQuery: 3,
          maxKey: 4,
          dropout: call,
        };
        backend.kernels.attention(inputs, { probabilities, out, outStride: 4 });
        expectClose(
          await bench.read(out),
          Float64Array.from({ length: 20 }, (_, i) => (kept(i) ? 0.25 / 0.7 : 0)),
          near,
        );
        expectClose(await bench.read(probabilities), new Float64Array(20).fill(0.25), near);
      });
    });

    describe("layerNorm", () => {
      it("normalizes a row: mean 2, variance 2", async () => {
        // x - mean = -2, 0, 0, 2; variance (4 + 4) / 4 = 2
        const out = bench.empty(4);
        const [normalized, rstd] = [bench.empty(4), bench.empty(1)];
        const gamma = bench.floats([1, 1, 2, 3]);
        backend.kernels.layerNorm({
          rows: 1,
          width: 4,
          epsilon: 2,
          x: bench.floats([-1, 1, 1, 3]),
          residual: bench.floats([1, 1, 1, 1]),
          gamma,
          beta: bench.floats([10, 20, 30, 40]),
          out,
          normalized,
          rstd,
        });
        expectClose(await bench.read(out), [9, 20, 30, 43], near);
        expectClose(await bench.read(normalized), [-1, 0, 0, 1], near);
        expectClose(await bench.read(rstd), [0.5], near);
        // dy gamma = 1, 2, 4, 9: mean 4, mean of dy gamma n = (-1 + 9) / 4 = 2
        const [dSum, dGamma, dBeta] = [bench.empty(4), bench.empty(4), bench.empty(4)];
        const dOut = bench.floats([1, 2, 2, 3]);
        const call = { rows: 1, width: 4, dOut, normalized, rstd, gamma };
        backend.kernels.layerNormGradient({ ...call, dSum, dGamma, dBeta });
        expectClose(await bench.read(dSum), [-0.5, -1, 0, 1.5], near);
        expectClose(await bench.read(dGamma), [-1, 0, 0, 3], near);
        expectClose(await bench.read(dBeta), [1, 2, 2, 3], near);
        backend.kernels.layerNormGradient({ ...call, dSum: dOut, dGamma }); // in place
        expectClose(await bench.read(dOut), [-0.5, -1, 0, 1.5], near);
        expectClose(await bench.read(dGamma), [-1, 0, 0, 3], near);
      });

      it("sums the parameters' gradients over many rows", async () => {
        const [rows, width] = [203, 40];
        const unit = pseudoRandom(rows * width, 1);
        const dy = pseudoRandom(rows * width, 2);
        const [dSum, dGamma, dBeta] = [bench.empty(rows * width), bench.empty(width), bench.empty(width)];
        backend.kernels.layerNormGradient({
          rows,
          width,
          dOut: bench.floats(dy),
          normalized: bench.floats(unit),
          rstd: bench.floats(new Float64Array(rows).fill(1)),
          gamma: bench.floats(pseudoRandom(width, 3)),
          dSum,
          dGamma,
          dBeta,
        });
        const gammaSums = new Float64Array(width);
        const betaSums = new Float64Array(width);
        for (let i = 0; i < rows * width; i++) {
          gammaSums[i % width] += unit[i] * dy[i];
          betaSums[i % width] += dy[i];
        }
        expectClose(await bench.read(dGamma), gammaSums, 100 * epsilon);
        expectClose(await bench.read(dBeta), betaSums, 100 * epsilon);
      });
    });

    describe("attention", () => {
      interface Setup {
        readonly queries: readonly number[];
        readonly keys: readonly number[];
        readonly heads: number;
        readonly headDim: number;
        readonly biasHeads?: number;
        readonly causal?: boolean;
        readonly window?: number;
        readonly relativeBias?: boolean;
        readonly relative?: readonly ("key" | "query")[];
        /** Numbers of keys' rows that nobody sees. */
        readonly closed?: readonly number[];
      }

      const offsets = (lengths: readonly number[]): number[] =>
        [0, ...lengths].map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));

      /** out, probabilities and all gradients by the dense formulas, for sequence s and head h, with -Infinity as mask. */
      async function check(setup: Setup) {
        const { queries, keys, heads, headDim, biasHeads, causal, window = 0, relative = [], closed = [] } = setup;
        const width = heads * headDim;
        const stride = 3 * width + 5; // query, key and value are columns of one matrix
        const [queryOffsets, keyOffsets] = [offsets(queries), offsets(keys)];
        const [queryRows, keyRows] = [queryOffsets.at(-1) ?? 0, keyOffsets.at(-1) ?? 0];
        const [maxQuery, maxKey] = [Math.max(...queries), Math.max(...keys)];
        const scale = 0.7;
        const matrix = pseudoRandom(Math.max(queryRows, keyRows) * stride, 1);
        const dOut = pseudoRandom(queryRows * width, 2);
        const bias = pseudoRandom((biasHeads ?? 1) * maxQuery * maxKey, 3);
        const kept = (s: number): number => (window > 0 ? Math.min(keys[s], 2 * window + 1) : keys[s]);
        const count = queries.reduce((sum, q, s) => sum + q * kept(s) * heads, 0);
        const distances = maxQuery + maxKey - 1;
        const relativeBias = pseudoRandom(heads * distances, 4);
        const relativeStride = 2 * width + 3; // relative keys, then relative queries
        const rows = pseudoRandom(distances * relativeStride, 5);

        const expected = {
          out: new Float64Array(queryRows * width),
          probabilities: new Float64Array(count),
          dMatrix: new Float64Array(matrix.length).fill(-7),
          dBias: new Float64Array(bias.length),
          dRelativeBias: new Float64Array(relativeBias.length),
          dRows: new Float64Array(rows.length).fill(-7),
        };
        const q = (i: number, h: number, d: number): number => i * stride + h * headDim + d;
        const k = (j: number, h: number, d: number): number => q(j, h, d) + width;
        const v = (j: number, h: number, d: number): number => q(j, h, d) + 2 * width;
        for (let h = 0; h < heads; h++) {
          for (let d = 0; d < headDim; d++) {
            for (let i = 0; i < queryRows; i++) expected.dMatrix[q(i, h, d)] = 0;
            for (let j = 0; j < keyRows; j++) expected.dMatrix[k(j, h, d)] = expected.dMatrix[v(j, h, d)] = 0;
          }
        }
        for (const column of relative.map((term) => (term === "key" ? 0 : width))) {
          for (let r = 0; r < distances; r++) {
            expected.dRows.fill(0, r * relativeStride + column, r * relativeStride + column + width);
          }
        }
        let place = 0;
        for (let s = 0; s < queries.length; s++) {
          for (let h = 0; h < heads; h++) {
            for (let i = 0; i < queries[s]; i++) {
              const distance = (j: number): number => j - i + maxQuery - 1;
              const rk = (j: number, d: number): number => distance(j) * relativeStride + h * headDim + d;
              const rq = (j: number, d: number): number => rk(j, d) + width;
              const row = queryOffsets[s] + i;
              const biasAt = (j: number): number => ((biasHeads === heads ? h : 0) * maxQuery + i) * maxKey + j;
              const scores = Array.from({ length: keys[s] }, (_, j) => {
                if ((causal && j > i) || (window > 0 && Math.abs(i - j) > window)) return Number.NEGATIVE_INFINITY;
                let dot = 0;
                if (closed.includes(keyOffsets[s] + j)) return Number.NEGATIVE_INFINITY;
                for (let d = 0; d < headDim; d++) {
                  const [x, y] = [matrix[q(row, h, d)], matrix[k(keyOffsets[s] + j, h, d)]];
                  dot += x * y;
                  if (relative.includes("key")) dot += x * rows[rk(j, d)];
                  if (relative.includes("query")) dot += y * rows[rq(j, d)];
                }
                const added = setup.relativeBias ? relativeBias[h * distances + distance(j)] : 0;
                return scale * dot + (biasHeads ? bias[biasAt(j)] : 0) + added;
              });
              const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
              const p = scores.map((score) => (total > 0 ? Math.exp(score) / total : 0));
              const dP = p.map((_, j) => {
                let dot = 0;
                for (let d = 0; d < headDim; d++) {
                  dot += dOut[row * width + h * headDim + d] * matrix[v(keyOffsets[s] + j, h, d)];
                }
                return dot;
              });
              const mean = p.reduce((sum, value, j) => sum + value * dP[j], 0);
              const first = window > 0 ? Math.max(0, Math.min(i - window, keys[s] - kept(s))) : 0;
              for (let c = 0; c < kept(s); c++) expected.probabilities[place++] = p[first + c];
              for (let j = 0; j < keys[s]; j++) {
                const dScore = p[j] * (dP[j] - mean);
                expected.dBias[biasAt(j)] += dScore;
                expected.dRelativeBias[h * distances + distance(j)] += dScore;
                const key = keyOffsets[s] + j;
                for (let d = 0; d < headDim; d++) {
                  if (relative.includes("key")) {
                    expected.dMatrix[q(row, h, d)] += scale * dScore * rows[rk(j, d)];
                    expected.dRows[rk(j, d)] += scale * dScore * matrix[q(row, h, d)];
                  }
                  if (relative.includes("query")) {
                    expected.dMatrix[k(key, h, d)] += scale * dScore * rows[rq(j, d)];
                    expected.dRows[rq(j, d)] += scale * dScore * matrix[k(key, h, d)];
                  }
                  expected.out[row * width + h * headDim + d] += p[j] * matrix[v(key, h, d)];
                  expected.dMatrix[v(key, h, d)] += p[j] * dOut[row * width + h * headDim + d];
                  expected.dMatrix[q(row, h, d)] += scale * dScore * matrix[k(key, h, d)];
                  expected.dMatrix[k(key, h, d)] += scale * dScore * matrix[q(row, h, d)];
                }
              }
            }
          }
        }

        const memory = bench.floats(matrix);
        const out = bench.empty(queryRows * width);
        const probabilities = bench.empty(count);
        const dMatrix = bench.empty(matrix.length);
        backend.kernels.fill(dMatrix, matrix.length, -7);
        const dBias = biasHeads ? bench.empty(bias.length) : undefined;
        const dRelativeBias = setup.relativeBias ? bench.empty(relativeBias.length) : undefined;
        const rowMemory = bench.floats(rows);
        const dRows = bench.empty(rows.length);
        backend.kernels.fill(dRows, rows.length, -7);
        const part = (term: "key" | "query", memory: Memory) =>
          relative.includes(term) ? at(memory, term === "key" ? 0 : width) : undefined;
        const open = Int32Array.from({ length: keyRows }, (_, row) => (closed.includes(row) ? 0 : 1));
        const call = {
          sequences: queries.length,
          heads,
          headDim,
          scale,
          query: memory,
          queryStride: stride,
          key: at(memory, width),
          keyStride: stride,
          value: at(memory, 2 * width),
          valueStride: stride,
          queryOffsets: bench.ints(queryOffsets),
          keyOffsets: bench.ints(keyOffsets),
          maxQuery,
          maxKey,
          bias: biasHeads ? bench.floats(bias) : undefined,
          biasHeads,
          relativeBias: setup.relativeBias ? bench.floats(relativeBias) : undefined,
          relativeKey: part("key", rowMemory),
          relativeQuery: part("query", rowMemory),
          relativeStride,
          keyMask: setup.closed && bench.ints(open),
          causal,
          window,
        };
        const tolerance = 32 * epsilon;
        const alone = bench.empty(queryRows * width);
        backend.kernels.attention(call, { out: alone, outStride: width });
        expectClose(await bench.read(alone), expected.out, tolerance);
        backend.kernels.attention(call, { probabilities, out, outStride: width });
        expectClose(await bench.read(out), expected.out, tolerance);
        expectClose(await bench.read(probabilities), expected.probabilities, tolerance);
        backend.kernels.attentionGradient(call, {
          probabilities,
          dOut: bench.floats(dOut),
          dOutStride: width,
          dQuery: dMatrix,
          dQueryStride: stride,
          dKey: at(dMatrix, width),
          dKeyStride: stride,
          dValue: at(dMatrix, 2 * width),
          dValueStride: stride,
          dBias,
          dRelativeBias,
          dRelativeKey: part("key", dRows),
          dRelativeQuery: part("query", dRows),
          dRelativeStride: relativeStride,
        });
        expectClose(await bench.read(dMatrix), expected.dMatrix, tolerance);
        if (dBias) expectClose(await bench.read(dBias), expected.dBias, tolerance);
        if (dRelativeBias) expectClose(await bench.read(dRelativeBias), expected.dRelativeBias, tolerance);
        expectClose(await bench.read(dRows), expected.dRows, tolerance);
      }

      it("sequences of different lengths", () =>
        check({ queries: [5, 1, 17, 2], keys: [5, 1, 17, 2], heads: 3, headDim: 8 }));
      it("a head dimension that fits no vector, and one long sequence", () =>
        check({ queries: [70], keys: [70], heads: 1, headDim: 5 }));
      it("fewer queries than keys", () => check({ queries: [1, 1, 1], keys: [6, 3, 9], heads: 2, headDim: 32 }));
      it("an empty sequence", () => check({ queries: [3, 0, 2], keys: [3, 0, 4], heads: 2, headDim: 4 }));
      it("causal", () => check({ queries: [6, 4], keys: [6, 4], heads: 2, headDim: 8, causal: true }));
      it("a window", () => check({ queries: [9, 4], keys: [9, 4], heads: 1, headDim: 8, window: 2 }));
      it("a causal window", () =>
        check({ queries: [9, 4], keys: [9, 4], heads: 2, headDim: 16, window: 3, causal: true }));
      it("a bias for all heads", () => check({ queries: [4, 6], keys: [5, 3], heads: 3, headDim: 4, biasHeads: 1 }));
      it("a bias per head", () =>
        check({ queries: [4, 6], keys: [4, 6], heads: 3, headDim: 4, biasHeads: 3, causal: true }));
      it("a bias by distance", () =>
        check({ queries: [4, 1, 9, 3, 7, 2], keys: [4, 1, 9, 3, 7, 2], heads: 3, headDim: 4, relativeBias: true }));
      it("relative keys and queries", () =>
        check({
          queries: [4, 1, 19, 3, 7],
          keys: [4, 1, 19, 3, 7],
          heads: 2,
          headDim: 16,
          relative: ["key", "query"],
        }));
      it("relative keys alone, a head dimension that fits no vector", () =>
        check({ queries: [70], keys: [70], heads: 1, headDim: 5, relative: ["key"] }));
      it("relative queries alone, fewer queries than keys", () =>
        check({ queries: [1, 1], keys: [6, 30], heads: 2, headDim: 8, relative: ["query"], relativeBias: true }));
      it("relative terms in a causal window", () =>
        check({
          ...{ queries: [9, 40], keys: [9, 40], heads: 2, headDim: 8, window: 7, causal: true },
          ...{ relative: ["key", "query"], relativeBias: true, biasHeads: 1 },
        }));
      it("relative terms of an empty sequence", () =>
        check({ queries: [3, 0, 2], keys: [3, 0, 4], heads: 2, headDim: 4, relative: ["key", "query"] }));
      it("keys that nobody sees; where no key is left, zeros", () =>
        check({ queries: [5, 2, 20], keys: [5, 2, 20], heads: 2, headDim: 8, closed: [3, 4, 5, 6, 26] }));
      it("queries whose window holds no key get zeros", () =>
        check({ queries: [8], keys: [3], heads: 1, headDim: 4, window: 1 }));
    });

    describe("rotary", () => {
      it("turns pairs of columns by the angle of the row's position and keeps the others", async () => {
        // angles: position 0 none; position 1 a quarter turn, and 3-4-5's
        const table = bench.floats([1, 1, 0, 0, 0, 0.6, 1, 0.8]);
        const x = bench.floats([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        const out = bench.empty(20);
        const call = { rows: 2, width: 10, heads: 2, headDim: 4, positions: bench.ints([1, 0]), table, tableRows: 2 };
        backend.kernels.rotary({ ...call, x, out });
        // a cos - b sin, b cos + a sin
        const turned = [-3, 1.2 - 3.2, 1, 2.4 + 1.6, -7, 3.6 - 6.4, 5, 4.8 + 4.8, 9, 10];
        expectClose(await bench.read(out), [...turned, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], near);
        backend.kernels.rotary({ ...call, x: out, out, inverse: true }); // in place
        expectClose(await bench.read(out), await bench.read(x), near);
      });

      it.each([2, -1])("says that position %i is outside of the table", async (wrong) => {
        const x = bench.floats([1, 2, 3, 4]);
        const call = { rows: 2, width: 2, heads: 1, headDim: 2, table: x, tableRows: 2 };
        backend.kernels.rotary({ ...call, x, out: x, positions: bench.ints([0, wrong]) });
        await expect(backend.fence().wait()).rejects.toThrow(new RegExp(`rotary.*position ${wrong} at row 1`, "s"));
      });
    });

    describe("gated units", () => {
      it("multiply the activated half with the other, forward and backward", async () => {
        const x = bench.floats([1, -2, 3, 5, 2, 1, -1, 4]); // [2, 2 * 2]
        const out = bench.empty(4);
        backend.kernels.gatedActivation("relu", x, out, 2, 2);
        expectClose(await bench.read(out), [3, 0, -2, 4], near);
        const dx = bench.empty(8);
        backend.kernels.gatedActivationGradient("relu", x, bench.floats([1, 2, 3, 4]), dx, 2, 2);
        expectClose(await bench.read(dx), [3, 0, 1, 0, -3, 16, 6, 4], near);
      });
    });

    describe("gather and scatter", () => {
      it("rows of a table, there and back", async () => {
        const out = bench.empty(6);
        backend.kernels.gatherRows(bench.floats([1, 2, 3, 4, 5, 6]), 3, bench.ints([2, 0, 2]), out, 3, 2);
        expect(Array.from(await bench.read(out))).toEqual([5, 6, 1, 2, 5, 6]);
        const table = bench.floats([0, 0, 100, 0, 0, 0]);
        backend.kernels.scatterAddRows(out, bench.ints([1, 1, 2]), table, 3, 3, 2);
        expect(Array.from(await bench.read(table))).toEqual([0, 0, 106, 8, 5, 6]);
      });

      it("sums of segments, an empty one included", async () => {
        const x = bench.floats([1, 10, 2, 20, 3, 30, 4, 40]);
        const out = bench.empty(6);
        backend.kernels.sumRowSegments(x, bench.ints([3, 0, 2]), bench.ints([0, 2, 2, 3]), out, 3, 2);
        expect(Array.from(await bench.read(out))).toEqual([5, 50, 0, 0, 3, 30]);
      });

      it("elements along an axis, of any dtype", async () => {
        const index = bench.ints([2, 0, 1, 1, 0, 2, 0, 0]); // [2, 2, 2] into [2, 3, 2]
        for (const dtype of ["float32", "int32", "bfloat16", "float16"] as const) {
          const x = bench.empty(12, dtype);
          backend.write(
            x,
            Float32Array.from({ length: 12 }, (_, i) => i),
          );
          const out = bench.empty(8, dtype);
          backend.kernels.gather(x, index, out, 2, 3, 2, 2);
          expect(Array.from(await bench.read(out))).toEqual([4, 1, 2, 3, 6, 11, 6, 7]);
        }
        const sums = bench.floats(new Float64Array(12));
        backend.kernels.scatterAdd(bench.floats([1, 2, 3, 4, 5, 6, 7, 8]), index, sums, 2, 3, 2, 2);
        expect(Array.from(await bench.read(sums))).toEqual([0, 2, 3, 4, 1, 0, 12, 8, 0, 0, 0, 6]);
      });

      it.each([
        ["gatherRows", (x: Memory, ids: Memory, out: Memory) => backend.kernels.gatherRows(x, 3, ids, out, 2, 1)],
        [
          "scatterAddRows",
          (x: Memory, ids: Memory, out: Memory) => backend.kernels.scatterAddRows(x, ids, out, 3, 2, 1),
        ],
        ["gather", (x: Memory, ids: Memory, out: Memory) => backend.kernels.gather(x, ids, out, 1, 3, 2, 1)],
        ["scatterAdd", (x: Memory, ids: Memory, out: Memory) => backend.kernels.scatterAdd(x, ids, out, 1, 3, 2, 1)],
      ])("%s says which index is outside", async (kernel, call) => {
        for (const wrong of [3, -1]) {
          call(bench.floats([1, 2, 3]), bench.ints([0, wrong]), bench.floats([0, 0, 0]));
          await expect(backend.fence().wait()).rejects.toThrow(new RegExp(`${kernel}.*${wrong}`, "s"));
        }
      });
    });

    describe("crossEntropy", () => {
      // Rows of probabilities 1/8, 2/8, 5/8 and 1/4, 1/4, 1/2.
      const logits = [0, Math.log(2), Math.log(5), 3, 3, 3 + Math.log(2)];
      const all = [Math.log(8), Math.log(4), Math.log(8 / 5), Math.log(4), Math.log(4), Math.log(2)]; // -log p

      async function run(labels: number[], options: { smoothing?: number; weight?: number[]; rows?: number } = {}) {
        const rows = labels.length;
        const common = {
          rows,
          classes: 3,
          logits: bench.floats(logits.slice(0, rows * 3)),
          labels: bench.ints(labels),
          ignoreIndex: -100,
          labelSmoothing: options.smoothing ?? 0,
          weight: options.weight && bench.floats(options.weight),
          logSumExp: bench.empty(rows),
          normalizer: bench.empty(1),
        };
        const [loss, dLogits] = [bench.empty(1), bench.empty(rows * 3)];
        backend.kernels.crossEntropy({ ...common, loss });
        backend.kernels.crossEntropyGradient({ ...common, dLoss: bench.floats([8]), dLogits });
        return {
          loss: await bench.read(loss),
          normalizer: await bench.read(common.normalizer),
          dLogits: await bench.read(dLogits),
        };
      }

      it("is the mean of -log p", async () => {
        const { loss, normalizer, dLogits } = await run([2, 0]);
        expectClose(loss, [(all[2] + all[3]) / 2], 8 * near);
        expectClose(normalizer, [2], 0);
        expectClose(dLogits, [0.5, 1, -1.5, -3, 1, 2], 16 * near);
      });

      it("leaves out ignored rows, whose gradient is zero", async () => {
        const { loss, normalizer, dLogits } = await run([2, -100]);
        expectClose(loss, [all[2]], 8 * near);
        expectClose(normalizer, [1], 0);
        expectClose(dLogits, [1, 2, -3, 0, 0, 0], 16 * near);
      });

      it("weighs classes", async () => {
        const { loss, normalizer, dLogits } = await run([2, 0], { weight: [3, 7, 1] });
        expectClose(loss, [(all[2] + 3 * all[3]) / 4], 8 * near);
        expectClose(normalizer, [4], 0);
        expectClose(dLogits, [0.25, 0.5, -0.75, -4.5, 1.5, 3], 16 * near);
      });

      it("smooths labels", async () => {
        const { loss, dLogits } = await run([2, 0], { smoothing: 0.3 });
        const sum = (from: number): number => all[from] + all[from + 1] + all[from + 2];
        expectClose(loss, [(0.7 * (all[2] + all[3]) + 0.1 * (sum(0) + sum(3))) / 2], 8 * near);
        // 4 * (p - 0.1 - 0.7 [c = y])
        expectClose(dLogits, [0.1, 0.6, -0.7, -2.2, 0.6, 1.6], 16 * near);
      });

      it("smooths labels of weighted classes", async () => {
        const weight = [3, 7, 1];
        const { loss, dLogits } = await run([2, 0], { smoothing: 0.3, weight });
        const sum = (from: number): number => weight.reduce((total, w, c) => total + w * all[from + c], 0);
        expectClose(loss, [(0.7 * (all[2] + 3 * all[3]) + 0.1 * (sum(0) + sum(3))) / 4], 8 * near);
        // row 0: 2 * (p * (0.7 + 1.1) - a), a = 0.3, 0.7, 0.1 + 0.7; row 1: 2 * (p * (2.1 + 1.1) - a), a = 0.3 + 2.1, 0.7, 0.1
        expectClose(dLogits, [-0.15, -0.5, 0.65, -3.2, 0.2, 3], 16 * near);
      });

      it("is NaN where every row is ignored", async () => {
        const { loss } = await run([-100, -100]);
        expect(loss[0]).toBeNaN();
      });

      it.each([3, -1])("refuses label %d", async (label) => {
        await expect(run([0, label])).rejects.toThrow(new RegExp(`crossEntropy.*${label}`, "s"));
        await backend
          .fence()
          .wait()
          .catch(() => {});
      });

      it("takes -Infinity as a logit that nobody labels", async () => {
        const loss = bench.empty(1);
        backend.kernels.crossEntropy({
          rows: 1,
          classes: 3,
          logits: bench.floats([0, 0, Number.NEGATIVE_INFINITY]),
          labels: bench.ints([0]),
          ignoreIndex: -100,
          labelSmoothing: 0,
          logSumExp: bench.empty(1),
          normalizer: bench.empty(1),
          loss,
        });
        expectClose(await bench.read(loss), [Math.LN2], near);
      });
    });

    describe("optimizer", () => {
      it("norm, clipFactor and scale over several runs", async () => {
        const memory = bench.floats([3, 100, 0, 4, 12]);
        const runs = [
          { view: memory, length: 1 },
          { view: at(memory, 2), length: 3 },
        ];
        const [norm, factor] = [bench.empty(1), bench.empty(1)];
        backend.kernels.norm(runs, norm);
        expectClose(await bench.read(norm), [13], near);
        backend.kernels.clipFactor(norm, 6.5, factor);
        expectClose(await bench.read(factor), [6.5 / (13 + 1e-6)], near);
        backend.kernels.scale(runs, factor);
        expectClose(await bench.read(memory), [1.5, 100, 0, 2, 6], 1e-6);
        backend.kernels.clipFactor(norm, 20, factor);
        expectClose(await bench.read(factor), [1], 0);
      });

      it("a touched row moves as a dense one; the others move as with gradient zero, where they have moments", async () => {
        const [rows, width] = [5, 3];
        const length = rows * width;
        const index = [1, 3];
        const values = pseudoRandom(index.length * width, 4);
        const dense = new Float64Array(length);
        index.forEach((row, i) => {
          dense.set(values.subarray(i * width, (i + 1) * width), row * width);
        });
        const moving = bench.ints([1, 0, 0, 1, 1]);
        const moment = (seed: number) => pseudoRandom(length, seed).fill(0, width, 3 * width);
        const fresh = () => ({
          parameter: bench.floats(pseudoRandom(length, 1)),
          firstMoment: bench.floats(moment(2)),
          secondMoment: bench.floats(moment(3).map(Math.abs)),
          length,
          learningRate: 0.01,
          beta1: 0.9,
          beta2: 0.99,
          epsilon: 1e-8,
          weightDecay: 0.1,
          biasCorrection1: 0.19,
          biasCorrection2: 0.0199,
        });
        const [a, b] = [fresh(), fresh()];
        const gradientScale = bench.floats([0.5]);
        backend.kernels.adamw(
          [
            { ...a, gradient: bench.floats(dense) },
            { ...b, gradient: bench.floats(values), touched: { index: bench.ints(index), rows: 2, width, moving } },
          ],
          gradientScale,
        );
        for (const part of ["parameter", "firstMoment", "secondMoment"] as const) {
          expectClose(await bench.read(b[part]), await bench.read(a[part]), 0);
        }
        expect([...(await bench.read(moving))]).toEqual([1, 1, 0, 1, 1]);
        // one element by the formula
        const [p, m, v] = [pseudoRandom(length, 1)[4], 0, 0];
        const g = 0.5 * dense[4];
        const m1 = 0.9 * m + 0.1 * g;
        const v1 = 0.99 * Math.abs(v) + 0.01 * g * g;
        const moved = p * (1 - 0.01 * 0.1) - ((0.01 / 0.19) * m1) / (Math.sqrt(v1 / 0.0199) + 1e-8);
        expectClose([(await bench.read(a.parameter))[4]], [moved], near);
      });

      it("checkFinite lets finite numbers pass and names what is not", async () => {
        backend.kernels.checkFinite(bench.floats(pseudoRandom(1000)), 1000, "x");
        await backend.fence().wait();
        for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const values = pseudoRandom(1000);
          values[617] = wrong;
          backend.kernels.checkFinite(bench.floats(values), 1000, "the gradient of w");
          await expect(backend.fence().wait()).rejects.toThrow(/the gradient of w.*617/s);
        }
      });

      describeShared("AdamW as PyTorch's", () => {
        interface Trajectory {
          readonly initial: number[][];
          readonly gradients: number[][][];
          readonly parameters: number[][][];
        }
        const fixtures = sharedJsonOrNothing<Record<string, Trajectory>>("fixtures/adamw.json");
        it.each(["0.0", "0.01"])("20 steps with weight decay %s", async (decay) => {
          const { initial, gradients, parameters } = fixtures[decay];
          const length = initial.flat().length;
          const parameter = bench.floats(initial.flat());
          const firstMoment = bench.floats(new Float64Array(length));
          const secondMoment = bench.floats(new Float64Array(length));
          for (const [i, gradient] of gradients.entries()) {
            backend.kernels.adamw([
              {
                parameter,
                gradient: bench.floats(gradient.flat()),
                firstMoment,
                secondMoment,
                length,
                learningRate: 1e-3,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weightDecay: Number(decay),
                biasCorrection1: 1 - 0.9 ** (i + 1),
                biasCorrection2: 1 - 0.999 ** (i + 1),
              },
            ]);
            // PyTorch's float32 parameters carry a rounding of 6e-8 per step, and one of the factor 1 - 1e-5 to float32.
            expectClose(await bench.read(parameter), parameters[i].flat(), (i + 2) * 1e-7);
          }
        });
      });
    });
  });
}

/** Read when the tests are declared; where ../shared is absent they are skipped, and nothing is read. */
function sharedJsonOrNothing<T>(path: string): T {
  try {
    return sharedJson<T>(path);
  } catch {
    return {} as T;
  }
}
