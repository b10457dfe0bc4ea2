// Reductions over one axis: reduce, argmax, softmax and its gradient.
#include "parallel.h"

namespace attune::ATTUNE_ISA {

// Order of ReduceOp in src/backends/native/kernels.ts.
enum class Reduce : int { sum, mean, max };

/** Sums run in float over short runs, and in double over those. */
constexpr long kRun = 1024;

static double sumOf(const float* x, long n) {
  double total = 0;
  for (long begin = 0; begin < n; begin += kRun) {
    V part = {};
    overLanes(begin, least(n, begin + kRun), [&](long i, auto lanes) { part += lanes.load(x + i); });
    total += sum(part);
  }
  return total;
}

static ALWAYS_INLINE float larger(float m, float x) { return x > m || x != x ? x : m; }  // NaN is the largest

static float maximumOf(const float* x, long n) {
  float m = x[0];
  for (long i = 1; i < n; i++) m = m == m ? larger(m, x[i]) : m;
  return m;
}

/** Columns [begin, end) of one [size, inner] block: sums by runs of rows in float, then in double. */
static void sumColumns(const float* x, float* out, long size, long inner, long begin, long end, double divisor) {
  constexpr long block = 128, run = 64;
  for (long c0 = begin; c0 < end; c0 += block) {
    const long n = least(block, end - c0);
    double total[block] = {};
    for (long r0 = 0; r0 < size; r0 += run) {
      float part[block] = {};
      const long r1 = least(size, r0 + run);
      for (long r = r0; r < r1; r++) {
        const float* row = x + r * inner + c0;
        for (long c = 0; c < n; c++) part[c] += row[c];
      }
      for (long c = 0; c < n; c++) total[c] += part[c];
    }
    for (long c = 0; c < n; c++) out[c0 + c] = float(total[c] / divisor);
  }
}

static void maximumColumns(const float* x, float* out, long size, long inner, long begin, long end) {
  for (long c = begin; c < end; c++) out[c] = x[c];
  for (long r = 1; r < size; r++) {
    const float* row = x + r * inner;
    for (long c = begin; c < end; c++) {
      const float m = out[c], v = row[c];
      out[c] = (v > m || v != v) && m == m ? v : m;
    }
  }
}

void reduce(Context& context, const double* values, long) {
  Arguments a{values};
  const Reduce op = Reduce(a.integer());
  const float* x = a.floats();
  float* out = a.floats();
  const long outer = a.integer(), size = a.integer(), inner = a.integer();
  const double divisor = op == Reduce::mean ? double(size) : 1;
  constexpr long chunk = 65536;
  if (inner == 1 && outer == 1 && size > chunk && op != Reduce::max) {  // one long sum
    const long count = ceilDivide(size, chunk);
    if (!context.reserve(size_t(count) * 2, 0)) return;
    double* parts = (double*)context.shared();
    chunks(context, size, [&](long begin, long end) { parts[begin / chunk] = sumOf(x + begin, end - begin); }, chunk);
    double total = 0;
    for (long i = 0; i < count; i++) total += parts[i];
    out[0] = float(total / divisor);
    return;
  }
  if (inner == 1) {
    rowChunks(context, outer, size, [&](long begin, long end) {
      for (long r = begin; r < end; r++) {
        const float* row = x + r * size;
        out[r] = op == Reduce::max ? maximumOf(row, size) : float(sumOf(row, size) / divisor);
      }
    });
    return;
  }
  const long columns = 256, perBlock = ceilDivide(inner, columns);
  context.pool.each(int(outer * perBlock), [&](int task, int) {
    const long o = task / perBlock, begin = task % perBlock * columns, end = least(inner, begin + columns);
    if (op == Reduce::max) {
      maximumColumns(x + o * size * inner, out + o * inner, size, inner, begin, end);
    } else {
      sumColumns(x + o * size * inner, out + o * inner, size, inner, begin, end, divisor);
    }
  });
}

void argmax(Context& context, const double* values, long) {
  Arguments a{values};
  const float* x = a.floats();
  int32_t* out = a.ints();
  const long outer = a.integer(), size = a.integer(), inner = a.integer();
  rowChunks(context, outer, size * inner, [&](long begin, long end) {
    for (long o = begin; o < end; o++) {
      for (long c = 0; c < inner; c++) {
        const float* p = x + o * size * inner + c;
        long best = 0;
        for (long i = 1; i < size; i++) {
          const float v = p[i * inner], m = p[best * inner];
          if ((v > m || v != v) && m == m) best = i;
        }
        out[o * inner + c] = int32_t(best);
      }
    }
  });
}

void softmax(Context& context, const double* values, long) {
  Arguments a{values};
  const float* x = a.floats();
  float* out = a.floats();
  const long rows = a.integer(), width = a.integer();
  const bool logarithm = a.flag();
  rowChunks(context, rows, width, [&](long begin, long end) {
    for (long r = begin; r < end; r++) {
      const float* p = x + r * width;
      float* q = out + r * width;
      V top = splat(-INFINITY);
      overLanes(0, width, [&](long i, auto lanes) { top = maximum(lanes.pad(lanes.load(p + i), -INFINITY), top); });
      const float m = largest(top);
      double total = 0;
      for (long run = 0; run < width; run += kRun) {
        V part = {};
        overLanes(run, least(width, run + kRun), [&](long i, auto lanes) {
          V e = exponential(lanes.load(p + i) - m);
          part += lanes.pad(e, 0);
          if (!logarithm) lanes.store(q + i, e);
        });
        total += sum(part);
      }
      if (logarithm) {
        const float shift = float(log(total));
        overLanes(0, width, [&](long i, auto lanes) { lanes.store(q + i, (lanes.load(p + i) - m) - shift); });
      } else {
        const float factor = float(1 / total);
        overLanes(0, width, [&](long i, auto lanes) { lanes.store(q + i, lanes.load(q + i) * factor); });
      }
    }
  });
}

void softmaxGradient(Context& context, const double* values, long) {
  Arguments a{values};
  const float* y = a.floats();
  const float* dy = a.floats();
  float* dx = a.floats();
  const long rows = a.integer(), width = a.integer();
  const bool logarithm = a.flag();
  rowChunks(context, rows, width, [&](long begin, long end) {
    for (long r = begin; r < end; r++) {
      const float *p = y + r * width, *d = dy + r * width;
      float* q = dx + r * width;
      double total = 0;  // of dy * y, or of dy where y is a logarithm
      for (long run = 0; run < width; run += kRun) {
        V part = {};
        overLanes(run, least(width, run + kRun), [&](long i, auto lanes) {
          part += logarithm ? lanes.load(d + i) : lanes.load(d + i) * lanes.load(p + i);
        });
        total += sum(part);
      }
      const float t = float(total);
      overLanes(0, width, [&](long i, auto lanes) {
        V v = lanes.load(p + i), g = lanes.load(d + i);
        lanes.store(q + i, logarithm ? g - exponential(v) * t : v * (g - t));
      });
    }
  });
}

}  // namespace attune::ATTUNE_ISA
