// The gradient of attention: see attention.cpp for how the work is cut. What is summed over sequences (the gradients of
// biases and of relative rows) is summed first within the task that works on it, then over the tasks in order.
#include "attention.h"

namespace attune::ATTUNE_ISA {

constexpr long kGroups = 4;  // of sequences, where each group keeps sums of the size of the relative rows

static void zeroRows(float* target, long stride, long n, long width) {
  for (long i = 0; i < n; i++) memset(target + i * stride, 0, size_t(width) * sizeof(float));
}

/**
 * target[rows, width] (+)= left^T right, where left is [n, rows] with rows `stride` apart: added to the first `again` rows,
 * written to the others.
 */
static void addProduct(long again, long rows, long width, long n, const float* left, long stride, Rows right,
                       float* target, long targetStride) {
  multiply(again, width, n, left, 1, stride, right.data, right.stride, target, targetStride, true);
  multiply(rows - again, width, n, left + again, 1, stride, right.data, right.stride, target + again * targetStride,
           targetStride, false);
}

/** One head's sums over the sequences of a group; rows of the relative ones have a multiple of W floats. */
struct Sums {
  float *relativeBias, *relativeKey, *relativeQuery;
};

/** dS of a block of queries: [queries, width] for the keys [first, first + keys), times the scale. */
struct Block {
  long i0, queries, first, keys, width;
  const float* dScores;
};

/** Puts row i of a band `n - 1 - i` columns to the right, zeros around it: columns are distances then. */
static void skewRow(const float* row, long length, long i, long n, float* target, long columns) {
  const long left = n - 1 - i;
  memset(target, 0, size_t(left) * sizeof(float));
  memcpy(target + left, row, size_t(length) * sizeof(float));
  memset(target + left + length, 0, size_t(columns - left - length) * sizeof(float));
}

/** dQ += dS relativeKey, and the sum of relativeKey += dS^T Q. `rows` are relativeKey's from the first distance on. */
static void relativeKeyGradient(const Head& x, const Block& block, Rows query, Rows rows, float* sums, long paddedD,
                                float* dQuery, long dQueryStride, float* band) {
  for (long a = 0; a < block.queries; a += kBand) {
    const long n = least(kBand, block.queries - a), columns = block.keys + n - 1;
    for (long i = 0; i < n; i++)
      skewRow(block.dScores + (a + i) * block.width, block.keys, i, n, band + i * columns, columns);
    const long distance = block.first - (block.i0 + a + n - 1) + x.queries - 1;
    multiply(n, paddedD, columns, band, columns, 1, rows.data + distance * rows.stride, rows.stride,
             dQuery + a * dQueryStride, dQueryStride, true);
    multiply(columns, paddedD, n, band, 1, columns, query.data + a * query.stride, query.stride,
             sums + distance * paddedD, paddedD, true);
  }
}

/**
 * dK += dS^T relativeQuery, and the sum of relativeQuery += dS K. `rows` and `sums` start at the last distance and go
 * backward; `turned` is memory for dS^T.
 */
static void relativeQueryGradient(const Head& x, const Block& block, Rows key, Rows rows, float* sums, long paddedD,
                                  float* dKey, long dKeyStride, float* turned, float* band) {
  const long stride = roundUp(block.queries, W);
  transposeInto(block.dScores, block.width, block.queries, block.keys, turned, stride);
  for (long b = 0; b < block.keys; b += kBand) {
    const long n = least(kBand, block.keys - b), columns = block.queries + n - 1, j = block.first + b;
    for (long i = 0; i < n; i++) skewRow(turned + (b + i) * stride, block.queries, i, n, band + i * columns, columns);
    const long distance = block.i0 - (j + n - 1) + x.keys - 1;
    multiply(n, paddedD, columns, band, columns, 1, rows.data + distance * rows.stride, rows.stride,
             dKey + j * dKeyStride, dKeyStride, true);
    multiply(columns, paddedD, n, band, 1, columns, key.data + j * key.stride, key.stride, sums - distance * paddedD,
             -paddedD, true);
  }
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
  float* dRelativeBias = a.floats();
  float* dRelativeKey = a.floats();
  float* dRelativeQuery = a.floats();
  const long dRelativeStride = a.integer();

  const long D = t.headDim, paddedD = roundUp(D, W), maxKeys = roundUp(t.maxKey, W) + W;
  const bool pad = D != paddedD;
  const long groups = t.relative() ? least(t.sequences, kGroups) : t.sequences;
  const long distances = t.relativeRows();
  // Memory: of a thread
  const size_t keyFloats = pad ? size_t(t.maxKey * paddedD) : 0, valueFloats = size_t(D * maxKeys);
  const size_t blockFloats = size_t(kQueries * maxKeys), rowFloats = pad ? size_t(kQueries * paddedD) : 0;
  const size_t distanceFloats = pad ? size_t(distances * paddedD) : 0;
  const size_t bandFloats = t.relative() ? size_t(kBand * (most(t.maxKey, kQueries) + kBand)) : 0;
  const size_t turnedFloats = t.relativeQuery ? size_t(t.maxKey * roundUp(kQueries, W)) : 0;
  const size_t localFloats = 3 * keyFloats + 3 * rowFloats + valueFloats + 2 * blockFloats + 2 * distanceFloats +
                             bandFloats + turnedFloats;
  // and shared: the plan, the scores' gradients where the bias's is summed from them, each task's sums
  const size_t planFloats = size_t(roundUp(4 * (t.sequences + 1), 16));
  size_t scoreFloats = 0;
  for (long s = 0; dBias && s < t.sequences; s++) {
    const long keys = t.keyOffsets[s + 1] - t.keyOffsets[s];
    scoreFloats += size_t(t.heads * (t.queryOffsets[s + 1] - t.queryOffsets[s]) * t.kept(keys));
  }
  const size_t biasFloats = dRelativeBias ? size_t(distances) : 0;
  const size_t relativeKeyFloats = t.relativeKey ? size_t(distances * paddedD) : 0;
  const size_t relativeQueryFloats = t.relativeQuery ? size_t(distances * paddedD) : 0;
  const size_t sumFloats = biasFloats + relativeKeyFloats + relativeQueryFloats;
  if (!context.reserve(planFloats + scoreFloats + size_t(groups * t.heads) * sumFloats, localFloats)) return;
  long* positions = (long*)context.shared();
  long* order = positions + t.sequences + 1;
  float* dScores = context.shared() + planFloats;
  float* sumMemory = dScores + scoreFloats;
  const auto sumsOf = [&](long group, long head) {
    Pieces pieces{sumMemory + size_t(group * t.heads + head) * sumFloats};
    Sums sums;
    sums.relativeBias = pieces.take(biasFloats);
    sums.relativeKey = pieces.take(relativeKeyFloats);
    sums.relativeQuery = pieces.take(relativeQueryFloats);
    return sums;
  };
  if (!plan(context, t, positions, order)) return;

  const auto oneSequence = [&](const Head& x, const Sums& sums, Pieces memory) {
    float* values = memory.take(valueFloats);  // transposed: [D, stride]
    float* dropped = memory.take(blockFloats);
    float* dBlock = memory.take(blockFloats);
    float* keyCopy = memory.take(keyFloats);
    float* dKeyCopy = memory.take(keyFloats);
    float* dValueCopy = memory.take(keyFloats);
    float* queryCopy = memory.take(rowFloats);
    float* dOutCopy = memory.take(rowFloats);
    float* dQueryCopy = memory.take(rowFloats);
    float* relativeKeyCopy = memory.take(distanceFloats);
    float* relativeQueryCopy = memory.take(distanceFloats);
    float* band = memory.take(bandFloats);
    float* turned = memory.take(turnedFloats);

    const float* dTarget = dOut + x.queryRow * dOutStride + x.head * D;
    float* dq = dQuery + x.queryRow * dQueryStride + x.head * D;
    float* dk = dKey + x.keyRow * dKeyStride + x.head * D;
    float* dv = dValue + x.keyRow * dValueStride + x.head * D;
    float* dkSum = pad ? dKeyCopy : dk;
    float* dvSum = pad ? dValueCopy : dv;
    const long dkStride = pad ? paddedD : dKeyStride, dvStride = pad ? paddedD : dValueStride;
    long summed = 0;  // keys whose gradients hold the sums of earlier blocks
    const long stride = roundUp(x.keys, W);
    transposeInto(x.value, t.valueStride, x.keys, D, values, stride);
    const Rows key = padRows(x.key, t.keyStride, x.keys, D, paddedD, keyCopy);
    Rows relativeKey{}, relativeQuery{};
    if (x.relativeKey) {
      relativeKey = padRows(x.relativeKey, t.relativeStride, x.distances(), D, paddedD, relativeKeyCopy);
    }
    if (x.relativeQuery) {
      relativeQuery = padRows(x.relativeQuery + (x.distances() - 1) * t.relativeStride, -t.relativeStride, x.distances(),
                              D, paddedD, relativeQueryCopy);
    }
    const long shortage = t.maxQuery - x.queries;  // distances before this sequence's first
    for (long i0 = 0; i0 < x.queries; i0 += kQueries) {
      const long i1 = least(x.queries, i0 + kQueries), n = i1 - i0;
      long first, last;
      t.range(i0, i1, x.keys, first, last);
      first = first / W * W;
      const long width = roundUp(last - first, W), keys = last - first;
      const Rows query = padRows(x.query + i0 * t.queryStride, t.queryStride, n, D, paddedD, queryCopy);
      const Rows d = padRows(dTarget + i0 * dOutStride, dOutStride, n, D, paddedD, dOutCopy);
      for (long i = 0; i < n; i++) {
        const Row kept = keptRow(t, x, i0 + i, first, last);
        const float* p = t.probabilities + kept.position;
        float* row = dropped + i * width - first;
        clear(row, first, kept.from);
        overLanes(kept.from, kept.to, [&](long j, auto lanes) {
          V v = lanes.load(p + j);
          lanes.store(row + j, t.mask.active ? v * t.mask(uint32_t(kept.position + j)) : v);
        });
        clear(row, kept.to, first + width);
      }
      zeroRows(dvSum + summed * dvStride, dvStride, first - summed, paddedD);  // no query sees these keys
      zeroRows(dkSum + summed * dkStride, dkStride, first - summed, paddedD);
      summed = most(summed, first);
      const long again = least(summed, last) - first;
      summed = most(summed, last);
      // dV += dropped^T dOut; dP = dropout(dOut V^T)
      addProduct(again, keys, paddedD, n, dropped, width, d, dvSum + first * dvStride, dvStride);
      multiply(n, width, D, dTarget + i0 * dOutStride, dOutStride, 1, values + first, stride, dBlock, width, false);
      for (long i = 0; i < n; i++) {
        const Row kept = keptRow(t, x, i0 + i, first, last);
        const float* p = t.probabilities + kept.position;
        float *row = dBlock + i * width - first, *dropRow = dropped + i * width - first;
        V products = {};  // row sum of dP * P, dropout being the same factor on either side
        overLanes(kept.from, kept.to,
                  [&](long j, auto lanes) { products += lanes.load(row + j) * lanes.load(dropRow + j); });
        const float total = sum(products);
        float* scores = dBias ? dScores + kept.position : nullptr;
        float* relativeSum = dRelativeBias ? sums.relativeBias + t.maxQuery - 1 - (i0 + i) : nullptr;
        clear(row, first, kept.from);
        overLanes(kept.from, kept.to, [&](long j, auto lanes) {
          V g = lanes.load(row + j) * lanes.load(dropRow + j) - lanes.load(p + j) * total;
          if (scores) lanes.store(scores + j, g);
          if (relativeSum) lanes.store(relativeSum + j, lanes.load(relativeSum + j) + g);
          lanes.store(row + j, g * t.scale);
        });
        clear(row, kept.to, first + width);
        if (scores) {
          const long start = t.firstKept(i0 + i, x.keys);
          clear(scores, start, least(kept.from, start + x.kept));
          clear(scores, kept.to, start + x.kept);
        }
      }
      // dQ = dS K; dK += dS^T Q
      float* dqBlock = pad ? dQueryCopy : dq + i0 * dQueryStride;
      const long dqStride = pad ? paddedD : dQueryStride;
      multiply(n, paddedD, keys, dBlock, width, 1, key.data + first * key.stride, key.stride, dqBlock, dqStride, false);
      addProduct(again, keys, paddedD, n, dBlock, width, query, dkSum + first * dkStride, dkStride);
      const Block block{i0, n, first, keys, width, dBlock};
      if (x.relativeKey) {
        relativeKeyGradient(x, block, query, relativeKey, sums.relativeKey + shortage * paddedD, paddedD, dqBlock,
                            dqStride, band);
      }
      if (x.relativeQuery) {
        relativeQueryGradient(x, block, key, relativeQuery,
                              sums.relativeQuery + (shortage + x.distances() - 1) * paddedD, paddedD, dkSum, dkStride,
                              turned, band);
      }
      if (pad) unpadRows(dQueryCopy, n, D, paddedD, dq + i0 * dQueryStride, dQueryStride);
    }
    zeroRows(dvSum + summed * dvStride, dvStride, x.keys - summed, paddedD);
    zeroRows(dkSum + summed * dkStride, dkStride, x.keys - summed, paddedD);
    if (pad) {
      unpadRows(dKeyCopy, x.keys, D, paddedD, dk, dKeyStride);
      unpadRows(dValueCopy, x.keys, D, paddedD, dv, dValueStride);
    }
  };

  context.pool.each(int(groups * t.heads), [&](int task, int thread) {
    const long group = task / t.heads, head = task % t.heads;
    const Sums sums = sumsOf(group, head);
    memset(sumMemory + size_t(group * t.heads + head) * sumFloats, 0, sumFloats * sizeof(float));
    for (long s = group; s < t.sequences; s += groups) {
      oneSequence(headOf(t, positions, order[s], head), sums, Pieces{context.local(thread)});
    }
  });

  if (dBias) {
    context.pool.each(int(t.biasHeads * t.maxQuery), [&](int task, int) {
      const long biasHead = task / t.maxQuery, i = task % t.maxQuery;
      float* row = dBias + (biasHead * t.maxQuery + i) * t.maxKey;
      memset(row, 0, size_t(t.maxKey) * sizeof(float));
      for (long s = 0; s < t.sequences; s++) {
        const long queries = t.queryOffsets[s + 1] - t.queryOffsets[s], keys = t.keyOffsets[s + 1] - t.keyOffsets[s];
        if (i >= queries) continue;
        const long h0 = t.biasHeads == 1 ? 0 : biasHead, h1 = t.biasHeads == 1 ? t.heads : biasHead + 1;
        const long kept = t.kept(keys), start = t.firstKept(i, keys);
        for (long h = h0; h < h1; h++) {
          const float* g = dScores + positions[s] + (h * queries + i) * kept;
          for (long j = 0; j < kept; j++) row[start + j] += g[j];
        }
      }
    });
  }
  if (dRelativeBias) {
    context.pool.each(int(t.heads), [&](int head, int) {
      overLanes(0, distances, [&](long r, auto lanes) {
        V total = {};
        for (long group = 0; group < groups; group++) total += lanes.load(sumsOf(group, head).relativeBias + r);
        lanes.store(dRelativeBias + head * distances + r, total);
      });
    });
  }
  const auto sumRows = [&](float* target, float* Sums::* which) {
    rowChunks(context, distances, t.heads * D * groups, [&](long begin, long end) {
      for (long head = 0; head < t.heads; head++) {
        for (long r = begin; r < end; r++) {
          overLanes(0, D, [&](long e, auto lanes) {
            V total = {};
            for (long group = 0; group < groups; group++)
              total += lanes.load(sumsOf(group, head).*which + r * paddedD + e);
            lanes.store(target + r * dRelativeStride + head * D + e, total);
          });
        }
      }
    });
  };
  if (dRelativeKey) sumRows(dRelativeKey, &Sums::relativeKey);
  if (dRelativeQuery) sumRows(dRelativeQuery, &Sums::relativeQuery);
}

}  // namespace attune::ATTUNE_ISA
