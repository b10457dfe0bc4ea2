// Reductions, and softmax with its gradient.
#include "harness.h"

namespace attune::test {

static void reduce(Run& run) {
  const long shapes[][3] = {{1, 1, 1}, {1, 200000, 1}, {300, 390, 1}, {1, 300, 390}, {7, 50, 130}, {4, 1, 5}};
  for (const auto& [outer, size, inner] : shapes) {
    Floats x = numbers(outer * size * inner, uint32_t(size));
    for (int poisoned = 0; poisoned < 2; poisoned++) {
      if (poisoned) x[x.size() / 2] = NAN;
      Doubles sums(outer * inner), means(outer * inner), tops(outer * inner);
      Ints places(outer * inner);
      for (long o = 0; o < outer; o++) {
        for (long c = 0; c < inner; c++) {
          double sum = 0, top = x[o * size * inner + c];
          long place = 0;
          for (long i = 0; i < size; i++) {
            const double v = x[(o * size + i) * inner + c];
            sum += v;
            if (!std::isnan(top) && (v > top || std::isnan(v))) top = v, place = i;
          }
          sums[o * inner + c] = sum;
          means[o * inner + c] = sum / double(size);
          tops[o * inner + c] = top;
          places[o * inner + c] = int32_t(place);
        }
      }
      Floats out(outer * inner);
      run.call(reduceOpcode, {0, x, out, outer, size, inner});
      run.expect("sum", out, sums, rounding(double(size)));
      run.call(reduceOpcode, {1, x, out, outer, size, inner});
      run.expect("mean", out, means, rounding());
      run.call(reduceOpcode, {2, x, out, outer, size, inner});
      run.expect("max", out, tops, 0);
      Ints index(outer * inner);
      run.call(argmaxOpcode, {x, index, outer, size, inner});
      run.expect("argmax", index, places);
    }
  }
}

static void softmax(Run& run) {
  for (long width : {1L, 2L, 7L, 16L, 131L, 3000L}) {
    const long rows = 41;
    Floats x = numbers(rows * width, uint32_t(width));
    for (float& v : x) v *= 30;
    if (width > 2) x[width + 1] = -INFINITY;
    if (width > 2) x[2 * width + 1] = NAN;
    const Floats dy = numbers(rows * width, 9);
    for (bool logarithm : {false, true}) {
      Floats y(rows * width), dx(rows * width);
      run.call(softmaxOpcode, {x, y, rows, width, logarithm});
      Doubles expected(rows * width), gradient(rows * width);
      for (long r = 0; r < rows; r++) {
        double top = -INFINITY, total = 0, dot = 0;
        for (long i = 0; i < width; i++) top = std::fmax(top, x[r * width + i]);
        for (long i = 0; i < width; i++) total += std::exp(x[r * width + i] - top);
        for (long i = 0; i < width; i++) {
          const long at = r * width + i;
          expected[at] = logarithm ? x[at] - top - std::log(total) : std::exp(x[at] - top) / total;
          dot += logarithm ? dy[at] : dy[at] * expected[at];
        }
        for (long i = 0; i < width; i++) {
          const long at = r * width + i;
          gradient[at] = logarithm ? dy[at] - std::exp(expected[at]) * dot : expected[at] * (dy[at] - dot);
        }
      }
      run.expect("softmax", y, expected, rounding(double(width)));
      run.call(softmaxGradientOpcode, {y, dy, dx, rows, width, logarithm});
      run.expect("softmax's gradient", dx, gradient, 4 * rounding(double(width)));
    }
  }
}

const std::vector<Test> reductionTests = {
    {"reduce", {reduceOpcode, argmaxOpcode}, reduce},
    {"softmax", {softmaxOpcode, softmaxGradientOpcode}, softmax},
};

}  // namespace attune::test
