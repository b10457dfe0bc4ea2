// Kernels on elements: fill, cast, copy, unary, binary, where, dropout, draws from a normal
// distribution, gated units, checkFinite.
#include "harness.h"

namespace attune::test {

constexpr double nan = NAN, infinity = INFINITY;
// Below a vector, around one of each width, and enough to be cut into tasks.
static const long lengths[] = {1, 3, 4, 5, 8, 15, 16, 17, 33, 40001};

static void fill(Run& run) {
  for (long n : lengths) {
    Floats x(n);
    run.call(fillOpcode, {0, x, n, 0.1});
    run.expect("fill", x, Doubles(n, double(0.1f)), 0);
    Ints i(n);
    run.call(fillOpcode, {3, i, n, 2147483647.0});
    run.expect("fill int32", i, Ints(n, 2147483647));
    std::vector<uint16_t> h(n);
    run.call(fillOpcode, {1, h, n, 1.5});
    bool all = true;
    for (uint16_t v : h) all = all && v == 0x3FC0;
    run.check(all, "fill bfloat16");
  }
}

static void cast(Run& run) {
  // Values that round, tie, overflow and are special in 16 bits; what comes back was worked out by hand.
  const Floats x = {1, 1.00390625f, 1.01171875f, 65504, 65520, 1e-8f, 6.1e-5f, -3.5f, NAN, INFINITY, 3e38f, 0.1f};
  const Doubles bf16 = {1, 1, 1.015625, 65536, 65536, 9.9971890449523926e-09, 6.103515625e-05, -3.5, nan, infinity,
                        226 * std::ldexp(1.0, 120), 0.10009765625};
  const Doubles f16 = {1, 1.00390625, 1.01171875, 65504, infinity, 0, 6.1000000e-05, -3.5, nan, infinity,
                       infinity, 0.0999755859375};
  const long n = long(x.size());
  for (int type : {1, 2}) {
    std::vector<uint16_t> h(n);
    Floats back(n);
    run.call(castOpcode, {0, type, x, h, n});
    run.call(castOpcode, {type, 0, h, back, n});
    run.expect(type == 1 ? "to bfloat16 and back" : "to float16 and back", back, type == 1 ? bf16 : f16,
               type == 1 ? 1e-6 : 6e-8);
  }
  const Floats odd = {2.9f, -2.9f, 3e9f, -3e9f, NAN, 0};
  Ints whole(6);
  run.call(castOpcode, {0, 3, odd, whole, 6});
  run.expect("to int32", whole, Ints{2, -2, INT32_MAX, INT32_MIN, 0, 0});
  Floats again(6);
  run.call(castOpcode, {3, 0, whole, again, 6});
  run.expect("from int32", again, {2, -2, 2147483648.0, -2147483648.0, 0, 0}, 0);
}

static void copy(Run& run) {
  const long rows = 131, width = 67;
  const Floats x = numbers(rows * width, 1);
  Floats out(rows * width);
  run.call(copyOpcode, {0, x, out, false, 2, rows, width, 1, rows, width, 1});
  Doubles transposed(rows * width);
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < width; c++) transposed[r * width + c] = x[c * rows + r];
  run.expect("a transposing copy", out, transposed, 0);
  Floats sums(width);
  run.call(fillOpcode, {0, sums, width, 1});
  run.call(copyOpcode, {0, x, sums, true, 2, rows, width, width, 1, 0, 1});  // all rows into one
  Doubles total(width, 1);
  for (long i = 0; i < rows * width; i++) total[i % width] += x[i];
  run.expect("an adding copy", sums, total, rounding(rows));
  std::vector<uint16_t> h(rows * width, 7), g(rows * width);
  run.call(copyOpcode, {1, h, g, false, 1, rows * width, 1, 1});
  run.check(h == g, "a copy of 16 bits");
}

static void unary(Run& run) {
  for (int op = 0; op < 13; op++) {
    const double p0 = op == 10 ? -0.3 : op == 12 ? 2.5 : 1.75, p1 = 0.4;
    const bool positive = op == 2 || op == 3 || op == 12;
    for (long n : lengths) {
      Floats x = numbers(n, uint32_t(op + n));
      for (float& v : x) v = positive ? 0.01f + 4 * std::fabs(v) : 6 * v;
      Floats y(n), dx(n);
      const Floats dy = numbers(n, 3);
      run.call(unaryOpcode, {op, x, y, n, p0, p1});
      Doubles expected(n), slopes(n);
      for (long i = 0; i < n; i++) {
        expected[i] = unaryOf(op, x[i], p0, p1);
        const double slope = slopeOf([&](double v) { return unaryOf(op, v, p0, p1); }, x[i]);
        slopes[i] = dy[i] * slope;
        // The derivative jumps here; a central difference is of no use.
        if ((op == 6 && std::fabs(x[i]) < 1e-3) || (op == 10 && std::fmin(std::fabs(x[i] - p0), std::fabs(x[i] - p1)) < 1e-3))
          x[i] = 2, expected[i] = unaryOf(op, 2, p0, p1), slopes[i] = op == 6 ? dy[i] : 0;
      }
      run.call(unaryOpcode, {op, x, y, n, p0, p1});
      char what[32];
      snprintf(what, sizeof what, "unary %d of %ld", op, n);
      run.expect(what, y, expected, 8 * rounding());
      run.call(unaryGradientOpcode, {op, x, y, dy, dx, n, p0, p1});
      run.expect(what, dx, slopes, 2e-6);
    }
    Floats special = {NAN, 1}, y(2);
    run.call(unaryOpcode, {op, special, y, 2, p0, p1});
    run.check(std::isnan(y[0]) && !std::isnan(y[1]), "unary %d of NaN is %g, of 1 %g", op, y[0], y[1]);
  }
  Floats ends = {1000, -1000, INFINITY, -INFINITY}, y(4);
  run.call(unaryOpcode, {1, ends, y, 4, 0, 0});
  run.expect("exp at its ends", y, {infinity, 0, infinity, 0}, 0);
  run.call(unaryOpcode, {4, ends, y, 4, 0, 0});
  run.expect("tanh at its ends", y, {1, -1, 1, -1}, 0);
}

static void binary(Run& run) {
  const long rows = 37, width = 451;
  const Floats a = numbers(rows * width, 1), b = numbers(width, 2);
  Floats positive(width), out(rows * width);
  for (long i = 0; i < width; i++) positive[i] = 0.5f + std::fabs(b[i]);
  typedef double (*Function)(double, double);
  const Function functions[] = {
      [](double x, double y) { return x + y; },          [](double x, double y) { return x - y; },
      [](double x, double y) { return x * y; },          [](double x, double y) { return x / y; },
      [](double x, double y) { return std::pow(x, y); }, [](double x, double y) { return std::fmax(x, y); },
      [](double x, double y) { return std::fmin(x, y); }};
  for (int op = 0; op < 7; op++) {
    const bool power = op == 4;
    const Floats& left = power ? positive : a;
    run.call(binaryOpcode, {op, 0, left, positive, out, 2, rows, width, power ? 0 : width, 1, 0, 1});
    Doubles expected(rows * width);
    for (long i = 0; i < rows * width; i++)
      expected[i] = functions[op](left[power ? i % width : i], positive[i % width]);
    run.expect("binary", out, expected, rounding());
  }
  const Floats x = {1, 2, 2, NAN}, y = {2, 2, 1, 1};
  const Ints truths[] = {{0, 1, 0, 0}, {1, 0, 1, 1}, {1, 0, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}, {0, 1, 1, 0}};
  for (int op = 7; op < 13; op++) {
    Ints truth(4);
    run.call(binaryOpcode, {op, 0, x, y, truth, 1, 4, 1, 1});
    run.expect("a comparison", truth, truths[op - 7]);
  }
  const Ints i = {INT32_MAX, 5, -7}, j = {1, 6, 3};
  Ints k(3);
  run.call(binaryOpcode, {0, 3, i, j, k, 1, 3, 1, 1});
  run.expect("a sum of int32", k, Ints{INT32_MIN, 11, -4});
  run.call(binaryOpcode, {2, 3, i, j, k, 1, 3, 1, 1});
  run.expect("a product of int32", k, Ints{INT32_MAX, 30, -21});
  run.expectText("an impossible one", run.failing(binaryOpcode, {3, 3, i, j, k, 1, 3, 1, 1}),
                 "there is no division or power of int32");
}

static void where(Run& run) {
  const long rows = 19, width = 33;
  const Ints condition = integers(rows * width, 2, 1);
  const Floats a = numbers(width, 2), b = {7};
  Floats out(rows * width);
  run.call(whereOpcode, {0, condition, a, b, out, 2, rows, width, width, 1, 0, 1, 0, 0});
  Doubles expected(rows * width);
  for (long i = 0; i < rows * width; i++) expected[i] = condition[i] ? a[i % width] : 7;
  run.expect("where", out, expected, 0);
}

static void dropout(Run& run) {
  const Dropout mask{true, 0.1, 0xDEADBEEF, 42};
  for (long n : lengths) {
    const Floats x = numbers(n, 5);
    Floats out(n);
    run.call(dropoutOpcode, {x, out, n, mask.arguments()});
    Doubles expected(n);
    for (long i = 0; i < n; i++) expected[i] = x[i] * mask(i);
    run.expect("dropout", out, expected, rounding());
  }
}

static void drawNormal(Run& run) {
  const uint32_t key0 = 0xDEADBEEF, key1 = 0x89ABCDEF;
  // The formula of backends/kernels.ts, step by step.
  const auto mix = [](uint32_t x) {
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    return x;
  };
  const auto uniform = [&](long index) {
    const uint32_t high = mix(uint32_t(index) * 0x9E3779B1u + key0);
    const uint32_t low = mix(high + uint32_t(index) * 0x85EBCA6Bu + key1);
    return std::ldexp((long double)(high) + std::ldexp((long double)(low) + 0.5L, -32), -32);
  };
  for (long n : lengths) {
    Floats out(n);
    run.call(drawNormalOpcode, {out, n, 0.5, 2.0, double(key0), double(key1)});
    Doubles expected(n);
    for (long i = 0; i < n; i++) {
      const long double radius = std::sqrt(-2 * std::log(uniform(i / 2 * 2)));
      const long double angle = 2 * std::acos(-1.0L) * uniform(i / 2 * 2 + 1);
      expected[i] = double(0.5L + 2 * radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle)));
    }
    run.expect("draws from a normal distribution", out, expected, rounding());
  }
}

static void gated(Run& run) {
  const long rows = 300, width = 77;
  Floats x = numbers(rows * 2 * width, 6), out(rows * width), dx(rows * 2 * width);
  for (float& v : x) v = std::fabs(v) < 1e-3f ? 0.5f : 4 * v;
  const Floats dy = numbers(rows * width, 7);
  for (int activation = 1; activation <= 5; activation++) {
    run.call(gatedActivationOpcode, {activation, x, out, rows, width});
    run.call(gatedActivationGradientOpcode, {activation, x, dy, dx, rows, width});
    Doubles expected(rows * width), gradient(rows * 2 * width);
    for (long r = 0; r < rows; r++) {
      for (long i = 0; i < width; i++) {
        const double v = x[2 * r * width + i], gate = x[(2 * r + 1) * width + i], d = dy[r * width + i];
        expected[r * width + i] = activationOf(activation, v) * gate;
        gradient[2 * r * width + i] = d * gate * slopeOf([&](double u) { return activationOf(activation, u); }, v);
        gradient[(2 * r + 1) * width + i] = d * activationOf(activation, v);
      }
    }
    run.expect("a gated unit", out, expected, 8 * rounding());
    run.expect("a gated unit's gradient", dx, gradient, 2e-6);
  }
}

static void checkFinite(Run& run) {
  const long n = 150001;
  Floats x = numbers(n, 1);
  // The name stands in the arguments as bytes.
  const auto arguments = [&] {
    Doubles name(1);
    memcpy(name.data(), "loss", 4);
    return Arguments{x, n, 4, name};
  };
  run.call(checkFiniteOpcode, arguments());
  x[n - 1] = NAN;
  x[70000] = -INFINITY;
  run.expectText("the first one", run.failing(checkFiniteOpcode, arguments()),
                 "\"loss\" holds -Infinity at index 70000 of 150001");
}

const std::vector<Test> elementTests = {
    {"fill", {fillOpcode}, fill},
    {"cast", {castOpcode}, cast},
    {"copy", {copyOpcode}, copy},
    {"unary", {unaryOpcode, unaryGradientOpcode}, unary},
    {"binary", {binaryOpcode}, binary},
    {"where", {whereOpcode}, where},
    {"dropout", {dropoutOpcode}, dropout},
    {"drawNormal", {drawNormalOpcode}, drawNormal},
    {"gated", {gatedActivationOpcode, gatedActivationGradientOpcode}, gated},
    {"checkFinite", {checkFiniteOpcode}, checkFinite},
};

}  // namespace attune::test
