// A matrix product as its caller asks for it, what is fused onto it, and who works on it: what gemm.cpp (float32) and
// gemm_pairs.cpp (its factors rounded to bfloat16) have in common.
#pragma once
#include "kernels.h"
#include "simd.h"

namespace attune::ATTUNE_ISA {

// ---- what is asked for, and what is fused onto it ------------------------------------------------------------------

// Order of Activation in src/backends/native/kernels.ts.
enum class Activation : int { none, gelu, geluTanh, relu, silu, tanh };

struct Epilogue {
  const float* bias;
  Activation activation;
  float* derivative;
  const float* multiply;
  bool any() const { return bias || activation != Activation::none || multiply; }
};

struct Product {
  long m, n, k;
  const float* a;  // A(i, p) = a[i * aRow + p * aStep]
  long aRow, aStep;
  const float* b;  // B(p, j) = b[p * bStep + j * bColumn]
  long bStep, bColumn;
  float* c;
  long cRow;
  bool accumulate;
  Epilogue epilogue;
  float* rowSums;
};

/** `count` products of one shape, whose matrices lie at fixed distances. */
struct Products {
  Product first;
  long count, strideA, strideB, strideC;

  Product at(long i) const {
    Product one = first;
    one.a += i * strideA;
    one.b += i * strideB;
    one.c += i * strideC;
    if (one.epilogue.derivative) one.epilogue.derivative += i * strideC;
    if (one.epilogue.multiply) one.epilogue.multiply += i * strideC;
    if (i > 0) one.rowSums = nullptr;  // they are the first product's
    return one;
  }
  bool empty() const { return first.m == 0 || first.n == 0 || count == 0; }
  double size() const { return double(first.m) * double(first.n) * double(first.k); }
  /** Too small to be shared among threads. */
  bool tiny() const { return size() < 5e4; }
  /** Many small products: each by one thread. strideC 0 would let them meet. */
  bool apart() const { return count > 1 && strideC != 0 && size() < 4e6; }
};

/** The arguments of a kernel that multiplies matrices, in the order of src/backends/native/kernels.ts. */
static inline Products readProducts(const double* values) {
  Arguments a{values};
  Products products;
  Product& g = products.first;
  g.m = a.integer();
  g.n = a.integer();
  g.k = a.integer();
  g.a = a.floats();
  const bool aTransposed = a.flag();
  const long lda = a.integer();
  g.aRow = aTransposed ? 1 : lda;
  g.aStep = aTransposed ? lda : 1;
  g.b = a.floats();
  const bool bTransposed = a.flag();
  const long ldb = a.integer();
  g.bStep = bTransposed ? 1 : ldb;
  g.bColumn = bTransposed ? ldb : 1;
  g.c = a.floats();
  g.cRow = a.integer();
  g.accumulate = a.flag();
  products.count = a.integer();
  products.strideA = a.integer();
  products.strideB = a.integer();
  products.strideC = a.integer();
  g.epilogue.bias = a.floats();
  g.epilogue.activation = Activation(a.integer());
  g.epilogue.derivative = a.floats();
  g.epilogue.multiply = a.floats();
  g.rowSums = a.floats();
  return products;
}

struct NoActivation {
  static ALWAYS_INLINE void apply(V x, V& y, V&) { y = x; }
};

template <class A>
static void finishRows(const Product& g, long i0, long i1, long j0, long j1) {
  const Epilogue& e = g.epilogue;
  for (long i = i0; i < i1; i++) {
    float* row = g.c + i * g.cRow;
    overLanes(j0, j1, [&](long j, auto lanes) {
      V x = lanes.load(row + j), derivative = {};
      if (e.bias) x += lanes.load(e.bias + j);
      A::apply(x, x, derivative);
      if (e.derivative) lanes.store(e.derivative + i * g.cRow + j, derivative);
      if (e.multiply) x *= lanes.load(e.multiply + i * g.cRow + j);
      lanes.store(row + j, x);
    });
  }
}

/** Applies the epilogue to the finished rows [i0, i1), columns [j0, j1), while they are in the cache. */
static inline void finish(const Product& g, long i0, long i1, long j0, long j1) {
  if (!g.epilogue.any()) return;
  switch (g.epilogue.activation) {
    case Activation::none: return finishRows<NoActivation>(g, i0, i1, j0, j1);
    case Activation::gelu: return finishRows<Gelu>(g, i0, i1, j0, j1);
    case Activation::geluTanh: return finishRows<GeluTanh>(g, i0, i1, j0, j1);
    case Activation::relu: return finishRows<Relu>(g, i0, i1, j0, j1);
    case Activation::silu: return finishRows<Silu>(g, i0, i1, j0, j1);
    case Activation::tanh: return finishRows<Tanh>(g, i0, i1, j0, j1);
  }
}

/** Calls for what `finish` will read and write beside C, while the tile is still being summed. */
static ALWAYS_INLINE void prefetchEpilogue(const Product& g, long i0, long i1, long j0, long j1) {
  const Epilogue& e = g.epilogue;
  if (!e.derivative && !e.multiply) return;
  for (long i = i0; i < i1; i++) {
    for (long j = j0; j < j1; j += 16) {
      if (e.derivative) __builtin_prefetch(e.derivative + i * g.cRow + j, 1);
      if (e.multiply) __builtin_prefetch(e.multiply + i * g.cRow + j);
    }
  }
}

// ---- who works -----------------------------------------------------------------------------------------------------

/** All threads, or one of them while the others are at other products of a batch. */
struct Team {
  Pool* pool;
  int thread;
  int size() const { return pool ? pool->threads() : 1; }
  template <class Body>
  ALWAYS_INLINE void each(long count, const Body& body) const {
    if (pool) {
      pool->each(int(count), body);
    } else {
      for (long i = 0; i < count; i++) body(int(i), thread);
    }
  }
};

/**
 * Goes through groups of columns times chunks of rows: start(group, thread) before a thread's first chunk of a group, then
 * work(group, i0, i1, thread). A thread stays at a group, which it has packed, as long as there are rows to do, then helps at
 * the next. `taken` has room for a count for each group.
 */
template <class Start, class Work>
static void takeTurns(const Team& team, long rows, long chunk, long groups, long* taken, const Start& start, const Work& work) {
  memset(taken, 0, size_t(groups) * sizeof(long));
  team.each(team.size(), [&](int runner, int thread) {
    for (long visit = 0; visit < groups; visit++) {
      const long group = (runner * groups / team.size() + visit) % groups;
      const auto take = [&] { return __atomic_fetch_add(&taken[group], 1, __ATOMIC_RELAXED) * chunk; };
      long i0 = take();
      if (i0 < rows) start(group, thread);
      for (; i0 < rows; i0 = take()) work(group, i0, least(rows, i0 + chunk), thread);
    }
  });
}

/** rowSums[i] = sum over k of A(i, k). */
static inline void sumRows(const Team& team, const Product& g) {
  constexpr long group = 64;
  team.each(ceilDivide(g.m, group), [&](int task, int) {
    const long i0 = task * group, i1 = least(g.m, i0 + group);
    for (long i = i0; i < i1; i++) g.rowSums[i] = 0;
    for (long p = 0; p < g.k; p++)
      for (long i = i0; i < i1; i++) g.rowSums[i] += g.a[i * g.aRow + p * g.aStep];
  });
}

/** A product over no steps of k: zeros, or what was there, and the epilogue. */
static inline void finishEmpty(const Product& g) {
  for (long i = 0; i < g.m && !g.accumulate; i++) memset(g.c + i * g.cRow, 0, size_t(g.n) * sizeof(float));
  finish(g, 0, g.m, 0, g.n);
}

}  // namespace attune::ATTUNE_ISA
