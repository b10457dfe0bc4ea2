// Matrix products: every way of gemm.cpp and of gemm_pairs.cpp, every layout and part of the epilogue, around the edges of
// the tiles. Products of bfloat16 are held against exact sums of the rounded factors.
#include <tuple>

#include "harness.h"

namespace attune::test {

struct Case {
  long m, n, k;
  bool aTransposed = false, bTransposed = false, accumulate = false, bias = false, derivative = false, multiply = false,
       rowSums = false;
  int activation = 0;
  long padding = 0, count = 1;
};

/** To the nearest bfloat16, ties to even, by arithmetic: 8 bits of mantissa are left. */
static float bfloat16Of(float x) {
  int exponent;
  const float mantissa = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8);
}
static Floats bfloat16Of(Floats x) {
  for (float& value : x) value = bfloat16Of(value);
  return x;
}

static void product(Run& run, Opcode opcode, const Case& c) {
  const long lda = (c.aTransposed ? c.m : c.k) + c.padding, ldb = (c.bTransposed ? c.k : c.n) + c.padding;
  const long ldc = c.n + c.padding;
  const long sizeA = (c.aTransposed ? c.k : c.m) * lda, sizeB = (c.bTransposed ? c.n : c.k) * ldb, sizeC = c.m * ldc;
  const Floats a = numbers(sizeA * c.count, 1), b = numbers(sizeB * c.count, 2), bias = numbers(c.n, 3);
  const bool rounds = opcode == gemmBfloat16Opcode;
  const Floats usedA = rounds ? bfloat16Of(a) : a, usedB = rounds ? bfloat16Of(b) : b;
  Floats multiply = numbers(sizeC * c.count, 4), out = numbers(sizeC * c.count, 5), derivative(sizeC * c.count), sums(c.m);
  const Floats before = out;
  run.call(opcode,
           {c.m, c.n, c.k, a, c.aTransposed, lda, b, c.bTransposed, ldb, out, ldc, c.accumulate, c.count, sizeA, sizeB,
            sizeC, c.bias ? Arguments(bias) : 0, c.activation, c.derivative ? Arguments(derivative) : 0,
            c.multiply ? Arguments(multiply) : 0, c.rowSums ? Arguments(sums) : 0});
  Doubles expected(before.begin(), before.end()), slopes(sizeC * c.count), totals(c.m);
  for (long item = 0; item < c.count; item++) {
    const float *pa = usedA.data() + item * sizeA, *pb = usedB.data() + item * sizeB;
    for (long i = 0; i < c.m; i++) {
      for (long j = 0; j < c.n; j++) {
        const long at = item * sizeC + i * ldc + j;
        double x = c.accumulate ? before[at] : 0;
        for (long p = 0; p < c.k; p++)
          x += double(pa[c.aTransposed ? p * lda + i : i * lda + p]) * pb[c.bTransposed ? j * ldb + p : p * ldb + j];
        if (c.bias) x += bias[j];
        if (c.derivative) slopes[at] = slopeOf([&](double v) { return activationOf(c.activation, v); }, x);
        x = activationOf(c.activation, x);
        expected[at] = c.multiply ? x * multiply[at] : x;
      }
      for (long p = 0; item == 0 && p < c.k; p++) totals[i] += a[c.aTransposed ? p * lda + i : i * lda + p];
    }
  }
  char what[128];
  snprintf(what, sizeof what, "gemm%s %ld %ld %ld a%d b%d +%d bias%d act%d pad%ld x%ld", rounds ? "Bfloat16" : "", c.m, c.n, c.k, c.aTransposed,
           c.bTransposed, c.accumulate, c.bias, c.activation, c.padding, c.count);
  run.expect(what, out, expected, 4 * rounding(double(c.k)));
  if (c.derivative && c.activation != 3) run.expect(what, derivative, slopes, 2e-5 + 4 * rounding(double(c.k)));
  if (c.rowSums) run.expect(what, sums, totals, rounding(double(c.k)));
}

static void products(Run& run, Opcode opcode) {
  const auto product = [&](Run& run, const Case& c) { test::product(run, opcode, c); };
  const long shapes[][3] = {{1, 1, 1},    {1, 2, 384},  {8, 2, 384},   {8, 96, 200}, {9, 100, 50}, {16, 30, 500},
                            {17, 17, 17}, {67, 48, 31}, {100, 3, 90},  {130, 4, 33}, {40, 97, 385}, {33, 50, 800},
                            {40, 145, 9}, {90, 60, 1},  {5, 7, 0}};
  for (const auto& [m, n, k] : shapes)
    for (bool a : {false, true})
      for (bool b : {false, true}) product(run, {.m = m, .n = n, .k = k, .aTransposed = a, .bTransposed = b});
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      product(run, {.m = 33, .n = 70, .k = 60, .aTransposed = a, .bTransposed = b, .accumulate = true, .padding = 3});
      product(run, {.m = 7, .n = 21, .k = 300, .aTransposed = a, .bTransposed = b, .accumulate = true, .bias = true,
                    .padding = 5});
      product(run, {.m = 50, .n = 33, .k = 40, .aTransposed = a, .bTransposed = b, .rowSums = true});
      product(run, {.m = 20, .n = 12, .k = 24, .aTransposed = a, .bTransposed = b, .count = 5});
    }
  }
  for (int activation = 1; activation <= 5; activation++) {
    for (long m : {5L, 60L}) {
      product(run, {.m = m, .n = 35, .k = 40, .bTransposed = true, .bias = true, .derivative = true, .activation = activation});
    }
  }
  product(run, {.m = 60, .n = 35, .k = 40, .multiply = true});
}

static void floatProducts(Run& run) {
  products(run, gemmOpcode);
  // More than a pass of packing takes: steps of k, rows, columns.
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      product(run, gemmOpcode, {.m = 40, .n = 70, .k = 1100, .aTransposed = a, .bTransposed = b, .bias = true, .rowSums = true});
      product(run, gemmOpcode, {.m = 300, .n = 37, .k = 50, .aTransposed = a, .bTransposed = b, .accumulate = true});
      product(run, gemmOpcode, {.m = 37, .n = 600, .k = 520, .aTransposed = a, .bTransposed = b, .padding = 3});
      product(run, gemmOpcode, {.m = 40, .n = 34, .k = 45, .aTransposed = a, .bTransposed = b, .multiply = true, .count = 3});
    }
  }
}

/**
 * A set may make its products of float32 of parts. They are then as near to the exact sums as a loop that rounds each sum,
 * and no magnitude is lost: with elements of very different magnitudes, too, an error is small beside the magnitudes that
 * were added.
 */
static void accuracy(Run& run) {
  const long m = 64, n = 48, k = 768;
  for (const auto& [name, spread, scale] : {std::tuple{"alike", 0.0, 1.0}, {"spread over 2^24", 12.0, 1.0},
                                            {"small", 2.0, 1e-16}, {"large", 2.0, 1e16}}) {
    Floats a = numbers(m * k, 1), b = numbers(n * k, 2), out(m * n);
    const Floats exponents = numbers(m * k, 3);
    for (long i = 0; i < m * k; i++) a[i] *= float(scale * std::exp2(spread * exponents[i]));
    for (float& x : b) x *= float(scale);
    run.call(gemmOpcode, {m, n, k, a, false, k, b, true, k, out, n, false, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    double worst = 0, worstOfLoop = 0;
    for (long i = 0; i < m; i++) {
      for (long j = 0; j < n; j++) {
        double exact = 0, magnitudes = 0;
        float loop = 0;
        for (long p = 0; p < k; p++) {
          const double x = double(a[i * k + p]) * b[j * k + p];
          exact += x;
          magnitudes += std::abs(x);
          loop = std::fma(a[i * k + p], b[j * k + p], loop);
        }
        const double error = std::abs(out[i * n + j] - exact) / magnitudes;
        worst = error <= worst ? worst : error;
        worstOfLoop = std::max(worstOfLoop, std::abs(loop - exact) / magnitudes);
      }
    }
    // Both errors are sums of roundings, of which another order has others: not exactly the loop's, but no multiple of it.
    run.check(worst <= 1.5 * worstOfLoop, "gemm, %s: error %g beside the magnitudes, %g of a loop", name, worst, worstOfLoop);
  }
}

/** Infinities and the largest of numbers have the products that they have elsewhere. */
static void extremes(Run& run) {
  const long m = 70, n = 80, k = 64;
  for (float extreme : {INFINITY, 3.4028235e38f, 3.392e38f, -3.4e38f}) {
    for (bool inB : {false, true}) {
      Floats a = numbers(m * k, 1), b = numbers(n * k, 2), out(m * n);
      Floats& changed = inB ? b : a;
      changed[66 * k + 5] = extreme;
      run.call(gemmOpcode, {m, n, k, a, false, k, b, true, k, out, n, false, 1, 0, 0, 0, 0, 0, 0, 0, 0});
      long wrong = 0;
      for (long i = 0; i < m; i++) {
        for (long j = 0; j < n; j++) {
          double exact = 0, magnitudes = 0;
          for (long p = 0; p < k; p++) exact += double(a[i * k + p]) * b[j * k + p], magnitudes += std::abs(double(a[i * k + p]) * b[j * k + p]);
          const float x = out[i * n + j];
          const bool infinite = std::isinf(float(exact));
          wrong += infinite ? x != float(exact) : !(std::abs(x - exact) <= rounding(double(k)) * magnitudes);
        }
      }
      run.check(wrong == 0, "gemm with %g in %s: %ld elements are wrong", double(extreme), inB ? "B" : "A", wrong);
    }
  }
}

static void bfloat16Products(Run& run) {
  products(run, gemmBfloat16Opcode);
  // More than a pass of packing takes, each way: steps of k, rows, columns.
  for (bool a : {false, true}) {
    for (bool b : {false, true}) {
      product(run, gemmBfloat16Opcode, {.m = 40, .n = 20, .k = 1100, .aTransposed = a, .bTransposed = b, .bias = true,
                                        .rowSums = true});
    }
  }
  product(run, gemmBfloat16Opcode, {.m = 4130, .n = 5, .k = 3, .aTransposed = true, .rowSums = true});
  product(run, gemmBfloat16Opcode, {.m = 3, .n = 4130, .k = 5, .accumulate = true});
}

/** What is not finite reaches the elements that it belongs to, and those only. */
static void poison(Run& run, Opcode opcode) {
  const long m = 40, n = 50, k = 60;
  for (float bad : {NAN, INFINITY}) {
    Floats a = numbers(m * k, 1), out(m * n);
    const Floats b = numbers(n * k, 2);
    a[7 * k + 3] = bad;
    run.call(opcode, {m, n, k, a, false, k, b, true, k, out, n, false, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    long wrong = 0;
    for (long i = 0; i < m; i++)
      for (long j = 0; j < n; j++) wrong += i != 7 ? !std::isfinite(out[i * n + j]) : std::isnan(bad) ? !std::isnan(out[i * n + j]) : !std::isinf(out[i * n + j]);
    run.check(wrong == 0, "product with %f in row 7 of A: %ld elements are wrong", double(bad), wrong);
  }
}
static void poisonFloats(Run& run) { poison(run, gemmOpcode); }
static void poisonBfloat16(Run& run) { poison(run, gemmBfloat16Opcode); }

const std::vector<Test> productTests = {{"gemm", {gemmOpcode}, floatProducts},
                                        {"gemm of NaN", {gemmOpcode}, poisonFloats},
                                        {"gemm's accuracy", {gemmOpcode}, accuracy},
                                        {"gemm of extremes", {gemmOpcode}, extremes},
                                        {"gemmBfloat16", {gemmBfloat16Opcode}, bfloat16Products},
                                        {"gemmBfloat16 of NaN", {gemmBfloat16Opcode}, poisonBfloat16}};

}  // namespace attune::test
