// Rows and elements by index; rotary embedding.
#include "harness.h"

namespace attune::test {

static void rows(Run& run) {
  const long tableRows = 50, width = 133, n = 300;
  const Floats table = numbers(tableRows * width, 1), x = numbers(n * width, 2);
  Ints ids = integers(n, int(tableRows), 3);
  Floats out(n * width), sums(tableRows * width);
  run.call(gatherRowsOpcode, {0, table, tableRows, ids, out, n, width});
  Doubles gathered(n * width), scattered(tableRows * width);
  for (long r = 0; r < n; r++) {
    for (long i = 0; i < width; i++) {
      gathered[r * width + i] = table[ids[r] * width + i];
      scattered[ids[r] * width + i] += x[r * width + i];
    }
  }
  run.expect("gatherRows", out, gathered, 0);
  run.call(scatterAddRowsOpcode, {x, ids, sums, tableRows, n, width});
  run.expect("scatterAddRows", sums, scattered, rounding(double(n)));
  ids[11] = int32_t(tableRows);
  run.expectText("gatherRows", run.failing(gatherRowsOpcode, {0, table, tableRows, ids, out, n, width}),
                 "id 50 at index 11 is outside the table of 50 rows");
  run.expectText("scatterAddRows", run.failing(scatterAddRowsOpcode, {x, ids, sums, tableRows, n, width}),
                 "id 50 at index 11 is outside of 50 rows");

  const Ints order = integers(n, int(n), 4), starts = {0, 7, 7, 200, 300};
  Floats segments(4 * width);
  run.call(sumRowSegmentsOpcode, {x, order, starts, segments, 4, width});
  Doubles expected(4 * width);
  for (long s = 0; s < 4; s++)
    for (long k = starts[s]; k < starts[s + 1]; k++)
      for (long i = 0; i < width; i++) expected[s * width + i] += x[order[k] * width + i];
  run.expect("sumRowSegments", segments, expected, rounding(double(n)));
}

static void elements(Run& run) {
  const long outer = 3, size = 40, count = 25, inner = 70;
  const Floats x = numbers(outer * size * inner, 1), dy = numbers(outer * count * inner, 2);
  Ints index = integers(outer * count * inner, int(size), 3);
  Floats out(outer * count * inner), sums(outer * size * inner);
  run.call(gatherOpcode, {0, x, index, out, outer, size, count, inner});
  run.call(scatterAddOpcode, {dy, index, sums, outer, size, count, inner});
  Doubles gathered(out.size()), scattered(sums.size());
  for (long o = 0; o < outer; o++) {
    for (long j = 0; j < count; j++) {
      for (long i = 0; i < inner; i++) {
        const long at = (o * count + j) * inner + i, from = (o * size + index[at]) * inner + i;
        gathered[at] = x[from];
        scattered[from] += dy[at];
      }
    }
  }
  run.expect("gather", out, gathered, 0);
  run.expect("scatterAdd", sums, scattered, rounding(double(count)));
  index[5] = -1;
  run.expectText("gather", run.failing(gatherOpcode, {0, x, index, out, outer, size, count, inner}),
                 "index -1 at position 5 is outside the axis of size 40");
}

static void rotary(Run& run) {
  const long n = 90, heads = 3, headDim = 22, half = headDim / 2, width = heads * headDim + 5, tableRows = 40;
  const Floats x = numbers(n * width, 1), table = numbers(tableRows * headDim, 2);
  const Ints positions = integers(n, int(tableRows), 3);
  for (bool inverse : {false, true}) {
    Floats out(n * width);
    run.call(rotaryOpcode, {n, width, heads, headDim, x, out, positions, table, tableRows, inverse});
    Doubles expected = doubles(x);
    for (long r = 0; r < n; r++) {
      for (long h = 0; h < heads; h++) {
        for (long e = 0; e < half; e++) {
          const long at = r * width + h * headDim + e;
          const double c = table[positions[r] * headDim + e], s = table[positions[r] * headDim + half + e] * (inverse ? -1 : 1);
          expected[at] = x[at] * c - x[at + half] * s;
          expected[at + half] = x[at + half] * c + x[at] * s;
        }
      }
    }
    run.expect("rotary", out, expected, rounding());
  }
}

const std::vector<Test> rowTests = {
    {"rows", {gatherRowsOpcode, scatterAddRowsOpcode, sumRowSegmentsOpcode}, rows},
    {"elements by index", {gatherOpcode, scatterAddOpcode}, elements},
    {"rotary", {rotaryOpcode}, rotary},
};

}  // namespace attune::test
