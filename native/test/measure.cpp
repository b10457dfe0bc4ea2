// How fast the kernels of one set are, beside what the processor can do at the same moment: a loop of multiplications and
// additions that stay in registers, and a copy that goes through memory.
#include <algorithm>

#include "harness.h"

namespace attune::test {

/** The best of some rounds, in seconds. */
static double best(int rounds, const std::function<void()>& body) {
  double least = INFINITY;
  for (int i = 0; i < rounds; i++) {
    const double start = secondsNow();
    body();
    least = std::min(least, secondsNow() - start);
  }
  return least;
}

void measure(const KernelTable& table, int threads) {
  Run run(table, threads);
  const long shapes[][3] = {{536, 384, 384}, {536, 1536, 384}, {536, 384, 1536}, {200, 384, 384}, {2048, 768, 768}};
  const auto products = [&](const char* name, Opcode opcode, long m, long n, long k) {
    const Floats x = numbers(m * k, 1), w = numbers(n * k, 2), dy = numbers(m * n, 3);
    Floats y(m * n), dx(m * k), dw(n * k);
    const double flops = 2.0 * double(m) * double(n) * double(k) / 1e9;
    const auto rate = [&](const Arguments& call) {
      return flops / best(15, [&] { run.call(opcode, call); });
    };
    const Arguments rest = {false, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    const double forward = rate({m, n, k, x, false, k, w, true, k, y, n, rest});
    const double input = rate({m, k, n, dy, false, n, w, false, k, dx, k, rest});
    const double weight = rate({n, k, m, dy, true, n, x, false, k, dw, k, rest});
    printf("%-10s %-12s %4ld x %4ld x %4ld   y %6.1f   dx %6.1f   dw %6.1f GFLOP/s\n", table.name, name, m, n, k, forward,
           input, weight);
  };
  for (const auto& [m, n, k] : shapes) products("gemm", gemmOpcode, m, n, k);
  for (const auto& [m, n, k] : shapes) products("gemmBfloat16", gemmBfloat16Opcode, m, n, k);
  const long length = 1 << 24;
  Floats x = numbers(length, 1), y(length);
  const auto bandwidth = [&](const char* name, double bytes, const std::function<void()>& body) {
    printf("%-10s %-24s %6.1f GB/s\n", table.name, name, bytes / 1e9 / best(7, body));
  };
  bandwidth("copy", 8.0 * length, [&] { run.call(copyOpcode, {0, x, y, false, 1, length, 1, 1}); });
  bandwidth("add", 12.0 * length, [&] { run.call(binaryOpcode, {0, 0, x, y, y, 1, length, 1, 1}); });
  bandwidth("gelu", 8.0 * length, [&] { run.call(unaryOpcode, {7, x, y, length, 0, 0}); });
  bandwidth("sum", 4.0 * length, [&] { run.call(reduceOpcode, {0, x, y, 1, length, 1}); });
  const long rows = length / 384;
  const Floats gamma = numbers(384, 3);
  Floats normalized(rows * 384), rstd(rows);
  bandwidth("layerNorm", 12.0 * double(rows) * 384, [&] {
    run.call(layerNormOpcode, {rows, 384, 1e-5, x, 0, Dropout{}.arguments(), gamma, gamma, y, normalized, rstd});
  });
  Floats m(length), v(length);
  bandwidth("adamw", 28.0 * length, [&] {
    run.call(adamwOpcode, {0, 1, x, y, m, v, length, 1e-4, 0.9, 0.999, 1e-8, 0.01, 0.1, 0.001, 0, 0, 0});
  });
}

}  // namespace attune::test
