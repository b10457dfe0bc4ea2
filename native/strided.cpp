// Kernels over views with strides: copy, binary (broadcasting) and where.
#include "parallel.h"

namespace attune::ATTUNE_ISA {

constexpr int kMaxDimensions = 8, kMaxOperands = 4;

/** A walk over up to four operands at once; dimensions are merged where all operands lie dense. */
struct Walk {
  int dimensions = 1, operands;
  long shape[kMaxDimensions] = {1};
  long strides[kMaxOperands][kMaxDimensions] = {};

  /** Elements of the innermost dimension, and of all others together. */
  long inner() const { return shape[dimensions - 1]; }
  long outer() const {
    long product = 1;
    for (int d = 0; d + 1 < dimensions; d++) product *= shape[d];
    return product;
  }
  long stride(int operand) const { return strides[operand][dimensions - 1]; }
  void offsets(long row, long* out) const {
    for (int o = 0; o < operands; o++) out[o] = 0;
    for (int d = dimensions - 2; d >= 0; d--) {
      const long index = row % shape[d];
      row /= shape[d];
      for (int o = 0; o < operands; o++) out[o] += index * strides[o][d];
    }
  }
};

/** Reads: number of dimensions, shape, then the strides of each operand; strides of a contiguous one are not sent. */
static Walk readWalk(Arguments& a, int operands, bool contiguousLast) {
  const int given = int(a.integer());
  long shape[kMaxDimensions], strides[kMaxOperands][kMaxDimensions];
  for (int d = 0; d < given; d++) shape[d] = a.integer();
  for (int o = 0; o < operands - contiguousLast; o++)
    for (int d = 0; d < given; d++) strides[o][d] = a.integer();
  if (contiguousLast) {
    long stride = 1;
    for (int d = given - 1; d >= 0; d--) {
      strides[operands - 1][d] = stride;
      stride *= shape[d];
    }
  }
  Walk walk;
  walk.operands = operands;
  int count = 0;
  for (int d = 0; d < given; d++) {
    if (shape[d] == 1) continue;
    bool merge = count > 0;
    for (int o = 0; merge && o < operands; o++) merge = walk.strides[o][count - 1] == shape[d] * strides[o][d];
    if (!merge) count++;
    walk.shape[count - 1] = merge ? walk.shape[count - 1] * shape[d] : shape[d];
    for (int o = 0; o < operands; o++) walk.strides[o][count - 1] = strides[o][d];
  }
  walk.dimensions = count > 0 ? count : 1;
  return walk;
}

/** body(offsets, begin, count): `count` elements of the innermost dimension from `begin` on, at the operands' offsets. */
template <class Body>
static ALWAYS_INLINE void overRows(Context& context, const Walk& walk, bool parallel, const Body& body) {
  const long inner = walk.inner(), outer = walk.outer();
  if (inner * outer == 0) return;
  const auto rows = [&](long begin, long end) {
    long offsets[kMaxOperands];
    for (long row = begin; row < end; row++) {
      walk.offsets(row, offsets);
      body(offsets, 0, inner);
    }
  };
  if (!parallel) return rows(0, outer);
  if (outer > 1) return rowChunks(context, outer, inner, rows);
  chunks(context, inner, [&](long begin, long end) {
    const long offsets[kMaxOperands] = {};
    body(offsets, begin, end - begin);
  });
}

// ---- copy ----------------------------------------------------------------------------------------------------------

void copy(Context& context, const double* values, long) {
  Arguments a{values};
  const DType type = DType(a.integer());
  const char* source = a.pointer<char>();
  char* out = a.pointer<char>();
  const bool accumulate = a.flag();
  const Walk walk = readWalk(a, 2, false);
  // Where several source elements go to one place, their order is part of the result.
  bool parallel = true;
  for (int d = 0; d < walk.dimensions; d++) parallel = parallel && (walk.strides[1][d] != 0 || walk.shape[d] == 1);
  const long from = walk.stride(0), to = walk.stride(1);
  withType(type, [&](auto t) {
    typedef typename decltype(t)::Stored T;
    overRows(context, walk, parallel, [&](const long* offsets, long begin, long count) {
      const T* p = (const T*)source + offsets[0] + begin * from;
      T* q = (T*)out + offsets[1] + begin * to;
      if (accumulate) {
        if (from == 1 && to == 1) {
          for (long i = 0; i < count; i++) q[i] = t.store(add(t.load(q[i]), t.load(p[i])));
        } else {
          for (long i = 0; i < count; i++) q[i * to] = t.store(add(t.load(q[i * to]), t.load(p[i * from])));
        }
      } else if (from == 1 && to == 1) {
        memmove(q, p, count * sizeof(T));
      } else if (from == 0 && to == 1) {
        const T value = *p;
        for (long i = 0; i < count; i++) q[i] = value;
      } else {
        for (long i = 0; i < count; i++) q[i * to] = p[i * from];
      }
    });
  });
}

// ---- binary --------------------------------------------------------------------------------------------------------
// Order of BinaryOp in src/backends/native/kernels.ts.
enum class Binary : int { add, sub, mul, div, pow, maximum, minimum, eq, ne, lt, le, gt, ge };

template <class T, class R, class F>
static ALWAYS_INLINE void apply(Context& context, const Walk& walk, const T* a, const T* b, R* out, const F& f) {
  const long sa = walk.stride(0), sb = walk.stride(1);
  overRows(context, walk, true, [&](const long* offsets, long begin, long n) {
    const T* p = a + offsets[0] + begin * sa;
    const T* q = b + offsets[1] + begin * sb;
    R* r = out + offsets[2] + begin;
    if (sa == 1 && sb == 1) {
      for (long i = 0; i < n; i++) r[i] = f(p[i], q[i]);
    } else if (sa == 1 && sb == 0) {
      const T y = *q;
      for (long i = 0; i < n; i++) r[i] = f(p[i], y);
    } else if (sa == 0 && sb == 1) {
      const T x = *p;
      for (long i = 0; i < n; i++) r[i] = f(x, q[i]);
    } else {
      for (long i = 0; i < n; i++) r[i] = f(p[i * sa], q[i * sb]);
    }
  });
}

template <class T>
static void applyBinary(Context& context, Binary op, const Walk& walk, const T* a, const T* b, T* out) {
  int32_t* truth = (int32_t*)out;
  switch (op) {
    case Binary::add: return apply(context, walk, a, b, out, [](T x, T y) { return add(x, y); });
    case Binary::sub: return apply(context, walk, a, b, out, [](T x, T y) { return subtract(x, y); });
    case Binary::mul: return apply(context, walk, a, b, out, [](T x, T y) { return times(x, y); });
    case Binary::div:
    case Binary::pow:
      if constexpr (T(0.5) != T(0)) {
        if (op == Binary::div) return apply(context, walk, a, b, out, [](T x, T y) { return x / y; });
        return apply(context, walk, a, b, out, [](T x, T y) { return powf(x, y); });
      }
      return context.fail("there is no division or power of int32");
    case Binary::maximum: return apply(context, walk, a, b, out, [](T x, T y) { return x > y || x != x ? x : y; });
    case Binary::minimum: return apply(context, walk, a, b, out, [](T x, T y) { return x < y || x != x ? x : y; });
    case Binary::eq: return apply(context, walk, a, b, truth, [](T x, T y) { return int32_t(x == y); });
    case Binary::ne: return apply(context, walk, a, b, truth, [](T x, T y) { return int32_t(x != y); });
    case Binary::lt: return apply(context, walk, a, b, truth, [](T x, T y) { return int32_t(x < y); });
    case Binary::le: return apply(context, walk, a, b, truth, [](T x, T y) { return int32_t(x <= y); });
    case Binary::gt: return apply(context, walk, a, b, truth, [](T x, T y) { return int32_t(x > y); });
    case Binary::ge: return apply(context, walk, a, b, truth, [](T x, T y) { return int32_t(x >= y); });
  }
}

void binary(Context& context, const double* values, long) {
  Arguments arguments{values};
  const Binary op = Binary(arguments.integer());
  const DType type = DType(arguments.integer());
  float* a = arguments.floats();
  float* b = arguments.floats();
  float* out = arguments.floats();
  const Walk walk = readWalk(arguments, 3, true);
  if (type == DType::int32) {
    applyBinary(context, op, walk, (const int32_t*)a, (const int32_t*)b, (int32_t*)out);
  } else {
    applyBinary<float>(context, op, walk, a, b, out);
  }
}

void where(Context& context, const double* values, long) {
  Arguments arguments{values};
  const DType type = DType(arguments.integer());
  const int32_t* condition = arguments.ints();
  const char* a = arguments.pointer<char>();
  const char* b = arguments.pointer<char>();
  char* out = arguments.pointer<char>();
  const Walk walk = readWalk(arguments, 4, true);
  const long sc = walk.stride(0), sa = walk.stride(1), sb = walk.stride(2);
  const auto choose = [&](auto zero) {
    typedef decltype(zero) T;
    overRows(context, walk, true, [&](const long* offsets, long begin, long n) {
      const int32_t* c = condition + offsets[0] + begin * sc;
      const T* p = (const T*)a + offsets[1] + begin * sa;
      const T* q = (const T*)b + offsets[2] + begin * sb;
      T* r = (T*)out + offsets[3] + begin;
      for (long i = 0; i < n; i++) r[i] = c[i * sc] != 0 ? p[i * sa] : q[i * sb];
    });
  };
  if (bytesOf(type) == 4) {
    choose(uint32_t(0));
  } else {
    choose(uint16_t(0));
  }
}

}  // namespace attune::ATTUNE_ISA
