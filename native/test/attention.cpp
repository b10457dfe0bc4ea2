// Attention over packed sequences and its gradient, with every option; the formulas are those of src/backends/kernels.ts.
#include "harness.h"

namespace attune::test {

struct Case {
  const char* name;
  long heads, headDim;
  Ints queries, keys;  // lengths of the sequences
  bool bias = false, relativeBias = false, relative = false, masked = false, causal = false;
  long window = 0, biasHeads = 1;
  Dropout dropout{};
};

static Ints offsetsOf(const Ints& lengths) {
  Ints offsets = {0};
  for (int32_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

static long longest(const Ints& lengths) {
  long most = 0;
  for (int32_t length : lengths) most = length > most ? length : most;
  return most;
}

static void attentionCase(Run& run, const Case& c) {
  const Ints queryOffsets = offsetsOf(c.queries), keyOffsets = offsetsOf(c.keys);
  const long rows = queryOffsets.back(), keyRows = keyOffsets.back(), D = c.headDim, width = c.heads * D;
  const long maxQuery = longest(c.queries), maxKey = longest(c.keys), distances = maxQuery + maxKey - 1;
  const double scale = 0.3;
  const Floats q = numbers(rows * width, 1), k = numbers(keyRows * width, 2), v = numbers(keyRows * width, 3);
  const Floats dOut = numbers(rows * width, 4), bias = numbers(c.biasHeads * maxQuery * maxKey, 5);
  const Floats relativeBias = numbers(c.heads * distances, 6), relativeKey = numbers(distances * width, 7);
  const Floats relativeQuery = numbers(distances * width, 8);
  Ints mask = integers(keyRows, 4, 9);
  const auto kept = [&](long keys) { return c.window > 0 && 2 * c.window + 1 < keys ? 2 * c.window + 1 : keys; };
  const auto firstKept = [&](long i, long keys) {
    const long first = i - c.window < keys - kept(keys) ? i - c.window : keys - kept(keys);
    return c.window > 0 && first > 0 ? first : 0;
  };
  long total = 0;
  for (size_t s = 0; s < c.queries.size(); s++) total += c.heads * c.queries[s] * kept(c.keys[s]);
  Floats probabilities(total), out(rows * width), dq(rows * width), dk(keyRows * width), dv(keyRows * width);
  Floats dBias(bias.size()), dRelativeBias(relativeBias.size()), dRelativeKey(relativeKey.size()), dRelativeQuery(relativeKey.size());
  const auto given = [](bool is, const Floats& x) { return is ? Arguments(x) : Arguments(0); };
  const Arguments call = {long(c.queries.size()), c.heads, D, scale, q, width, k, width, v, width, queryOffsets, keyOffsets,
                          maxQuery, maxKey, given(c.bias, bias), c.biasHeads, given(c.relativeBias, relativeBias),
                          given(c.relative, relativeKey), given(c.relative, relativeQuery), width,
                          c.masked ? Arguments(mask) : Arguments(0), c.causal, c.window, c.dropout.arguments(), probabilities};
  run.call(attentionOpcode, {call, out, width});
  run.call(attentionGradientOpcode,
           {call, dOut, width, dq, width, dk, width, dv, width, given(c.bias, dBias), given(c.relativeBias, dRelativeBias),
            given(c.relative, dRelativeKey), given(c.relative, dRelativeQuery), width});

  Doubles eOut(out.size()), eq(dq.size()), ek(dk.size()), ev(dv.size()), eBias(bias.size()), eRelativeBias(relativeBias.size()),
      eRelativeKey(relativeKey.size()), eRelativeQuery(relativeKey.size());
  long position = 0;
  for (size_t s = 0; s < c.queries.size(); s++) {
    const long Q = c.queries[s], K = c.keys[s];
    for (long h = 0; h < c.heads; h++) {
      for (long i = 0; i < Q; i++) {
        const long qi = (queryOffsets[s] + i) * width + h * D;
        const auto relativeAt = [&](long j) { return (j - i + maxQuery - 1) * width + h * D; };
        const auto biasAt = [&](long j) { return ((c.biasHeads == 1 ? 0 : h) * maxQuery + i) * maxKey + j; };
        const auto keyAt = [&](long j) { return (keyOffsets[s] + j) * width + h * D; };
        Doubles p(K);
        double sum = 0, top = -INFINITY;
        for (long j = 0; j < K; j++) {
          double x = 0;
          for (long e = 0; e < D; e++) {
            x += double(q[qi + e]) * k[keyAt(j) + e];
            if (c.relative) x += double(q[qi + e]) * relativeKey[relativeAt(j) + e] + double(k[keyAt(j) + e]) * relativeQuery[relativeAt(j) + e];
          }
          x *= scale;
          if (c.relativeBias) x += relativeBias[h * distances + j - i + maxQuery - 1];
          if (c.bias) x += bias[biasAt(j)];
          const bool hidden = (c.masked && mask[keyOffsets[s] + j] == 0) || (c.causal && j > i) ||
                              (c.window > 0 && std::labs(i - j) > c.window);
          p[j] = hidden ? -INFINITY : x;
          top = std::fmax(top, p[j]);
        }
        for (double& x : p) sum += x = x == -INFINITY ? 0 : std::exp(x - top);
        for (double& x : p) x = sum > 0 ? x / sum : 0;
        const long row = position + i * kept(K) - firstKept(i, K);
        const auto drop = [&](long j) { return c.dropout(row + j); };
        Doubles dp(K);
        double dot = 0;
        for (long j = 0; j < K; j++) {
          for (long e = 0; e < D; e++) {
            eOut[qi + e] += p[j] * drop(j) * v[keyAt(j) + e];
            ev[keyAt(j) + e] += p[j] * drop(j) * dOut[qi + e];
            dp[j] += double(dOut[qi + e]) * v[keyAt(j) + e];
          }
          dp[j] = p[j] > 0 ? dp[j] * drop(j) : 0;
          dot += dp[j] * p[j];
        }
        for (long j = 0; j < K; j++) {
          const double ds = p[j] * (dp[j] - dot);
          if (c.bias) eBias[biasAt(j)] += ds;
          if (c.relativeBias) eRelativeBias[h * distances + j - i + maxQuery - 1] += ds;
          for (long e = 0; e < D; e++) {
            eq[qi + e] += ds * scale * k[keyAt(j) + e];
            ek[keyAt(j) + e] += ds * scale * q[qi + e];
            if (!c.relative) continue;
            eq[qi + e] += ds * scale * relativeKey[relativeAt(j) + e];
            ek[keyAt(j) + e] += ds * scale * relativeQuery[relativeAt(j) + e];
            eRelativeKey[relativeAt(j) + e] += ds * scale * q[qi + e];
            eRelativeQuery[relativeAt(j) + e] += ds * scale * k[keyAt(j) + e];
          }
        }
      }
      position += Q * kept(K);
    }
  }
  const double tolerance = 4 * rounding(double(maxKey + D));
  const auto expect = [&](const char* what, const Floats& actual, const Doubles& expected) {
    char text[96];
    snprintf(text, sizeof text, "%s: %s", c.name, what);
    run.expect(text, actual, expected, tolerance);
  };
  expect("out", out, eOut);
  expect("dQuery", dq, eq);
  expect("dKey", dk, ek);
  expect("dValue", dv, ev);
  if (c.bias) expect("dBias", dBias, eBias);
  if (c.relativeBias) expect("dRelativeBias", dRelativeBias, eRelativeBias);
  if (c.relative) expect("dRelativeKey", dRelativeKey, eRelativeKey);
  if (c.relative) expect("dRelativeQuery", dRelativeQuery, eRelativeQuery);
}

static void attention(Run& run) {
  const Ints lengths = {9, 1, 70, 33};
  const Dropout dropout{true, 0.1, 3, 4};
  attentionCase(run, {.name = "plain attention", .heads = 2, .headDim = 32, .queries = lengths, .keys = lengths});
  attentionCase(run, {.name = "odd heads", .heads = 3, .headDim = 13, .queries = lengths, .keys = lengths, .dropout = dropout});
  attentionCase(run, {.name = "keys of another length", .heads = 2, .headDim = 16, .queries = {3, 5}, .keys = {40, 7}});
  attentionCase(run, {.name = "causal attention", .heads = 2, .headDim = 16, .queries = lengths, .keys = lengths, .causal = true});
  attentionCase(run, {.name = "attention in a window", .heads = 2, .headDim = 16, .queries = {130, 20}, .keys = {130, 20},
                      .window = 9, .dropout = dropout});
  attentionCase(run, {.name = "attention with a bias", .heads = 2, .headDim = 8, .queries = lengths, .keys = lengths,
                      .bias = true, .biasHeads = 2});
  attentionCase(run, {.name = "masked attention", .heads = 2, .headDim = 16, .queries = lengths, .keys = lengths, .masked = true});
  attentionCase(run, {.name = "attention with a relative bias", .heads = 2, .headDim = 16, .queries = lengths, .keys = lengths,
                      .relativeBias = true});
  attentionCase(run, {.name = "attention by distance", .heads = 2, .headDim = 20, .queries = lengths, .keys = lengths,
                      .relative = true, .dropout = dropout});
}

const std::vector<Test> attentionTests = {{"attention", {attentionOpcode, attentionGradientOpcode}, attention}};

}  // namespace attune::test
