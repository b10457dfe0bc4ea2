// LayerNorm over rows, with dropout and residual before it, and its gradient.
#include "parallel.h"

namespace attune::ATTUNE_ISA {

void layerNorm(Context& context, const double* values, long) {
  Arguments a{values};
  const long rows = a.integer(), width = a.integer();
  const double epsilon = a.number();
  const float* x = a.floats();
  const float* residual = a.floats();
  const Mask mask = readMask(a);
  const float* gamma = a.floats();
  const float* beta = a.floats();
  float* out = a.floats();
  float* normalized = a.floats();
  float* rstd = a.floats();
  if (!context.reserve(0, size_t(width))) return;
  const long group = most(1, kChunk / most(1, width));
  context.pool.each(int(ceilDivide(rows, group)), [&](int task, int thread) {
    float* z = context.local(thread);
    for (long r = task * group; r < least(rows, (task + 1) * group); r++) {
      const long start = r * width;
      V total = {};
      overLanes(0, width, [&](long i, auto lanes) {
        V v = lanes.load(x + start + i);
        if (mask.active) v *= mask(uint32_t(start + i));
        if (residual) v += lanes.load(residual + start + i);
        lanes.store(z + i, v);
        total += v;
      });
      const float mean = sum(total) / float(width);
      V squares = {};
      overLanes(0, width, [&](long i, auto lanes) {
        V d = lanes.load(z + i) - mean;
        squares += lanes.pad(d * d, 0);
      });
      const float scale = float(1 / sqrt(sum(squares) / double(width) + epsilon));
      if (rstd) rstd[r] = scale;
      overLanes(0, width, [&](long i, auto lanes) {
        V v = (lanes.load(z + i) - mean) * scale;
        if (normalized) lanes.store(normalized + start + i, v);
        v = v * lanes.load(gamma + i);
        if (beta) v += lanes.load(beta + i);
        lanes.store(out + start + i, v);
      });
    }
  });
}

void layerNormGradient(Context& context, const double* values, long) {
  Arguments a{values};
  const long rows = a.integer(), width = a.integer();
  const float* dOut = a.floats();
  const float* normalized = a.floats();
  const float* rstd = a.floats();
  const float* gamma = a.floats();
  const Mask mask = readMask(a);
  float* dSum = a.floats();
  float* dX = a.floats();
  float* dGamma = a.floats();
  float* dBeta = a.floats();
  // Gradients of gamma and beta: summed over groups of rows, then over the groups, in order.
  constexpr long group = 16;
  const long groups = ceilDivide(rows, group), padded = roundUp(width, W);
  if (!context.reserve(size_t(groups * 2 * padded), 0)) return;
  float* parts = context.shared();
  const bool parameters = dGamma || dBeta;
  context.pool.each(int(groups), [&](int task, int) {
    float* partGamma = parts + task * 2 * padded;
    float* partBeta = partGamma + padded;
    if (parameters) memset(partGamma, 0, size_t(2 * padded) * sizeof(float));
    for (long r = task * group; r < least(rows, (task + 1) * group); r++) {
      const long start = r * width;
      const float *dy = dOut + start, *x = normalized + start;
      V plain = {}, weighted = {};
      overLanes(0, width, [&](long i, auto lanes) {
        V d = lanes.load(dy + i), v = lanes.load(x + i), g = d * lanes.load(gamma + i);
        plain += g;
        weighted += g * v;
        if (parameters) {
          store(partGamma + i, load(partGamma + i) + d * v);
          store(partBeta + i, load(partBeta + i) + d);
        }
      });
      const float meanPlain = sum(plain) / float(width), meanWeighted = sum(weighted) / float(width);
      overLanes(0, width, [&](long i, auto lanes) {
        V g = lanes.load(dy + i) * lanes.load(gamma + i);
        V d = (g - meanPlain - lanes.load(x + i) * meanWeighted) * rstd[r];
        lanes.store(dSum + start + i, d);
        if (dX) lanes.store(dX + start + i, mask.active ? d * mask(uint32_t(start + i)) : d);
      });
    }
  });
  if (!parameters) return;
  chunks(
      context, width,
      [&](long begin, long end) {
        overLanes(begin, end, [&](long i, auto lanes) {
          V gammaTotal = {}, betaTotal = {};
          for (long k = 0; k < groups; k++) {
            gammaTotal += load(parts + k * 2 * padded + i);
            betaTotal += load(parts + k * 2 * padded + padded + i);
          }
          if (dGamma) lanes.store(dGamma + i, gammaTotal);
          if (dBeta) lanes.store(dBeta + i, betaTotal);
        });
      },
      256);
}

}  // namespace attune::ATTUNE_ISA
