// One vector type V of W floats on the GCC/Clang vector extensions, with the few functions that every kernel needs.
// W follows the flags of the translation unit: 16 for AVX-512, 8 for AVX2, 4 elsewhere. Everything lives in the
// namespace of the instruction set, so that several builds of one source can stand in one binary. For the same reason
// kernels use no inline function of the standard library: the linker would keep one copy, of whichever set.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#ifndef ATTUNE_ISA
#define ATTUNE_ISA base
#endif
#if defined(__AVX512F__)
#define ATTUNE_LANES 16
#elif defined(__AVX2__)
#define ATTUNE_LANES 8
#else
#define ATTUNE_LANES 4
#endif
#define ALWAYS_INLINE inline __attribute__((always_inline))
#if ATTUNE_LANES > 4
#include <immintrin.h>
#endif

namespace attune::ATTUNE_ISA {

constexpr int W = ATTUNE_LANES;

template <int T>
struct Vector {
  typedef float type __attribute__((vector_size(T * 4)));
  typedef float unaligned __attribute__((vector_size(T * 4), aligned(4), may_alias));
};
typedef Vector<W>::type V;
typedef Vector<W>::unaligned UnalignedV;
typedef int32_t I __attribute__((vector_size(ATTUNE_LANES * 4)));
typedef uint32_t U __attribute__((vector_size(ATTUNE_LANES * 4)));

static ALWAYS_INLINE V load(const float* p) { return *(const UnalignedV*)p; }
static ALWAYS_INLINE void store(float* p, V v) { *(UnalignedV*)p = v; }
static ALWAYS_INLINE V splat(float s) { return s - V{}; }
static ALWAYS_INLINE V maximum(V a, V b) { return a > b ? a : b; }
static ALWAYS_INLINE long least(long a, long b) { return a < b ? a : b; }
static ALWAYS_INLINE long most(long a, long b) { return a > b ? a : b; }
static ALWAYS_INLINE long ceilDivide(long a, long b) { return (a + b - 1) / b; }
static ALWAYS_INLINE long roundUp(long a, long b) { return ceilDivide(a, b) * b; }

static ALWAYS_INLINE U iota() {
  U r;
  for (int i = 0; i < W; i++) r[i] = i;
  return r;
}

// How many of a vector's lanes a step of a loop works on: all of them, or the first `count`.
struct AllLanes {
  static constexpr int count = W;
  static ALWAYS_INLINE V load(const float* p) { return ATTUNE_ISA::load(p); }
  static ALWAYS_INLINE void store(float* p, V v) { ATTUNE_ISA::store(p, v); }
  /** v with `other` in the lanes beyond the count. */
  static ALWAYS_INLINE V pad(V v, float) { return v; }
};
struct SomeLanes {
  int count;
#if ATTUNE_LANES == 16
  ALWAYS_INLINE __mmask16 mask() const { return __mmask16((1u << count) - 1); }
  ALWAYS_INLINE V load(const float* p) const { return (V)_mm512_maskz_loadu_ps(mask(), p); }
  ALWAYS_INLINE void store(float* p, V v) const { _mm512_mask_storeu_ps(p, mask(), (__m512)v); }
#elif ATTUNE_LANES == 8
  ALWAYS_INLINE __m256i mask() const { return (__m256i)((I)iota() < count); }
  ALWAYS_INLINE V load(const float* p) const { return (V)_mm256_maskload_ps(p, mask()); }
  ALWAYS_INLINE void store(float* p, V v) const { _mm256_maskstore_ps(p, mask(), (__m256)v); }
#else
  ALWAYS_INLINE V load(const float* p) const {
    float t[W] = {};
    for (int i = 0; i < count; i++) t[i] = p[i];
    return ATTUNE_ISA::load(t);
  }
  ALWAYS_INLINE void store(float* p, V v) const {
    float t[W];
    ATTUNE_ISA::store(t, v);
    for (int i = 0; i < count; i++) p[i] = t[i];
  }
#endif
  ALWAYS_INLINE V pad(V v, float other) const { return (I)iota() < count ? v : splat(other); }
};
/** body(i, lanes) for i = begin, begin + W, ... < end. */
template <class Body>
static ALWAYS_INLINE void overLanes(long begin, long end, const Body& body) {
  long i = begin;
  for (; i + W <= end; i += W) body(i, AllLanes{});
  if (i < end) body(i, SomeLanes{int(end - i)});
}

// ---- T x T transpose in registers: log2(T) stages of butterflies ---------------------------------------------------
/** Lanes by number from a and b together. */
template <int... Lane, class X>
static ALWAYS_INLINE X shuffle(X a, X b) {
#if defined(__clang__) || __GNUC__ >= 12
  return __builtin_shufflevector(a, b, Lane...);
#else
  typedef int32_t Lanes __attribute__((vector_size(sizeof(X))));
  return __builtin_shuffle(a, b, Lanes{Lane...});
#endif
}
template <int T, int S, class X, size_t... L>
static ALWAYS_INLINE X butterflyLow(X a, X b, std::index_sequence<L...>) {
  return shuffle<((int(L) & S) ? T + int(L) - S : int(L))...>(a, b);
}
template <int T, int S, class X, size_t... L>
static ALWAYS_INLINE X butterflyHigh(X a, X b, std::index_sequence<L...>) {
  return shuffle<((int(L) & S) ? T + int(L) : int(L) + S)...>(a, b);
}
template <int T, int S, int Row, class X>
static ALWAYS_INLINE void transposePair(X* r) {
  if constexpr ((Row & S) == 0) {
    X a = r[Row], b = r[Row + S];
    r[Row] = butterflyLow<T, S>(a, b, std::make_index_sequence<T>{});
    r[Row + S] = butterflyHigh<T, S>(a, b, std::make_index_sequence<T>{});
  }
}
template <int T, int S, class X, size_t... Row>
static ALWAYS_INLINE void transposeStage(X* r, std::index_sequence<Row...>) {
  (transposePair<T, S, int(Row)>(r), ...);
}
template <int T, int S = 1, class X>
static ALWAYS_INLINE void transpose(X* r) {
  transposeStage<T, S>(r, std::make_index_sequence<T>{});
  if constexpr (S < T / 2) transpose<T, S * 2>(r);
}

/** The lanes of v, S further on; the last S come around. */
template <int S, size_t... Lane>
static ALWAYS_INLINE V rotate(V v, std::index_sequence<Lane...>) {
  return shuffle<((int(Lane) + S) % W)...>(v, v);
}
template <int S = W / 2>
static ALWAYS_INLINE float sum(V v) {  // a fixed tree
  v += rotate<S>(v, std::make_index_sequence<W>{});
  if constexpr (S > 1) {
    return sum<S / 2>(v);
  } else {
    return v[0];
  }
}
template <int S = W / 2>
static ALWAYS_INLINE float largest(V v) {
  v = maximum(v, rotate<S>(v, std::make_index_sequence<W>{}));
  if constexpr (S > 1) {
    return largest<S / 2>(v);
  } else {
    return v[0];
  }
}

// ---- functions -----------------------------------------------------------------------------------------------------

/** e^x = result * 2^power, to about 1e-7 relative (Cephes' polynomial), for |x| < 100. */
static ALWAYS_INLINE V exponentialParts(V x, I& power) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  V t = x * 1.44269504088896341f + magic;
  V n = t - magic;
  V r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  V p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  power = (I)t - 0x4B400000;
  return p * (r * r) + r + 1.0f;
}
/** e^x; overflows to infinity, underflows to 0, NaN stays NaN. */
static ALWAYS_INLINE V exponential(V x) {
  V y = x > -88.0f ? x : splat(-88.0f);
  y = y < 89.0f ? y : splat(89.0f);
  I power;
  V p = exponentialParts(y, power);
  V result = p * (V)((power + 126) << 23) * 2.0f;  // by way of 2^(power-1), so that 2^128 is still a number
  result = x < -87.0f ? V{} : result;
  result = x > 88.7228f ? splat(INFINITY) : result;
  return x == x ? result : x;
}
/** e^x where x is not above 0; underflows to 0, NaN stays NaN. */
static ALWAYS_INLINE V exponentialOfNegative(V x) {
  I power;
  V p = exponentialParts(x < -88.0f ? splat(-88.0f) : x, power);
  return p * (V)((power + 127) << 23);  // 2^-127 is 0 here
}

static ALWAYS_INLINE V hyperbolicTangent(V x) {
  V magnitude = x < 0.0f ? -x : x;
  V square = x * x;
  V p = splat(-5.70498872745e-3f);  // Cephes, |x| < 0.625
  p = p * square + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  V small = p * square * x + x;
  V large = 1.0f - 2.0f / (exponential(2.0f * magnitude) + 1.0f);
  large = x < 0.0f ? -large : large;
  return magnitude < 0.625f ? small : (x == x ? large : x);
}

static ALWAYS_INLINE V logistic(V x) { return 1.0f / (1.0f + exponential(-x)); }

/**
 * Normal distribution: cumulative = Phi(x), density = phi(x), from one exponential. Phi(-|x|) e^(x^2/2) is a polynomial of
 * degree 9 in t = 1 / (1 + 0.27 |x|), interpolated at Chebyshev's nodes on 0 <= |x| <= 14.5: 3e-8 relative, 3.5e-7 as
 * evaluated in float.
 */
static ALWAYS_INLINE void normal(V x, V& cumulative, V& density) {
  V magnitude = x < 0.0f ? -x : x;
  V e = exponentialOfNegative(-0.5f * x * x);
  V t = 1.0f / (1.0f + 0.27f * magnitude);
  V p = splat(0.0292058334f);
  p = p * t - 0.127722557f;
  p = p * t + 0.172436097f;
  p = p * t - 0.0723445624f;
  p = p * t + 0.110054217f;
  p = p * t + 0.0710775825f;
  p = p * t + 0.102063549f;
  p = p * t + 0.107507093f;
  p = p * t + 0.107722758f;
  V tail = p * t * e;
  cumulative = x < 0.0f ? tail : 1.0f - tail;
  density = 0.3989422804014327f * e;
}

// ---- activations: value and derivative -----------------------------------------------------------------------------
struct Gelu {
  static ALWAYS_INLINE void apply(V x, V& y, V& derivative) {
    V cumulative, density;
    normal(x, cumulative, density);
    y = x * cumulative;
    derivative = cumulative + x * density;
  }
};
struct GeluTanh {
  static ALWAYS_INLINE void apply(V x, V& y, V& derivative) {
    const float a = 0.7978845608028654f, b = 0.044715f;  // sqrt(2 / pi)
    V t = hyperbolicTangent(a * (x + b * x * x * x));
    y = 0.5f * x * (1.0f + t);
    derivative = 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * (a * (1.0f + 3.0f * b * x * x));
  }
};
struct Relu {
  static ALWAYS_INLINE void apply(V x, V& y, V& derivative) {
    y = x < 0.0f ? V{} : x;  // NaN stays
    derivative = x > 0.0f ? splat(1.0f) : V{};
  }
};
struct Silu {
  static ALWAYS_INLINE void apply(V x, V& y, V& derivative) {
    V s = logistic(x);
    y = x * s;
    derivative = s * (1.0f + x * (1.0f - s));
  }
};
struct Tanh {
  static ALWAYS_INLINE void apply(V x, V& y, V& derivative) {
    y = hyperbolicTangent(x);
    derivative = 1.0f - y * y;
  }
};

// ---- dropout by counter: backends/kernels.ts has the formula -------------------------------------------------------
struct Mask {
  bool active = false;
  uint32_t key0 = 0, key1 = 0;
  int32_t threshold = 0;
  float scale = 1;
  /** 0 or 1 / (1 - p) for the elements index ... index + W - 1. */
  ALWAYS_INLINE V operator()(uint32_t index) const {
    U x = (iota() + index) * 0x9E3779B1u + key0;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x += key1;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    return (I)(x >> 8) < threshold ? V{} : splat(scale);
  }
};

}  // namespace attune::ATTUNE_ISA
