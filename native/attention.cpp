// Attention over packed sequences of different lengths, and its gradient. A task is one head of one sequence; its scores
// are made for a block of queries at a time, in memory of the thread's own, over the keys that causality and the window
// leave. Operands that a product reads in vectors are copied into rows of a multiple of W first.
#include "parallel.h"
#include "tile.h"

namespace attune::ATTUNE_ISA {

constexpr long kQueries = 64;  // queries in a block

struct Attention {
  long sequences, heads, headDim;
  float scale;
  const float *query, *key, *value;
  long queryStride, keyStride, valueStride;
  const int32_t *queryOffsets, *keyOffsets;
  long maxQuery, maxKey;
  const float* bias;
  long biasHeads;
  bool causal;
  long window;
  Mask mask;
  float* probabilities;

  /** Keys that any of the queries [i0, i1) may see: a range, clipped to the sequence. */
  void range(long i0, long i1, long keys, long& first, long& last) const {
    first = window > 0 ? most(0, i0 - window) : 0;
    last = window > 0 ? least(keys, i1 + window) : keys;
    if (causal) last = least(last, i1);
    last = most(last, first);
    first = least(first, keys);
    last = least(most(last, first), keys);
  }
};

static Attention readAttention(Arguments& a) {
  Attention t;
  t.sequences = a.integer();
  t.heads = a.integer();
  t.headDim = a.integer();
  t.scale = float(a.number());
  t.query = a.floats();
  t.queryStride = a.integer();
  t.key = a.floats();
  t.keyStride = a.integer();
  t.value = a.floats();
  t.valueStride = a.integer();
  t.queryOffsets = a.ints();
  t.keyOffsets = a.ints();
  t.maxQuery = a.integer();
  t.maxKey = a.integer();
  t.bias = a.floats();
  t.biasHeads = a.integer();
  t.causal = a.flag();
  t.window = a.integer();
  t.mask = readMask(a);
  t.probabilities = a.floats();
  return t;
}

/** One head of one sequence. */
struct Head {
  long sequence, head, queries, keys;
  const float *query, *key, *value;
  const float* bias;    // [maxQuery, maxKey] or nullptr
  long position;        // of its probabilities
  long queryRow, keyRow;
};

/**
 * Checks the offsets and writes, for each sequence, the position of its first probability, and a list of the sequences
 * with the longest first, so that no thread is left with a long one at the end.
 */
static bool plan(Context& context, const Attention& t, long* positions, long* order) {
  long position = 0;
  for (long s = 0; s < t.sequences; s++) {
    const long queries = t.queryOffsets[s + 1] - t.queryOffsets[s], keys = t.keyOffsets[s + 1] - t.keyOffsets[s];
    if (queries < 0 || keys < 0 || queries > t.maxQuery || keys > t.maxKey) {
      context.fail("sequence %ld has %ld queries and %ld keys, where at most %ld and %ld were announced", s, queries, keys,
                   t.maxQuery, t.maxKey);
      return false;
    }
    positions[s] = position;
    position += t.heads * queries * keys;
    long at = s;
    const auto work = [&](long i) {
      return long(t.queryOffsets[i + 1] - t.queryOffsets[i]) * (t.keyOffsets[i + 1] - t.keyOffsets[i]);
    };
    for (; at > 0 && work(order[at - 1]) < queries * keys; at--) order[at] = order[at - 1];
    order[at] = s;
  }
  positions[t.sequences] = position;
  return true;
}

static Head headOf(const Attention& t, const long* positions, long s, long h) {
  Head x;
  x.sequence = s;
  x.head = h;
  x.queryRow = t.queryOffsets[s];
  x.keyRow = t.keyOffsets[s];
  x.queries = t.queryOffsets[s + 1] - x.queryRow;
  x.keys = t.keyOffsets[s + 1] - x.keyRow;
  x.query = t.query + x.queryRow * t.queryStride + h * t.headDim;
  x.key = t.key + x.keyRow * t.keyStride + h * t.headDim;
  x.value = t.value + x.keyRow * t.valueStride + h * t.headDim;
  x.bias = t.bias ? t.bias + (t.biasHeads == 1 ? 0 : h) * t.maxQuery * t.maxKey : nullptr;
  x.position = positions[s] + h * x.queries * x.keys;
  return x;
}

/** target[p * stride + i] = source[i * sourceStride + p] for i < n (zero up to stride, a multiple of W), p < width. */
static void transposeInto(const float* source, long sourceStride, long n, long width, float* target, long stride) {
  for (long i = 0; i < stride; i += W) {
    long p = 0;
    for (; p + W <= width; p += W) {
      V x[W];
#pragma GCC unroll 16
      for (int r = 0; r < W; r++) x[r] = i + r < n ? load(source + (i + r) * sourceStride + p) : V{};
      transpose<W>(x);
#pragma GCC unroll 16
      for (int r = 0; r < W; r++) store(target + (p + r) * stride + i, x[r]);
    }
    for (; p < width; p++)
      for (long r = 0; r < W; r++) target[p * stride + i + r] = i + r < n ? source[(i + r) * sourceStride + p] : 0;
  }
}

/** Rows of `width` floats as rows of a multiple of W: the source itself where it is one, else a copy with zeros. */
struct Rows {
  const float* data;
  long stride;
};
static Rows padRows(const float* source, long sourceStride, long n, long width, long padded, float* copy) {
  if (width == padded) return {source, sourceStride};
  for (long i = 0; i < n; i++) {
    memcpy(copy + i * padded, source + i * sourceStride, size_t(width) * sizeof(float));
    for (long p = width; p < padded; p++) copy[i * padded + p] = 0;
  }
  return {copy, padded};
}
static void unpadRows(const float* source, long n, long width, long padded, float* target, long targetStride) {
  for (long i = 0; i < n; i++)
    memcpy(target + i * targetStride, source + i * padded, size_t(width) * sizeof(float));
}
static void zeroRows(float* target, long stride, long n, long width) {
  for (long i = 0; i < n; i++) memset(target + i * stride, 0, size_t(width) * sizeof(float));
}

/**
 * Softmax of one row of scores for the keys [first, last), in place; zero in the rest of [first, firstPadded end). Keys
 * that are not allowed get zero, and so does everything where no key is allowed.
 */
static void softmaxRow(const Attention& t, const float* bias, long i, float* scores, long first, long last, long end) {
  const bool masked = t.causal || t.window > 0;
  V top = splat(-INFINITY);
  overLanes(first, last, [&](long j, auto lanes) {
    V x = lanes.load(scores + j - first) * t.scale;
    if (bias) x += lanes.load(bias + j);
    if (masked) {
      const I ahead = (I)iota() + int(j - i);
      if (t.causal) x = ahead > 0 ? splat(-INFINITY) : x;
      if (t.window > 0) x = ((ahead > int(t.window)) | (ahead < -int(t.window))) ? splat(-INFINITY) : x;
    }
    lanes.store(scores + j - first, x);
    top = maximum(lanes.pad(x, -INFINITY), top);
  });
  const float m = largest(top);
  V total = {};
  overLanes(first, last, [&](long j, auto lanes) {
    V x = lanes.load(scores + j - first);
    V e = exponential(x - m);
    e = x == -INFINITY ? V{} : e;  // also where m itself is -infinity
    total += lanes.pad(e, 0);
    lanes.store(scores + j - first, e);
  });
  const float all = sum(total), factor = all == 0 ? 0 : 1 / all;
  overLanes(first, last, [&](long j, auto lanes) {
    lanes.store(scores + j - first, lanes.load(scores + j - first) * factor);
  });
  for (long j = last; j < end; j++) scores[j - first] = 0;
}

void attention(Context& context, const double* values, long) {
  Arguments a{values};
  const Attention t = readAttention(a);
  float* out = a.floats();
  const long outStride = a.integer();
  const long D = t.headDim, paddedD = roundUp(D, W), maxKeys = roundUp(t.maxKey, W) + W;
  const size_t keyFloats = size_t(D * maxKeys), valueFloats = D == paddedD ? 0 : size_t(t.maxKey * paddedD);
  const size_t scoreFloats = size_t(kQueries * maxKeys), outFloats = D == paddedD ? 0 : size_t(kQueries * paddedD);
  if (!context.reserve(size_t(4 * (t.sequences + 1)), keyFloats + valueFloats + scoreFloats + outFloats)) return;
  long* positions = (long*)context.shared();
  long* order = positions + t.sequences + 1;
  if (!plan(context, t, positions, order)) return;

  context.pool.each(int(t.sequences * t.heads), [&](int task, int thread) {
    const Head x = headOf(t, positions, order[task / t.heads], task % t.heads);
    float* keys = context.local(thread);  // transposed: [D, stride]
    float* valueCopy = keys + keyFloats;
    float* scores = valueCopy + valueFloats;
    float* outCopy = scores + scoreFloats;
    float* target = out + x.queryRow * outStride + x.head * D;
    const long stride = roundUp(x.keys, W);
    transposeInto(x.key, t.keyStride, x.keys, D, keys, stride);
    const Rows value = padRows(x.value, t.valueStride, x.keys, D, paddedD, valueCopy);
    for (long i0 = 0; i0 < x.queries; i0 += kQueries) {
      const long i1 = least(x.queries, i0 + kQueries), n = i1 - i0;
      long first, last;
      t.range(i0, i1, x.keys, first, last);
      first = first / W * W;
      const long width = roundUp(last - first, W);
      multiply(n, width, D, x.query + i0 * t.queryStride, t.queryStride, 1, keys + first, stride, scores, width, false);
      for (long i = i0; i < i1; i++) {
        float* row = scores + (i - i0) * width;
        softmaxRow(t, x.bias ? x.bias + i * t.maxKey : nullptr, i, row, first, last, first + width);
        float* kept = t.probabilities + x.position + i * x.keys;
        for (long j = 0; j < first; j++) kept[j] = 0;
        for (long j = last; j < x.keys; j++) kept[j] = 0;
        memcpy(kept + first, row, size_t(last - first) * sizeof(float));
        if (t.mask.active) {
          const uint32_t index = uint32_t(x.position + i * x.keys + first);
          for (long j = 0; j < width; j += W) store(row + j, load(row + j) * t.mask(index + uint32_t(j)));
        }
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

void attentionGradient(Context& context, const double* values, long) {
  Arguments a{values};
  const Attention t = readAttention(a);
  const float* dOut = a.floats();
  const long dOutStride = a.integer();
  float* dQuery = a.floats();
  const long dQueryStride = a.integer();
  float* dKey = a.floats();
  const long dKeyStride = a.integer();
  float* dValue = a.floats();
  const long dValueStride = a.integer();
  float* dBias = a.floats();

  const long D = t.headDim, paddedD = roundUp(D, W), maxKeys = roundUp(t.maxKey, W) + W;
  const bool pad = D != paddedD;
  const size_t keyFloats = size_t(t.maxKey * paddedD), valueFloats = size_t(D * maxKeys);
  const size_t blockFloats = size_t(kQueries * maxKeys), rowFloats = size_t(kQueries * paddedD);
  const size_t localFloats = (pad ? 3 * keyFloats + 3 * rowFloats : 0) + valueFloats + 2 * blockFloats;
  const size_t planFloats = size_t(roundUp(4 * (t.sequences + 1), 16));
  // The bias's gradient is summed over sequences (and heads) in order once the scores' gradients stand side by side.
  size_t kept = 0;
  if (dBias) {
    for (long s = 0; s < t.sequences; s++) {
      kept += size_t(t.heads) * size_t(t.queryOffsets[s + 1] - t.queryOffsets[s]) *
              size_t(t.keyOffsets[s + 1] - t.keyOffsets[s]);
    }
  }
  if (!context.reserve(planFloats + kept, localFloats)) return;
  long* positions = (long*)context.shared();
  long* order = positions + t.sequences + 1;
  float* dScores = context.shared() + planFloats;
  if (!plan(context, t, positions, order)) return;

  context.pool.each(int(t.sequences * t.heads), [&](int task, int thread) {
    const Head x = headOf(t, positions, order[task / t.heads], task % t.heads);
    float* memory = context.local(thread);
    const auto take = [&](size_t floats) {
      float* result = memory;
      memory += floats;
      return result;
    };
    float* values = take(valueFloats);  // transposed: [D, stride]
    float* dropped = take(blockFloats);
    float* dBlock = take(blockFloats);
    float* keyCopy = pad ? take(keyFloats) : nullptr;
    float* dKeyCopy = pad ? take(keyFloats) : nullptr;
    float* dValueCopy = pad ? take(keyFloats) : nullptr;
    float* queryCopy = pad ? take(rowFloats) : nullptr;
    float* dOutCopy = pad ? take(rowFloats) : nullptr;
    float* dQueryCopy = pad ? take(rowFloats) : nullptr;

    const float* dTarget = dOut + x.queryRow * dOutStride + x.head * D;
    float* dq = dQuery + x.queryRow * dQueryStride + x.head * D;
    float* dk = dKey + x.keyRow * dKeyStride + x.head * D;
    float* dv = dValue + x.keyRow * dValueStride + x.head * D;
    float* dkSum = pad ? dKeyCopy : dk;
    float* dvSum = pad ? dValueCopy : dv;
    const long dkStride = pad ? paddedD : dKeyStride, dvStride = pad ? paddedD : dValueStride;
    zeroRows(dkSum, dkStride, x.keys, pad ? paddedD : D);
    zeroRows(dvSum, dvStride, x.keys, pad ? paddedD : D);
    const long stride = roundUp(x.keys, W);
    transposeInto(x.value, t.valueStride, x.keys, D, values, stride);
    const Rows key = padRows(x.key, t.keyStride, x.keys, D, paddedD, keyCopy);

    for (long i0 = 0; i0 < x.queries; i0 += kQueries) {
      const long i1 = least(x.queries, i0 + kQueries), n = i1 - i0;
      long first, last;
      t.range(i0, i1, x.keys, first, last);
      first = first / W * W;
      const long width = roundUp(last - first, W), keys = last - first;
      const Rows query = padRows(x.query + i0 * t.queryStride, t.queryStride, n, D, paddedD, queryCopy);
      const Rows d = padRows(dTarget + i0 * dOutStride, dOutStride, n, D, paddedD, dOutCopy);
      const float* p = t.probabilities + x.position + i0 * x.keys + first;
      for (long i = 0; i < n; i++) {
        const uint32_t index = uint32_t(x.position + (i0 + i) * x.keys + first);
        float* row = dropped + i * width;
        overLanes(0, keys, [&](long j, auto lanes) {
          V v = lanes.load(p + i * x.keys + j);
          store(row + j, t.mask.active ? v * t.mask(index + uint32_t(j)) : v);
        });
      }
      // dV += dropped^T dOut; dP = dropout(dOut V^T)
      multiply(keys, paddedD, n, dropped, 1, width, d.data, d.stride, dvSum + first * dvStride, dvStride, true);
      multiply(n, width, D, dTarget + i0 * dOutStride, dOutStride, 1, values + first, stride, dBlock, width, false);
      for (long i = 0; i < n; i++) {
        float *row = dBlock + i * width, *dropRow = dropped + i * width;
        V products = {};  // row sum of dP * P, dropout being the same factor on either side
        overLanes(0, keys, [&](long j, auto lanes) { products += lanes.load(row + j) * lanes.load(dropRow + j); });
        const float total = sum(products);
        overLanes(0, keys, [&](long j, auto lanes) {
          V g = load(row + j) * load(dropRow + j) - lanes.load(p + i * x.keys + j) * total;
          if (dBias) lanes.store(dScores + x.position + (i0 + i) * x.keys + first + j, g);
          store(row + j, g * t.scale);
        });
        if (dBias) {
          float* whole = dScores + x.position + (i0 + i) * x.keys;
          for (long j = 0; j < first; j++) whole[j] = 0;
          for (long j = last; j < x.keys; j++) whole[j] = 0;
        }
      }
      // dQ = dS K; dK += dS^T Q
      if (pad) {
        multiply(n, paddedD, keys, dBlock, width, 1, key.data + first * key.stride, key.stride, dQueryCopy, paddedD, false);
        unpadRows(dQueryCopy, n, D, paddedD, dq + i0 * dQueryStride, dQueryStride);
      } else {
        multiply(n, D, keys, dBlock, width, 1, key.data + first * key.stride, key.stride, dq + i0 * dQueryStride,
                 dQueryStride, false);
      }
      multiply(keys, paddedD, n, dBlock, 1, width, query.data, query.stride, dkSum + first * dkStride, dkStride, true);
    }
    if (pad) {
      unpadRows(dKeyCopy, x.keys, D, paddedD, dk, dKeyStride);
      unpadRows(dValueCopy, x.keys, D, paddedD, dv, dValueStride);
    }
  });

  if (!dBias) return;
  context.pool.each(int(t.biasHeads * t.maxQuery), [&](int task, int) {
    const long biasHead = task / t.maxQuery, i = task % t.maxQuery;
    float* row = dBias + (biasHead * t.maxQuery + i) * t.maxKey;
    memset(row, 0, size_t(t.maxKey) * sizeof(float));
    for (long s = 0; s < t.sequences; s++) {
      const long queries = t.queryOffsets[s + 1] - t.queryOffsets[s], keys = t.keyOffsets[s + 1] - t.keyOffsets[s];
      if (i >= queries) continue;
      const long h0 = t.biasHeads == 1 ? 0 : biasHead, h1 = t.biasHeads == 1 ? t.heads : biasHead + 1;
      for (long h = h0; h < h1; h++) {
        const float* g = dScores + positions[s] + (h * queries + i) * keys;
        for (long j = 0; j < keys; j++) row[j] += g[j];
      }
    }
  });
}

}  // namespace attune::ATTUNE_ISA
