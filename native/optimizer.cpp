// Kernels over many tensors at once: norm, scale, AdamW; and the clip factor between them. Tensors are cut into chunks
// whose size is fixed, each chunk is a task, and partial results are added in the chunks' order.
#include <algorithm>

#include "parallel.h"

namespace attune::ATTUNE_ISA {

constexpr long kPart = 65536;

/** Fills firsts[i] with the number of chunks before tensor i; lengths[i] elements each. */
static long countParts(const long* lengths, long count, long* firsts) {
  long total = 0;
  for (long i = 0; i < count; i++) {
    firsts[i] = total;
    total += ceilDivide(lengths[i], kPart);
  }
  return total;
}

/** The tensor that chunk `part` belongs to: the last one with firsts[i] <= part. */
static long tensorOf(long part, const long* firsts, long count) {
  long low = 0, high = count - 1;
  while (low < high) {
    const long middle = (low + high + 1) / 2;
    if (firsts[middle] <= part) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// norm and scale read their runs as pairs (address, length).

/** body(part, data, length) for every chunk of every run. */
template <class Body>
static ALWAYS_INLINE void overRuns(Context& context, const double* runs, long count, long* table, const Body& body) {
  long *lengths = table, *firsts = table + count;
  for (long i = 0; i < count; i++) lengths[i] = long(runs[2 * i + 1]);
  const long parts = countParts(lengths, count, firsts);
  context.pool.each(int(parts), [&](int part, int) {
    const long i = tensorOf(part, firsts, count), begin = (part - firsts[i]) * kPart;
    float* data = (float*)(uintptr_t)runs[2 * i];
    body(part, data + begin, least(kPart, lengths[i] - begin));
  });
}

void norm(Context& context, const double* values, long) {
  Arguments a{values};
  float* out = a.floats();
  const long count = a.integer();
  long parts = 0;
  for (long i = 0; i < count; i++) parts += ceilDivide(long(a.next[2 * i + 1]), kPart);
  if (!context.reserve(size_t(2 * (parts + 2 * count)), 0)) return;
  double* sums = (double*)context.shared();
  overRuns(context, a.next, count, (long*)(sums + parts), [&](long part, const float* x, long n) {
    double total = 0;
    for (long begin = 0; begin < n; begin += 2048) {
      V squares = {};
      overLanes(begin, least(n, begin + 2048), [&](long i, auto lanes) {
        V v = lanes.load(x + i);
        squares += v * v;
      });
      total += sum(squares);
    }
    sums[part] = total;
  });
  double total = 0;
  for (long i = 0; i < parts; i++) total += sums[i];
  out[0] = float(sqrt(total));
}

void clipFactor(Context&, const double* values, long) {
  Arguments a{values};
  const float* norm = a.floats();
  const double maxNorm = a.number();
  float* out = a.floats();
  const double factor = maxNorm / (double(norm[0]) + 1e-6);
  out[0] = factor > 1 ? 1.0f : float(factor);  // NaN stays
}

void scale(Context& context, const double* values, long) {
  Arguments a{values};
  const float* factor = a.floats();
  const long count = a.integer();
  if (!context.reserve(size_t(4 * count), 0)) return;
  const float f = factor[0];
  overRuns(context, a.next, count, (long*)context.shared(), [&](long, float* x, long n) {
    overLanes(0, n, [&](long i, auto lanes) { lanes.store(x + i, lanes.load(x + i) * f); });
  });
}

// ---- AdamW ---------------------------------------------------------------------------------------------------------

struct AdamW {  // as the arguments lie
  double parameter, gradient, firstMoment, secondMoment, length, learningRate, beta1, beta2, epsilon, weightDecay,
      biasCorrection1, biasCorrection2, touchedIndex, touchedRows, width, moving;
};

struct AdamWConstants {
  float beta1, beta2, rest1, rest2, epsilon, decay, stepSize, rootCorrection;
};

static AdamWConstants constantsOf(const AdamW& t) {
  return {float(t.beta1),   float(t.beta2),
          float(1 - t.beta1), float(1 - t.beta2),
          float(t.epsilon), float(1 - t.learningRate * t.weightDecay),
          float(t.learningRate / t.biasCorrection1), float(1 / sqrt(t.biasCorrection2))};
}

/** Gradient nullptr stands for zero. The loop is left to the compiler: vector extensions have no square root. */
template <bool HasGradient>
static void adamwRun(float* __restrict p, const float* __restrict g, float factor, float* __restrict m,
                     float* __restrict v, long n, const AdamWConstants c) {
  for (long i = 0; i < n; i++) {
    float first = c.beta1 * m[i], second = c.beta2 * v[i];
    if constexpr (HasGradient) {
      const float gradient = g[i] * factor;
      first += c.rest1 * gradient;
      second += c.rest2 * gradient * gradient;
    }
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * c.decay - c.stepSize * first / (sqrtf(second) * c.rootCorrection + c.epsilon);
  }
}

/** Rows [first, last) without a gradient: those that never had one have moments zero and only decay. */
static void adamwRest(const AdamW& t, const AdamWConstants& c, const int32_t* moving, long first, long last) {
  const long width = long(t.width);
  float* p = (float*)(uintptr_t)t.parameter;
  float* m = (float*)(uintptr_t)t.firstMoment;
  float* v = (float*)(uintptr_t)t.secondMoment;
  while (first < last) {
    long next = first + 1;
    while (next < last && (moving[next] != 0) == (moving[first] != 0)) next++;
    const long begin = first * width, count = (next - first) * width;
    if (moving[first]) {
      adamwRun<false>(p + begin, nullptr, 0, m + begin, v + begin, count, c);
    } else if (c.decay != 1) {
      for (long i = begin; i < begin + count; i++) p[i] *= c.decay;
    }
    first = next;
  }
}

/** Rows [first, last) of a tensor of which some rows have a gradient. */
static void adamwRows(const AdamW& t, const AdamWConstants& c, float factor, long first, long last) {
  const int32_t* index = (const int32_t*)(uintptr_t)t.touchedIndex;
  int32_t* moving = (int32_t*)(uintptr_t)t.moving;
  const long count = long(t.touchedRows), width = long(t.width);
  float* p = (float*)(uintptr_t)t.parameter;
  const float* g = (const float*)(uintptr_t)t.gradient;
  float* m = (float*)(uintptr_t)t.firstMoment;
  float* v = (float*)(uintptr_t)t.secondMoment;
  for (long next = std::lower_bound(index, index + count, int32_t(first)) - index; first < last; first++, next++) {
    const long row = next < count ? least(last, long(index[next])) : last;
    adamwRest(t, c, moving, first, row);
    if (row < last) {
      adamwRun<true>(p + row * width, g + next * width, factor, m + row * width, v + row * width, width, c);
      moving[row] = 1;
    }
    first = row;
  }
}

void adamw(Context& context, const double* values, long) {
  Arguments a{values};
  const float* gradientScale = a.floats();
  const long count = a.integer();
  const AdamW* tensors = (const AdamW*)a.next;
  if (!context.reserve(size_t(4 * count), 0)) return;
  long* lengths = (long*)context.shared();
  long* firsts = lengths + count;
  // A tensor of which rows were touched is cut at rows.
  const auto partOf = [](const AdamW& t) {
    return t.touchedIndex ? most(1, kPart / most(1, long(t.width))) * long(t.width) : kPart;
  };
  long parts = 0;
  for (long i = 0; i < count; i++) {
    lengths[i] = long(tensors[i].length);
    firsts[i] = parts;
    parts += ceilDivide(lengths[i], partOf(tensors[i]));
  }
  const float factor = gradientScale ? gradientScale[0] : 1.0f;
  context.pool.each(int(parts), [&](int part, int) {
    const long number = tensorOf(part, firsts, count);
    const AdamW& t = tensors[number];
    const long size = partOf(t), begin = (part - firsts[number]) * size, end = least(lengths[number], begin + size);
    const AdamWConstants c = constantsOf(t);
    if (t.touchedIndex) {
      const long width = long(t.width);
      return adamwRows(t, c, factor, begin / width, end / width);
    }
    adamwRun<true>((float*)(uintptr_t)t.parameter + begin, (const float*)(uintptr_t)t.gradient + begin, factor,
                   (float*)(uintptr_t)t.firstMoment + begin, (float*)(uintptr_t)t.secondMoment + begin, end - begin, c);
  });
}

}  // namespace attune::ATTUNE_ISA
