// Softmax cross-entropy with ignored rows, class weights and label smoothing, and its gradient.
#include "parallel.h"

namespace attune::ATTUNE_ISA {

struct CrossEntropy {
  long rows, classes;
  const float* logits;
  const int32_t* labels;
  long ignoreIndex;
  double smoothing;
  const float* weight;
  float* logSumExp;
  float* normalizer;
};

static CrossEntropy readCrossEntropy(Arguments& a) {
  CrossEntropy c;
  c.rows = a.integer();
  c.classes = a.integer();
  c.logits = a.floats();
  c.labels = a.ints();
  c.ignoreIndex = a.integer();
  c.smoothing = a.number();
  c.weight = a.floats();
  c.logSumExp = a.floats();
  c.normalizer = a.floats();
  return c;
}

static bool labelsFit(Context& context, const CrossEntropy& c) {
  for (long r = 0; r < c.rows; r++) {
    const long label = c.labels[r];
    if (label != c.ignoreIndex && (label < 0 || label >= c.classes)) {
      context.fail("label %ld at index %ld is outside [0, %ld)", label, r, c.classes);
      return false;
    }
  }
  return true;
}

void crossEntropy(Context& context, const double* values, long) {
  Arguments a{values};
  const CrossEntropy c = readCrossEntropy(a);
  float* loss = a.floats();
  if (!labelsFit(context, c) || !context.reserve(size_t(c.rows) * 4, 0)) return;
  double* losses = (double*)context.shared();
  double* weights = losses + c.rows;
  constexpr long run = 1024;
  rowChunks(context, c.rows, c.classes, [&](long begin, long end) {
    for (long r = begin; r < end; r++) {
      const float* p = c.logits + r * c.classes;
      V top = splat(-INFINITY);
      overLanes(0, c.classes, [&](long i, auto lanes) { top = maximum(lanes.pad(lanes.load(p + i), -INFINITY), top); });
      const float m = largest(top);
      double total = 0, smooth = 0, weightTotal = 0;
      for (long start = 0; start < c.classes; start += run) {
        V part = {}, weighted = {}, weightPart = {};
        overLanes(start, least(c.classes, start + run), [&](long i, auto lanes) {
          V x = lanes.load(p + i) - m;
          part += lanes.pad(exponential(x), 0);
          if (c.smoothing > 0) {
            V w = c.weight ? lanes.load(c.weight + i) : lanes.pad(splat(1), 0);
            weighted += w * lanes.pad(x, 0);
            weightPart += w;
          }
        });
        total += sum(part);
        smooth += sum(weighted);
        weightTotal += sum(weightPart);
      }
      const double logTotal = log(total);
      c.logSumExp[r] = float(logTotal + m);
      const long label = c.labels[r];
      if (label == c.ignoreIndex) {
        losses[r] = weights[r] = 0;
        continue;
      }
      weights[r] = c.weight ? c.weight[label] : 1;
      losses[r] = (1 - c.smoothing) * weights[r] * (logTotal - (double(p[label]) - m));
      if (c.smoothing > 0) losses[r] += c.smoothing / double(c.classes) * (weightTotal * logTotal - smooth);
    }
  });
  double total = 0, divisor = 0;
  for (long r = 0; r < c.rows; r++) {
    total += losses[r];
    divisor += weights[r];
  }
  c.normalizer[0] = float(divisor);
  loss[0] = float(total / divisor);
}

void crossEntropyGradient(Context& context, const double* values, long) {
  Arguments a{values};
  const CrossEntropy c = readCrossEntropy(a);
  const float* dLoss = a.floats();
  float* dLogits = a.floats();
  if (!labelsFit(context, c)) return;
  const double scale = double(dLoss[0]) / c.normalizer[0], smooth = c.smoothing / double(c.classes);
  double allWeights = double(c.classes);
  if (c.weight && c.smoothing > 0) {
    allWeights = 0;
    for (long i = 0; i < c.classes; i++) allWeights += c.weight[i];
  }
  rowChunks(context, c.rows, c.classes, [&](long begin, long end) {
    for (long r = begin; r < end; r++) {
      const float* p = c.logits + r * c.classes;
      float* q = dLogits + r * c.classes;
      const long label = c.labels[r];
      if (label == c.ignoreIndex) {
        memset(q, 0, size_t(c.classes) * sizeof(float));
        continue;
      }
      const double own = (1 - c.smoothing) * (c.weight ? c.weight[label] : 1);
      const float probability = float(scale * (own + smooth * allWeights)), each = float(scale * smooth);
      const float shift = c.logSumExp[r];
      overLanes(0, c.classes, [&](long i, auto lanes) {
        V d = exponential(lanes.load(p + i) - shift) * probability;
        if (c.smoothing > 0) d -= c.weight ? lanes.load(c.weight + i) * each : splat(each);
        lanes.store(q + i, d);
      });
      q[label] -= float(scale * own);
    }
  });
}

}  // namespace attune::ATTUNE_ISA
