// Ways to split work over the pool. No split depends on the number of threads, except where each element's result does
// not depend on the split either.
#pragma once
#include "kernels.h"
#include "simd.h"

namespace attune::ATTUNE_ISA {

/** Elements of a chunk of elementwise work: large enough to be worth a task. A multiple of every W. */
constexpr long kChunk = 16384;

/** body(begin, end) over chunks of 0 ... length. */
template <class Body>
static ALWAYS_INLINE void chunks(Context& context, long length, const Body& body, long chunk = kChunk) {
  const auto run = [&](int task, int) {
    const long begin = task * chunk;
    body(begin, least(length, begin + chunk));
  };
  context.pool.each(int(ceilDivide(length, chunk)), run);
}

/** body(begin, end) over groups of rows that hold some kChunk elements together. */
template <class Body>
static ALWAYS_INLINE void rowChunks(Context& context, long rows, long width, const Body& body) {
  chunks(context, rows, body, most(1, kChunk / most(1, width)));
}

static ALWAYS_INLINE Mask readMask(Arguments& arguments) {
  Mask mask;
  mask.active = arguments.flag();
  mask.threshold = int32_t(arguments.integer());
  mask.scale = float(arguments.number());
  mask.key0 = arguments.word();
  mask.key1 = arguments.word();
  return mask;
}

// ---- 16-bit floats -------------------------------------------------------------------------------------------------
static ALWAYS_INLINE uint32_t bitsOf(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}
static ALWAYS_INLINE float floatOf(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}
static ALWAYS_INLINE float fromBfloat16(uint16_t h) { return floatOf(uint32_t(h) << 16); }
static ALWAYS_INLINE uint16_t toBfloat16(float x) {
  const uint32_t bits = bitsOf(x);
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;  // to nearest, ties to even
  return uint16_t((bits & 0x7FFFFFFF) > 0x7F800000 ? (bits >> 16) | 0x40 : rounded);
}
static ALWAYS_INLINE float fromFloat16(uint16_t h) {
  const uint32_t sign = uint32_t(h & 0x8000) << 16, exponent = (h >> 10) & 31, mantissa = h & 1023;
  const uint32_t ordinary = ((exponent + 112) << 23) | (mantissa << 13);
  const uint32_t special = 0x7F800000 | (mantissa << 13);
  const uint32_t tiny = bitsOf(float(int(mantissa)) * 5.9604644775390625e-8f);  // mantissa * 2^-24
  return floatOf(sign | (exponent == 31 ? special : exponent == 0 ? tiny : ordinary));
}
static ALWAYS_INLINE uint16_t toFloat16(float x) {
  const uint32_t bits = bitsOf(x), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7FFFFFFF;
  // Below 2^-14: adding 0.5 leaves the result, rounded to nearest even, in the low bits.
  const uint32_t tiny = bitsOf(floatOf(magnitude) + 0.5f) - 0x3F000000;
  const uint32_t ordinary = (magnitude - 0x38000000 + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
  const uint32_t result = magnitude > 0x7F800000   ? 0x7E00
                          : magnitude >= 0x477FF000 ? 0x7C00  // rounds to infinity
                          : magnitude < 0x38800000  ? tiny
                                                    : ordinary;
  return uint16_t(sign | result);
}

/** Sums, differences and products; those of integers keep the low 32 bits. */
static ALWAYS_INLINE float add(float x, float y) { return x + y; }
static ALWAYS_INLINE float subtract(float x, float y) { return x - y; }
static ALWAYS_INLINE float times(float x, float y) { return x * y; }
static ALWAYS_INLINE int32_t add(int32_t x, int32_t y) { return int32_t(uint32_t(x) + uint32_t(y)); }
static ALWAYS_INLINE int32_t subtract(int32_t x, int32_t y) { return int32_t(uint32_t(x) - uint32_t(y)); }
static ALWAYS_INLINE int32_t times(int32_t x, int32_t y) { return int32_t(uint32_t(x) * uint32_t(y)); }

/** How an element of a dtype lies in memory and becomes a number to calculate with. */
struct Float32 {
  typedef float Stored;
  static ALWAYS_INLINE float load(float x) { return x; }
  static ALWAYS_INLINE float store(float x) { return x; }
};
struct Bfloat16 {
  typedef uint16_t Stored;
  static ALWAYS_INLINE float load(uint16_t x) { return fromBfloat16(x); }
  static ALWAYS_INLINE uint16_t store(float x) { return toBfloat16(x); }
};
struct Float16 {
  typedef uint16_t Stored;
  static ALWAYS_INLINE float load(uint16_t x) { return fromFloat16(x); }
  static ALWAYS_INLINE uint16_t store(float x) { return toFloat16(x); }
};
struct Int32 {
  typedef int32_t Stored;
  static ALWAYS_INLINE int32_t load(int32_t x) { return x; }
  static ALWAYS_INLINE int32_t store(int32_t x) { return x; }
  static ALWAYS_INLINE int32_t store(float x) {  // toward zero, held within the range; NaN becomes 0
    return x >= 2147483648.0f ? INT32_MAX : x > -2147483648.0f ? int32_t(x) : x == x ? INT32_MIN : 0;
  }
};

/** body(type) with the struct above that belongs to a dtype. */
template <class Body>
static ALWAYS_INLINE void withType(DType type, const Body& body) {
  switch (type) {
    case DType::float32: return body(Float32{});
    case DType::bfloat16: return body(Bfloat16{});
    case DType::float16: return body(Float16{});
    case DType::int32: return body(Int32{});
  }
}

static ALWAYS_INLINE long bytesOf(DType type) { return type == DType::float32 || type == DType::int32 ? 4 : 2; }

}  // namespace attune::ATTUNE_ISA
