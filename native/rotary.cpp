// Rotary position embedding, out of place or in place.
#include "parallel.h"

namespace attune::ATTUNE_ISA {

void rotary(Context& context, const double* values, long) {
  Arguments a{values};
  const long rows = a.integer(), width = a.integer(), heads = a.integer(), headDim = a.integer(), half = headDim / 2;
  const float* x = a.floats();
  float* out = a.floats();
  const int32_t* positions = a.ints();
  const float* table = a.floats();
  const long tableRows = a.integer();
  const float sign = a.flag() ? -1 : 1;
  for (long r = 0; r < rows; r++) {
    if (positions[r] < 0 || positions[r] >= tableRows)
      return context.fail("position %d at row %ld is outside the table of %ld rows", positions[r], r, tableRows);
  }
  rowChunks(context, rows, width, [&](long begin, long end) {
    for (long r = begin; r < end; r++) {
      const float *cosines = table + positions[r] * headDim, *sines = cosines + half;
      for (long h = 0; h < heads; h++) {
        const float* p = x + r * width + h * headDim;
        float* q = out + r * width + h * headDim;
        overLanes(0, half, [&](long e, auto lanes) {
          const V first = lanes.load(p + e), second = lanes.load(p + half + e);
          const V c = lanes.load(cosines + e), s = lanes.load(sines + e) * sign;
          lanes.store(q + e, first * c - second * s);
          lanes.store(q + half + e, second * c + first * s);
        });
      }
      const long turned = heads * headDim;
      if (out != x && turned < width)
        memcpy(out + r * width + turned, x + r * width + turned, size_t(width - turned) * sizeof(float));
    }
  });
}

}  // namespace attune::ATTUNE_ISA
