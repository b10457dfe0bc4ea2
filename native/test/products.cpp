// Matrix products: every way of gemm.cpp, every layout and part of the epilogue, around the edges of the tiles.
#include "harness.h"

namespace attune::test {

struct Case {
  long m, n, k;
  bool aTransposed = false, bTransposed = false, accumulate = false, bias = false, derivative = false, multiply = false,
       rowSums = false;
  int activation = 0;
  long padding = 0, count = 1;
};

static void product(Run& run, const Case& c) {
  const long lda = (c.aTransposed ? c.m : c.k) + c.padding, ldb = (c.bTransposed ? c.k : c.n) + c.padding;
  const long ldc = c.n + c.padding;
  const long sizeA = (c.aTransposed ? c.k : c.m) * lda, sizeB = (c.bTransposed ? c.n : c.k) * ldb, sizeC = c.m * ldc;
  const Floats a = numbers(sizeA * c.count, 1), b = numbers(sizeB * c.count, 2), bias = numbers(c.n, 3);
  Floats multiply = numbers(sizeC * c.count, 4), out = numbers(sizeC * c.count, 5), derivative(sizeC * c.count), sums(c.m);
  const Floats before = out;
  run.call(gemmOpcode,
           {c.m, c.n, c.k, a, c.aTransposed, lda, b, c.bTransposed, ldb, out, ldc, c.accumulate, c.count, sizeA, sizeB,
            sizeC, c.bias ? Arguments(bias) : 0, c.activation, c.derivative ? Arguments(derivative) : 0,
            c.multiply ? Arguments(multiply) : 0, c.rowSums ? Arguments(sums) : 0});
  Doubles expected(before.begin(), before.end()), slopes(sizeC * c.count), totals(c.m);
  for (long item = 0; item < c.count; item++) {
    const float *pa = a.data() + item * sizeA, *pb = b.data() + item * sizeB;
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
      for (long p = 0; item == 0 && p < c.k; p++) totals[i] += pa[c.aTransposed ? p * lda + i : i * lda + p];
    }
  }
  char what[128];
  snprintf(what, sizeof what, "gemm %ld %ld %ld a%d b%d +%d bias%d act%d pad%ld x%ld", c.m, c.n, c.k, c.aTransposed,
           c.bTransposed, c.accumulate, c.bias, c.activation, c.padding, c.count);
  run.expect(what, out, expected, 4 * rounding(double(c.k)));
  if (c.derivative && c.activation != 3) run.expect(what, derivative, slopes, 2e-5 + 4 * rounding(double(c.k)));
  if (c.rowSums) run.expect(what, sums, totals, rounding(double(c.k)));
}

static void products(Run& run) {
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

/** A NaN reaches the elements that it belongs to, and those only. */
static void poison(Run& run) {
  const long m = 40, n = 50, k = 60;
  Floats a = numbers(m * k, 1), out(m * n);
  const Floats b = numbers(n * k, 2);
  a[7 * k + 3] = NAN;
  run.call(gemmOpcode, {m, n, k, a, false, k, b, true, k, out, n, false, 1, 0, 0, 0, 0, 0, 0, 0, 0});
  long wrong = 0;
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) wrong += std::isnan(out[i * n + j]) != (i == 7);
  run.check(wrong == 0, "gemm: NaN in row 7 of A makes %ld elements wrong", wrong);
}

const std::vector<Test> productTests = {{"gemm", {gemmOpcode}, products}, {"gemm of NaN", {gemmOpcode}, poison}};

}  // namespace attune::test
