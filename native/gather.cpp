// Rows and elements by index: gatherRows, scatterAddRows, sumRowSegments, gather, scatterAdd. Every index that may come
// from a user is checked before anything is moved, so that the error names the first wrong one.
#include "parallel.h"

namespace attune::ATTUNE_ISA {

/** Index of the first id outside [0, limit), or -1. */
static long firstOutside(const int32_t* ids, long count, long limit) {
  constexpr long chunk = 65536;
  const uint32_t bound = limit > INT32_MAX ? uint32_t(INT32_MAX) + 1 : uint32_t(limit);
  bool bad = false;
  for (long begin = 0; begin < count && !bad; begin += chunk) {
    uint32_t any = 0;
    for (long i = begin; i < least(count, begin + chunk); i++) any |= uint32_t(ids[i]) >= bound;
    bad = any;
    for (long i = begin; bad && i < least(count, begin + chunk); i++)
      if (uint32_t(ids[i]) >= bound) return i;
  }
  return -1;
}

void gatherRows(Context& context, const double* values, long) {
  Arguments a{values};
  const DType type = DType(a.integer());
  const char* table = a.pointer<char>();
  const long tableRows = a.integer();
  const int32_t* ids = a.ints();
  char* out = a.pointer<char>();
  const long rows = a.integer(), width = a.integer(), bytes = width * bytesOf(type);
  const long bad = firstOutside(ids, rows, tableRows);
  if (bad >= 0) {
    return context.fail("id %d at index %ld is outside the table of %ld rows", ids[bad], bad, tableRows);
  }
  rowChunks(context, rows, width, [&](long begin, long end) {
    for (long r = begin; r < end; r++) memcpy(out + r * bytes, table + ids[r] * bytes, size_t(bytes));
  });
}

void scatterAddRows(Context& context, const double* values, long) {
  Arguments a{values};
  const float* x = a.floats();
  const int32_t* ids = a.ints();
  float* out = a.floats();
  const long outRows = a.integer(), rows = a.integer(), width = a.integer();
  const long bad = firstOutside(ids, rows, outRows);
  if (bad >= 0) return context.fail("id %d at index %ld is outside of %ld rows", ids[bad], bad, outRows);
  // Rows may meet, columns do not.
  constexpr long columns = 64;
  context.pool.each(int(ceilDivide(width, columns)), [&](int task, int) {
    const long begin = task * columns, end = least(width, begin + columns);
    for (long r = 0; r < rows; r++) {
      const float* p = x + r * width;
      float* q = out + ids[r] * width;
      overLanes(begin, end, [&](long i, auto lanes) { lanes.store(q + i, lanes.load(q + i) + lanes.load(p + i)); });
    }
  });
}

void sumRowSegments(Context& context, const double* values, long) {
  Arguments a{values};
  const float* x = a.floats();
  const int32_t* order = a.ints();
  const int32_t* starts = a.ints();
  float* out = a.floats();
  const long segments = a.integer(), width = a.integer();
  const long group = most(1, kChunk / most(1, 4 * width));
  context.pool.each(int(ceilDivide(segments, group)), [&](int task, int) {
    for (long s = task * group; s < least(segments, (task + 1) * group); s++) {
      const long first = starts[s], last = starts[s + 1];
      overLanes(0, width, [&](long i, auto lanes) {
        V total = {};
        for (long k = first; k < last; k++) total += lanes.load(x + order[k] * width + i);
        lanes.store(out + s * width + i, total);
      });
    }
  });
}

void gather(Context& context, const double* values, long) {
  Arguments a{values};
  const DType type = DType(a.integer());
  const char* x = a.pointer<char>();
  const int32_t* index = a.ints();
  char* out = a.pointer<char>();
  const long outer = a.integer(), size = a.integer(), count = a.integer(), inner = a.integer();
  const long bad = firstOutside(index, outer * count * inner, size);
  if (bad >= 0) return context.fail("index %d at position %ld is outside the axis of size %ld", index[bad], bad, size);
  const auto take = [&](auto zero) {
    typedef decltype(zero) T;
    rowChunks(context, outer * count, inner, [&](long begin, long end) {
      for (long row = begin; row < end; row++) {
        const T* p = (const T*)x + row / count * size * inner;
        const int32_t* ids = index + row * inner;
        T* q = (T*)out + row * inner;
        for (long i = 0; i < inner; i++) q[i] = p[ids[i] * inner + i];
      }
    });
  };
  if (bytesOf(type) == 4) {
    take(uint32_t(0));
  } else {
    take(uint16_t(0));
  }
}

void scatterAdd(Context& context, const double* values, long) {
  Arguments a{values};
  const float* x = a.floats();
  const int32_t* index = a.ints();
  float* out = a.floats();
  const long outer = a.integer(), size = a.integer(), count = a.integer(), inner = a.integer();
  const long bad = firstOutside(index, outer * count * inner, size);
  if (bad >= 0) return context.fail("index %d at position %ld is outside the axis of size %ld", index[bad], bad, size);
  constexpr long columns = 64;
  const long perOuter = ceilDivide(inner, columns), total = outer * perOuter;
  chunks(
      context, total,
      [&](long begin, long end) {
        for (long t = begin; t < end; t++) {
          const long o = t / perOuter, c0 = t % perOuter * columns, c1 = least(inner, c0 + columns);
          float* q = out + o * size * inner;
          for (long j = 0; j < count; j++) {
            const long row = (o * count + j) * inner;
            for (long c = c0; c < c1; c++) q[index[row + c] * inner + c] += x[row + c];
          }
        }
      },
      most(1, kChunk / most(1, count * least(inner, columns))));
}

}  // namespace attune::ATTUNE_ISA
