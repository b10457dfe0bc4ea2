// What attention and its gradient share: the arguments, the plan of the work, copies of operands into rows that vectors
// can read.
#pragma once
#include "parallel.h"
#include "tile.h"

namespace attune::ATTUNE_ISA {

constexpr long kQueries = 64;  // queries in a block
constexpr long kBand = 8;      // queries, or keys, whose relative positions are worked on together

struct Attention {
  long sequences, heads, headDim;
  float scale;
  const float *query, *key, *value;
  long queryStride, keyStride, valueStride;
  const int32_t *queryOffsets, *keyOffsets;
  long maxQuery, maxKey;
  const float* bias;
  long biasHeads;
  const float* relativeBias;
  const float *relativeKey, *relativeQuery;
  long relativeStride;
  const int32_t* keyMask;
  bool causal;
  long window;
  Mask mask;
  float* probabilities;

  bool relative() const { return relativeKey || relativeQuery; }
  long relativeRows() const { return maxQuery + maxKey - 1; }

  /** How many probabilities of a query are kept, and of which key the first of query i is. */
  long kept(long keys) const { return window > 0 ? least(keys, 2 * window + 1) : keys; }
  long firstKept(long i, long keys) const { return window > 0 ? most(0, least(i - window, keys - kept(keys))) : 0; }

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
  t.relativeBias = a.floats();
  t.relativeKey = a.floats();
  t.relativeQuery = a.floats();
  t.relativeStride = a.integer();
  t.keyMask = a.ints();
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
  const float* bias;          // [maxQuery, maxKey] or nullptr
  const float* relativeBias;  // of query 0 and key 0; of query i and key j j - i further
  const float *relativeKey, *relativeQuery;  // rows of the last query and key 0, where there are any
  const int32_t* keyMask;
  long position;  // of its probabilities
  long kept;      // of a query
  long queryRow, keyRow;

  /** Number of distances, and so of rows behind relativeKey and relativeQuery. */
  long distances() const { return queries + keys - 1; }
};

/** The keys [from, to) among [first, last) of which query i keeps probabilities, and where that of key 0 would stand. */
struct Row {
  long from, to, position;
};
static ALWAYS_INLINE Row keptRow(const Attention& t, const Head& x, long i, long first, long last) {
  const long start = t.firstKept(i, x.keys);
  const long from = most(start, first), to = most(from, least(start + x.kept, last));
  return {from, to, x.position + i * x.kept - start};
}

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
    position += t.heads * queries * t.kept(keys);
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
  x.relativeBias = t.relativeBias ? t.relativeBias + h * t.relativeRows() + t.maxQuery - 1 : nullptr;
  const long relative = (t.maxQuery - x.queries) * t.relativeStride + h * t.headDim;
  x.relativeKey = t.relativeKey ? t.relativeKey + relative : nullptr;
  x.relativeQuery = t.relativeQuery ? t.relativeQuery + relative : nullptr;
  x.keyMask = t.keyMask ? t.keyMask + x.keyRow : nullptr;
  x.kept = t.kept(x.keys);
  x.position = positions[s] + h * x.queries * x.kept;
  return x;
}

static ALWAYS_INLINE void clear(float* target, long begin, long end) {
  for (long j = begin; j < end; j++) target[j] = 0;
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
/** Takes pieces of a thread's memory one after another. */
struct Pieces {
  float* next;
  float* take(size_t floats) {
    float* result = next;
    next += floats;
    return result;
  }
};

}  // namespace attune::ATTUNE_ISA
