// What a training step needs beside products: LayerNorm, the loss, norms and AdamW.
#include "harness.h"

namespace attune::test {

static void layerNorm(Run& run) {
  for (long width : {1L, 5L, 16L, 131L, 768L}) {
    const long rows = 45;
    const double epsilon = 1e-5;
    const Dropout dropout{true, 0.2, 11, 12};
    const Floats x = numbers(rows * width, 1), residual = numbers(rows * width, 2), gamma = numbers(width, 3);
    const Floats beta = numbers(width, 4), dy = numbers(rows * width, 5);
    Floats out(rows * width), normalized(rows * width), rstd(rows);
    run.call(layerNormOpcode, {rows, width, epsilon, x, residual, dropout.arguments(), gamma, beta, out, normalized, rstd});
    Floats dSum(rows * width), dX(rows * width), dGamma(width), dBeta(width);
    run.call(layerNormGradientOpcode,
             {rows, width, dy, normalized, rstd, gamma, dropout.arguments(), dSum, dX, dGamma, dBeta});
    Doubles y(rows * width), ds(rows * width), dx(rows * width), dg(width), db(width);
    double largest = 1;
    for (long r = 0; r < rows; r++) {
      Doubles z(width), hat(width);
      double mean = 0, variance = 0, plain = 0, weighted = 0;
      for (long i = 0; i < width; i++) {
        const long at = r * width + i;
        z[i] = x[at] * dropout(at) + residual[at];
        mean += z[i] / double(width);
      }
      for (double v : z) variance += (v - mean) * (v - mean) / double(width);
      const double scale = 1 / std::sqrt(variance + epsilon);
      largest = std::fmax(largest, scale);
      for (long i = 0; i < width; i++) {
        const long at = r * width + i;
        hat[i] = (z[i] - mean) * scale;
        y[at] = hat[i] * gamma[i] + beta[i];
        plain += dy[at] * gamma[i] / double(width);
        weighted += dy[at] * gamma[i] * hat[i] / double(width);
        dg[i] += dy[at] * hat[i];
        db[i] += dy[at];
      }
      for (long i = 0; i < width; i++) {
        const long at = r * width + i;
        ds[at] = (dy[at] * gamma[i] - plain - hat[i] * weighted) * scale;
        dx[at] = ds[at] * dropout(at);
      }
    }
    const double tolerance = largest * 4 * rounding(double(width));
    run.expect("layerNorm", out, y, tolerance);
    run.expect("layerNorm's dSum", dSum, ds, tolerance * largest);
    run.expect("layerNorm's dX", dX, dx, tolerance * largest);
    run.expect("layerNorm's dGamma", dGamma, dg, tolerance * std::sqrt(double(rows)));
    run.expect("layerNorm's dBeta", dBeta, db, rounding(double(rows)));
  }
}

static void crossEntropy(Run& run) {
  for (long classes : {2L, 33L, 2500L}) {
    const long rows = 29;
    const double smoothing = 0.1;
    Floats logits = numbers(rows * classes, 1), weight = numbers(classes, 2);
    for (float& v : logits) v *= 10;
    for (float& v : weight) v = 0.5f + std::fabs(v);
    Ints labels = integers(rows, int(classes), 3);
    labels[4] = labels[20] = -100;
    Floats logSumExp(rows), normalizer(1), loss(1), dLogits(rows * classes);
    const Floats dLoss = {0.5f};
    const Arguments call = {rows, classes, logits, labels, -100, smoothing, weight, logSumExp, normalizer};
    run.call(crossEntropyOpcode, {call, loss});
    run.call(crossEntropyGradientOpcode, {call, dLoss, dLogits});
    double total = 0, divisor = 0, allWeights = 0;
    for (float w : weight) allWeights += w;
    for (long r = 0; r < rows; r++) divisor += labels[r] == -100 ? 0 : weight[labels[r]];
    Doubles gradient(rows * classes);
    for (long r = 0; r < rows; r++) {
      if (labels[r] == -100) continue;
      const float* x = logits.data() + r * classes;
      double sum = 0;
      for (long i = 0; i < classes; i++) sum += std::exp(double(x[i]));
      const double share = smoothing / double(classes), own = (1 - smoothing) * weight[labels[r]];
      for (long i = 0; i < classes; i++) {
        const double logP = x[i] - std::log(sum), target = (i == labels[r] ? own : 0) + share * weight[i];
        total -= target * logP;
        gradient[r * classes + i] = 0.5 / divisor * (std::exp(logP) * (own + share * allWeights) - target);
      }
    }
    run.expect("crossEntropy", loss, {total / divisor}, rounding(double(classes)));
    run.expect("crossEntropy's gradient", dLogits, gradient, rounding(double(classes)));
    labels[9] = int32_t(classes);
    char message[64];
    snprintf(message, sizeof message, "label %ld at index 9 is outside [0, %ld)", classes, classes);
    run.expectText("crossEntropy", run.failing(crossEntropyOpcode, {call, loss}), message);
  }
}

static void norms(Run& run) {
  const Floats big = numbers(200003, 1), small = numbers(7, 2);
  Floats norm(1), factor(1), scaled = big;
  run.call(normOpcode, {norm, 2, big, 200003, small, 7});
  double squares = 0;
  for (double v : big) squares += v * v;
  for (double v : small) squares += v * v;
  run.expect("norm", norm, {std::sqrt(squares)}, rounding());
  run.call(clipFactorOpcode, {norm, 1, factor});
  run.expect("clipFactor", factor, {1 / (double(norm[0]) + 1e-6)}, rounding());
  run.call(scaleOpcode, {factor, 1, scaled, 200003});
  Doubles expected = doubles(big);
  for (double& v : expected) v *= factor[0];
  run.expect("scale", scaled, expected, rounding());
  norm[0] = 0.5f;
  run.call(clipFactorOpcode, {norm, 1, factor});
  run.expect("clipFactor of a short one", factor, {1}, 0);
  norm[0] = NAN;
  run.call(clipFactorOpcode, {norm, 1, factor});
  run.check(std::isnan(factor[0]), "clipFactor of NaN is %g", factor[0]);
}

static void adamw(Run& run) {
  const long n = 70001, rows = 60, width = 33;
  const double lr = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0.1, c1 = 1 - 0.9, c2 = 1 - 0.999;
  const Ints touched = {0, 5, 17, 59};
  Ints moving(rows, 1);
  moving[4] = moving[6] = moving[17] = moving[30] = moving[58] = 0;
  const Floats factor = {0.25f};
  struct State {
    Floats p, g, m, v;
  };
  const auto state = [](long length, long gradients, uint32_t seed) {
    State s{numbers(length, seed), numbers(gradients, seed + 1), numbers(length, seed + 2), numbers(length, seed + 3)};
    for (float& value : s.v) value *= value;
    return s;
  };
  State dense = state(n, n, 1), sparse = state(rows * width, 4 * width, 7);
  for (long row : {4, 6, 17, 30, 58})
    for (long i = row * width; i < (row + 1) * width; i++) sparse.m[i] = sparse.v[i] = 0;
  const State denseBefore = dense, sparseBefore = sparse;
  run.call(adamwOpcode, {factor, 2,
                         dense.p, dense.g, dense.m, dense.v, n, lr, beta1, beta2, epsilon, decay, c1, c2, 0, 0, 0, 0,
                         sparse.p, sparse.g, sparse.m, sparse.v, rows * width, lr, beta1, beta2, epsilon, decay, c1, c2,
                         touched, 4, width, moving});
  const auto expected = [&](const State& s, const std::function<double(long)>& gradient, Doubles& p, Doubles& m, Doubles& v) {
    for (size_t i = 0; i < s.p.size(); i++) {
      const double g = gradient(long(i)) * factor[0];
      m.push_back(beta1 * s.m[i] + (1 - beta1) * g);
      v.push_back(beta2 * s.v[i] + (1 - beta2) * g * g);
      p.push_back(s.p[i] * (1 - lr * decay) - lr / c1 * m.back() / (std::sqrt(v.back() / c2) + epsilon));
    }
  };
  Doubles p, m, v;
  expected(denseBefore, [&](long i) { return denseBefore.g[i]; }, p, m, v);
  run.expect("adamw's first moment", dense.m, m, rounding());
  run.expect("adamw's second moment", dense.v, v, rounding());
  run.expect("adamw's parameter", dense.p, p, 4 * rounding());
  p.clear(), m.clear(), v.clear();
  const auto ofRow = [&](long i) {
    for (size_t t = 0; t < touched.size(); t++)
      if (touched[t] == i / width) return double(sparseBefore.g[t * width + i % width]);
    return 0.0;
  };
  expected(sparseBefore, ofRow, p, m, v);
  run.expect("adamw's first moment, touched rows", sparse.m, m, rounding());
  run.expect("adamw's parameter, touched rows", sparse.p, p, 4 * rounding());
  Ints marked(rows, 1);
  for (long row : {4, 6, 30, 58}) marked[row] = 0;
  run.expect("adamw's rows with moments", moving, marked);
}

const std::vector<Test> trainingTests = {
    {"layerNorm", {layerNormOpcode, layerNormGradientOpcode}, layerNorm},
    {"crossEntropy", {crossEntropyOpcode, crossEntropyGradientOpcode}, crossEntropy},
    {"norms", {normOpcode, clipFactorOpcode, scaleOpcode}, norms},
    {"adamw", {adamwOpcode}, adamw},
};

}  // namespace attune::test
