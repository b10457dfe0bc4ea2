// Kernels on contiguous runs of elements: fill, cast, unary and its gradient, gated units, dropout, draws from a normal
// distribution, checkFinite.
#include "parallel.h"

namespace attune::ATTUNE_ISA {

void fill(Context& context, const double* values, long) {
  Arguments a{values};
  const DType type = DType(a.integer());
  char* out = a.pointer<char>();
  const long length = a.integer();
  const double value = a.number();
  withType(type, [&](auto t) {
    typedef typename decltype(t)::Stored T;
    T x;
    if constexpr (sizeof(T) == 4 && T(0.5) == T(0)) {
      x = T(value);
    } else {
      x = t.store(float(value));
    }
    chunks(context, length, [&](long begin, long end) {
      T* p = (T*)out;
      for (long i = begin; i < end; i++) p[i] = x;
    });
  });
}

void cast(Context& context, const double* values, long) {
  Arguments a{values};
  const DType from = DType(a.integer()), to = DType(a.integer());
  const char* x = a.pointer<char>();
  char* out = a.pointer<char>();
  const long length = a.integer();
  withType(from, [&](auto source) {
    withType(to, [&](auto target) {
      const auto* p = (const typename decltype(source)::Stored*)x;
      auto* q = (typename decltype(target)::Stored*)out;
      chunks(context, length, [&](long begin, long end) {
        for (long i = begin; i < end; i++) q[i] = target.store(source.load(p[i]));
      });
    });
  });
}

// ---- unary ---------------------------------------------------------------------------------------------------------
// Order of UnaryOp in src/backends/native/kernels.ts.
enum class Unary : int { neg, exp, log, sqrt, tanh, sigmoid, relu, gelu, geluTanh, silu, clamp, affine, power };

/** out[i] = f(x[i]) with f on vectors. */
template <class F>
static ALWAYS_INLINE void map(Context& context, const float* x, float* out, long length, const F& f) {
  chunks(context, length, [&](long begin, long end) {
    overLanes(begin, end, [&](long i, auto lanes) { lanes.store(out + i, f(lanes.load(x + i))); });
  });
}
/** out[i] = f(x[i]) with f on numbers. */
template <class F>
static ALWAYS_INLINE void mapNumbers(Context& context, const float* x, float* out, long length, const F& f) {
  chunks(context, length, [&](long begin, long end) {
    for (long i = begin; i < end; i++) out[i] = f(x[i]);
  });
}
template <class A>
static void activate(Context& context, const float* x, float* out, long length) {
  map(context, x, out, length, [](V v) {
    V y, derivative;
    A::apply(v, y, derivative);
    return y;
  });
}

void unary(Context& context, const double* values, long) {
  Arguments a{values};
  const Unary op = Unary(a.integer());
  const float* x = a.floats();
  float* out = a.floats();
  const long n = a.integer();
  const float p0 = float(a.number()), p1 = float(a.number());
  switch (op) {
    case Unary::neg: return map(context, x, out, n, [](V v) { return -v; });
    case Unary::exp: return map(context, x, out, n, [](V v) { return exponential(v); });
    case Unary::log: return mapNumbers(context, x, out, n, [](float v) { return logf(v); });
    case Unary::sqrt: return mapNumbers(context, x, out, n, [](float v) { return sqrtf(v); });
    case Unary::tanh: return activate<Tanh>(context, x, out, n);
    case Unary::sigmoid: return map(context, x, out, n, [](V v) { return logistic(v); });
    case Unary::relu: return activate<Relu>(context, x, out, n);
    case Unary::gelu: return activate<Gelu>(context, x, out, n);
    case Unary::geluTanh: return activate<GeluTanh>(context, x, out, n);
    case Unary::silu: return activate<Silu>(context, x, out, n);
    case Unary::clamp:
      return map(context, x, out, n, [=](V v) {
        V low = v < p0 ? splat(p0) : v;
        return low > p1 ? splat(p1) : low;
      });
    case Unary::affine: return map(context, x, out, n, [=](V v) { return v * p0 + p1; });
    case Unary::power:
      if (p0 == 2) return map(context, x, out, n, [](V v) { return v * v; });
      if (p0 == 3) return map(context, x, out, n, [](V v) { return v * v * v; });
      return mapNumbers(context, x, out, n, [=](float v) { return powf(v, p0); });
  }
}

/** dx[i] = f(x[i], y[i], dy[i]) */
template <class F>
static ALWAYS_INLINE void mapGradient(Context& context, const float* x, const float* y, const float* dy, float* dx,
                                      long length, const F& f) {
  chunks(context, length, [&](long begin, long end) {
    overLanes(begin, end, [&](long i, auto lanes) {
      lanes.store(dx + i, f(lanes.load(x + i), lanes.load(y + i), lanes.load(dy + i)));
    });
  });
}
template <class A>
static void activateGradient(Context& context, const float* x, const float* dy, float* dx, long length) {
  mapGradient(context, x, x, dy, dx, length, [](V v, V, V d) {
    V y, derivative;
    A::apply(v, y, derivative);
    return d * derivative;
  });
}

void unaryGradient(Context& context, const double* values, long) {
  Arguments a{values};
  const Unary op = Unary(a.integer());
  const float* x = a.floats();
  const float* y = a.floats();
  const float* dy = a.floats();
  float* dx = a.floats();
  const long n = a.integer();
  const float p0 = float(a.number()), p1 = float(a.number());
  switch (op) {
    case Unary::neg: return map(context, dy, dx, n, [](V d) { return -d; });
    case Unary::exp: return mapGradient(context, y, y, dy, dx, n, [](V, V v, V d) { return d * v; });
    case Unary::log: return mapGradient(context, x, x, dy, dx, n, [](V v, V, V d) { return d / v; });
    case Unary::sqrt: return mapGradient(context, y, y, dy, dx, n, [](V, V v, V d) { return d / (2.0f * v); });
    case Unary::tanh: return mapGradient(context, y, y, dy, dx, n, [](V, V v, V d) { return d * (1.0f - v * v); });
    case Unary::sigmoid: return mapGradient(context, y, y, dy, dx, n, [](V, V v, V d) { return d * v * (1.0f - v); });
    case Unary::relu: return activateGradient<Relu>(context, x, dy, dx, n);
    case Unary::gelu: return activateGradient<Gelu>(context, x, dy, dx, n);
    case Unary::geluTanh: return activateGradient<GeluTanh>(context, x, dy, dx, n);
    case Unary::silu: return activateGradient<Silu>(context, x, dy, dx, n);
    case Unary::clamp:
      return mapGradient(context, x, x, dy, dx, n, [=](V v, V, V d) {
        V above = v > p0 ? d : V{};  // none at the bounds, as in PyTorch
        return v < p1 ? above : V{};
      });
    case Unary::affine: return map(context, dy, dx, n, [=](V d) { return d * p0; });
    case Unary::power:
      if (p0 == 2) return mapGradient(context, x, x, dy, dx, n, [](V v, V, V d) { return d * (2.0f * v); });
      return chunks(context, n, [&](long begin, long end) {
        for (long i = begin; i < end; i++) dx[i] = p0 == 0 ? 0 : dy[i] * p0 * powf(x[i], p0 - 1);
      });
  }
}

// ---- gated linear units --------------------------------------------------------------------------------------------

/** body(activation) with the struct of an activation by its number in src/backends/native/kernels.ts. */
template <class Body>
static ALWAYS_INLINE void withActivation(long number, const Body& body) {
  switch (number) {
    case 1: return body(Gelu{});
    case 2: return body(GeluTanh{});
    case 3: return body(Relu{});
    case 4: return body(Silu{});
    case 5: return body(Tanh{});
  }
}

void gatedActivation(Context& context, const double* values, long) {
  Arguments a{values};
  const long activation = a.integer();
  const float* x = a.floats();
  float* out = a.floats();
  const long rows = a.integer(), width = a.integer();
  withActivation(activation, [&](auto function) {
    rowChunks(context, rows, 2 * width, [&](long begin, long end) {
      for (long r = begin; r < end; r++) {
        const float* p = x + 2 * r * width;
        overLanes(0, width, [&](long i, auto lanes) {
          V y, derivative;
          function.apply(lanes.load(p + i), y, derivative);
          lanes.store(out + r * width + i, y * lanes.load(p + width + i));
        });
      }
    });
  });
}

void gatedActivationGradient(Context& context, const double* values, long) {
  Arguments a{values};
  const long activation = a.integer();
  const float* x = a.floats();
  const float* dy = a.floats();
  float* dx = a.floats();
  const long rows = a.integer(), width = a.integer();
  withActivation(activation, [&](auto function) {
    rowChunks(context, rows, 2 * width, [&](long begin, long end) {
      for (long r = begin; r < end; r++) {
        const float *p = x + 2 * r * width, *d = dy + r * width;
        float* q = dx + 2 * r * width;
        overLanes(0, width, [&](long i, auto lanes) {
          V y, derivative;
          function.apply(lanes.load(p + i), y, derivative);
          const V g = lanes.load(d + i), gate = lanes.load(p + width + i);
          lanes.store(q + i, g * gate * derivative);
          lanes.store(q + width + i, g * y);
        });
      }
    });
  });
}

void dropout(Context& context, const double* values, long) {
  Arguments a{values};
  const float* x = a.floats();
  float* out = a.floats();
  const long length = a.integer();
  const Mask mask = readMask(a);
  chunks(context, length, [&](long begin, long end) {
    overLanes(begin, end, [&](long i, auto lanes) { lanes.store(out + i, lanes.load(x + i) * mask(uint32_t(i))); });
  });
}

/** Murmur3's 32-bit finalizer (Appleby, public domain). */
static ALWAYS_INLINE uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return x ^ (x >> 16);
}

void drawNormal(Context& context, const double* values, long) {
  Arguments a{values};
  float* out = a.floats();
  const long length = a.integer();
  const double mean = a.number(), deviation = a.number();
  const uint32_t key0 = a.word(), key1 = a.word();
  const auto uniform = [=](uint32_t index) {
    const uint32_t high = mix(index * 0x9E3779B1u + key0), low = mix(high + index * 0x85EBCA6Bu + key1);
    return (double(high) + (double(low) + 0.5) * 0x1p-32) * 0x1p-32;
  };
  chunks(context, length, [&](long begin, long end) {
    for (long i = begin; i < end; i += 2) {
      const double radius = deviation * sqrt(-2 * log(uniform(uint32_t(i))));
      const double angle = 6.283185307179586 * uniform(uint32_t(i + 1));
      out[i] = float(mean + radius * cos(angle));
      if (i + 1 < end) out[i + 1] = float(mean + radius * sin(angle));
    }
  });
}

void checkFinite(Context& context, const double* values, long) {
  Arguments a{values};
  const float* x = a.floats();
  const long length = a.integer();
  const int nameBytes = int(a.integer());
  const char* name = (const char*)a.next;
  // Each chunk finds its own first; the first of all is the error.
  constexpr long chunk = 65536;
  const long count = ceilDivide(length, chunk);
  if (!context.reserve(size_t(count) * 2, 0)) return;
  long* first = (long*)context.shared();
  context.pool.each(int(count), [&](int task, int) {
    const long begin = task * chunk, end = least(length, begin + chunk);
    I bad = {};
    overLanes(begin, end, [&](long i, auto lanes) {
      V v = lanes.load(x + i) * 0.0f;  // NaN for NaN and the infinities
      bad |= v == v ? I{} : ~I{};
    });
    int any = 0;
    for (int i = 0; i < W; i++) any |= bad[i];
    first[task] = -1;
    for (long i = begin; any && i < end; i++) {
      if (!(x[i] - x[i] == 0)) {
        first[task] = i;
        break;
      }
    }
  });
  for (long i = 0; i < count; i++) {
    if (first[i] < 0) continue;
    const float value = x[first[i]];
    const char* kind = value != value ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    return context.fail("\"%.*s\" holds %s at index %ld of %ld", nameBytes, name, kind, first[i], length);
  }
}

}  // namespace attune::ATTUNE_ISA
