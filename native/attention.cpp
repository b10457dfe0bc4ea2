// Attention over packed sequences of different lengths. A task is one head of one sequence; its scores are made for a
// block of queries at a time, in memory of the thread's own, over the keys that causality and the window leave. Operands
// that a product reads in vectors are copied into rows of a multiple of W first.
//
// What depends on the distance j - i alone costs hardly more than plain scores do. For a band of few queries all keys are
// a range of distances only a little longer than the keys; one product gives q . relativeKey for that range, and the
// scores of query i are a run of its row. k . relativeQuery is the same with queries and keys exchanged, turned over.
#include "attention.h"

namespace attune::ATTUNE_ISA {

/** What is added to one query's scores, by key; nullptr where it is not. */
struct Terms {
  const float* unscaled;  // before the scale; its first element belongs to the first key of the row
  const float* bias;
  const float* relativeBias;
  const float* keyMask;  // 0 or -infinity
};

/**
 * Makes e^(score - largest) of one row of scores for the keys [first, last), in place, and returns what they are to be
 * multiplied by to be its softmax. Keys that are not allowed get zero, and so does everything where no key is allowed.
 */
static float exponentiateRow(const Attention& t, const Terms& terms, long i, float* scores, long first, long last) {
  const bool masked = t.causal || t.window > 0;
  V top = splat(-INFINITY);
  overLanes(first, last, [&](long j, auto lanes) {
    V x = lanes.load(scores + j - first);
    if (terms.unscaled) x += lanes.load(terms.unscaled + j - first);
    x *= t.scale;
    if (terms.bias) x += lanes.load(terms.bias + j);
    if (terms.relativeBias) x += lanes.load(terms.relativeBias + j);
    if (terms.keyMask) x += lanes.load(terms.keyMask + j);
    if (masked) {
      const I ahead = (I)iota() + int(j - i);
      if (t.causal) x = ahead > 0 ? splat(-INFINITY) : x;
      if (t.window > 0) x = ((ahead > int(t.window)) | (ahead < -int(t.window))) ? splat(-INFINITY) : x;
    }
    lanes.store(scores + j - first, x);
    top = maximum(lanes.pad(x, -INFINITY), top);
  });
  const float m = largest(top), shift = m == -INFINITY ? 0 : m;
  V total = {};
  overLanes(first, last, [&](long j, auto lanes) {
    const V e = exponentialOfNegative(lanes.load(scores + j - first) - shift);
    total += lanes.pad(e, 0);
    lanes.store(scores + j - first, e);
  });
  const float all = sum(total);
  return all == 0 ? 0 : 1 / all;
}

constexpr long kRowsAhead = 8;  // a row takes less time than memory does to answer

/** Calls for the memory of query i's probabilities. */
static ALWAYS_INLINE void prefetchProbabilities(const Attention& t, const Head& x, long i) {
  if (!t.probabilities || i >= x.queries) return;
  const float* p = t.probabilities + x.position + i * x.kept;
  for (long j = 0; j < x.kept; j += 16) __builtin_prefetch(p + j, 1);
}

/** The distances' rows of one head, transposed, for the products with queries and with keys: [headDim, stride]. */
struct Distances {
  float* forKeys;     // distance ascending with the key
  float* forQueries;  // and with the query
  long stride;
};

/** scores[i][j] += q_i . relativeKey[j - i] for the queries [i0, i1) and keys [first, first + keys). */
static void addRelativeKeys(const Attention& t, const Head& x, const Distances& d, long i0, long i1, long first,
                            long keys, float* scores, long width, float* band) {
  for (long a = i0; a < i1; a += kBand) {
    const long n = least(kBand, i1 - a), columns = roundUp(keys + n - 1, W);
    multiply(n, columns, t.headDim, x.query + a * t.queryStride, t.queryStride, 1,
             d.forKeys + first - (a + n - 1) + x.queries - 1, d.stride, band, columns, false);
    for (long i = 0; i < n; i++) {
      float* row = scores + (a + i - i0) * width;
      const float* run = band + i * columns + n - 1 - i;
      overLanes(0, keys, [&](long j, auto lanes) { lanes.store(row + j, lanes.load(row + j) + lanes.load(run + j)); });
    }
  }
}

/** target[i][j] = k_j . relativeQuery[j - i] for the queries [i0, i1) and keys [first, first + keys). */
static void relativeQueries(const Attention& t, const Head& x, const Distances& d, long i0, long i1, long first,
                            long keys, float* target, long width, float* turned, float* band) {
  const long queries = i1 - i0, stride = roundUp(queries, W);
  for (long b = 0; b < keys; b += kBand) {
    const long n = least(kBand, keys - b), columns = roundUp(queries + n - 1, W);
    multiply(n, columns, t.headDim, x.key + (first + b) * t.keyStride, t.keyStride, 1,
             d.forQueries + i0 - (first + b + n - 1) + x.keys - 1, d.stride, band, columns, false);
    for (long j = 0; j < n; j++)
      memcpy(turned + (b + j) * stride, band + j * columns + n - 1 - j, size_t(queries) * sizeof(float));
  }
  transposeInto(turned, stride, keys, queries, target, width);
}

void attention(Context& context, const double* values, long) {
  Arguments a{values};
  const Attention t = readAttention(a);
  float* out = a.floats();
  const long outStride = a.integer();
  const long D = t.headDim, paddedD = roundUp(D, W), maxKeys = roundUp(t.maxKey, W) + W;
  const long maxBand = most(roundUp(t.maxKey + kBand, W), roundUp(kQueries + kBand, W));
  const size_t keyFloats = size_t(D * maxKeys), valueFloats = D == paddedD ? 0 : size_t(t.maxKey * paddedD);
  const size_t scoreFloats = size_t(kQueries * maxKeys), outFloats = D == paddedD ? 0 : size_t(kQueries * paddedD);
  const size_t maskFloats = t.keyMask ? size_t(maxKeys) : 0, bandFloats = t.relative() ? size_t(kBand * maxBand) : 0;
  const size_t distanceFloats = size_t(D * (roundUp(t.relativeRows(), W) + W));
  const size_t relativeKeyFloats = t.relativeKey ? distanceFloats : 0;
  const size_t relativeQueryFloats = t.relativeQuery ? distanceFloats : 0;
  const size_t turnedFloats = t.relativeQuery ? size_t(t.maxKey * roundUp(kQueries, W)) : 0;
  const size_t unscaledFloats = t.relativeQuery ? scoreFloats : 0;
  if (!context.reserve(size_t(4 * (t.sequences + 1)), keyFloats + valueFloats + scoreFloats + outFloats + maskFloats +
                                                          bandFloats + relativeKeyFloats + relativeQueryFloats +
                                                          turnedFloats + unscaledFloats))
    return;
  long* positions = (long*)context.shared();
  long* order = positions + t.sequences + 1;
  if (!plan(context, t, positions, order)) return;

  context.pool.each(int(t.sequences * t.heads), [&](int task, int thread) {
    const Head x = headOf(t, positions, order[task / t.heads], task % t.heads);
    Pieces memory{context.local(thread)};
    float* keys = memory.take(keyFloats);  // transposed: [D, stride]
    float* valueCopy = memory.take(valueFloats);
    float* scores = memory.take(scoreFloats);
    float* outCopy = memory.take(outFloats);
    float* keyMask = memory.take(maskFloats);
    float* band = memory.take(bandFloats);
    float* turned = memory.take(turnedFloats);
    float* unscaled = memory.take(unscaledFloats);
    const Distances distances{memory.take(relativeKeyFloats), memory.take(relativeQueryFloats),
                              roundUp(x.distances(), W) + W};
    float* target = out + x.queryRow * outStride + x.head * D;
    const long stride = roundUp(x.keys, W);
    transposeInto(x.key, t.keyStride, x.keys, D, keys, stride);
    if (x.relativeKey) {
      transposeInto(x.relativeKey, t.relativeStride, x.distances(), D, distances.forKeys, distances.stride);
    }
    if (x.relativeQuery) {
      transposeInto(x.relativeQuery + (x.distances() - 1) * t.relativeStride, -t.relativeStride, x.distances(), D,
                    distances.forQueries, distances.stride);
    }
    for (long j = 0; x.keyMask && j < x.keys; j++) keyMask[j] = x.keyMask[j] ? 0 : -INFINITY;
    const Rows value = padRows(x.value, t.valueStride, x.keys, D, paddedD, valueCopy);
    for (long i0 = 0; i0 < x.queries; i0 += kQueries) {
      const long i1 = least(x.queries, i0 + kQueries), n = i1 - i0;
      long first, last;
      t.range(i0, i1, x.keys, first, last);
      first = first / W * W;
      const long width = roundUp(last - first, W);
      multiply(n, width, D, x.query + i0 * t.queryStride, t.queryStride, 1, keys + first, stride, scores, width, false);
      if (x.relativeKey) addRelativeKeys(t, x, distances, i0, i1, first, last - first, scores, width, band);
      if (x.relativeQuery)
        relativeQueries(t, x, distances, i0, i1, first, last - first, unscaled, width, turned, band);
      for (long i = i0; i < i1; i++) {
        float* row = scores + (i - i0) * width;
        prefetchProbabilities(t, x, i + kRowsAhead);
        const Terms terms{x.relativeQuery ? unscaled + (i - i0) * width : nullptr, x.bias ? x.bias + i * t.maxKey : nullptr,
                          x.relativeBias ? x.relativeBias - i : nullptr, x.keyMask ? keyMask : nullptr};
        const float factor = exponentiateRow(t, terms, i, row, first, last);
        const Row kept = keptRow(t, x, i, first, last);  // zeros are all that is not kept
        overLanes(kept.from, kept.to, [&](long j, auto lanes) {
          const V p = lanes.load(row + j - first) * factor;
          if (t.probabilities) lanes.store(t.probabilities + kept.position + j, p);
          lanes.store(row + j - first, t.mask.active ? p * t.mask(uint32_t(kept.position + j)) : p);
        });
        if (!t.probabilities) continue;
        const long start = t.firstKept(i, x.keys);
        clear(t.probabilities + kept.position, start, least(kept.from, start + x.kept));
        clear(t.probabilities + kept.position, kept.to, start + x.kept);
      }
      if (D == paddedD) {
        multiply(n, D, last - first, scores, width, 1, value.data + first * value.stride, value.stride,
                 target + i0 * outStride, outStride, false);
      } else {
        multiply(n, paddedD, last - first, scores, width, 1, value.data + first * value.stride, value.stride, outCopy,
                 paddedD, false);
        unpadRows(outCopy, n, D, paddedD, target + i0 * outStride, outStride);
      }
    }
  });
}

}  // namespace attune::ATTUNE_ISA
