// The heart of every matrix product: a tile of C of at most MR x NV vectors, kept in registers over the whole sum.
// Each element is summed over k in ascending order, whatever the tile's shape.
#pragma once
#include "simd.h"
#include "tile_avx512.h"

namespace attune::ATTUNE_ISA {

#if ATTUNE_LANES == 16
constexpr int MR = 8, NV = 3;  // 24 accumulators, 3 of B, 1 broadcast
#elif ATTUNE_LANES == 8
constexpr int MR = 4, NV = 3;  // loads are the limit: 7 for 12 multiplications
#else
constexpr int MR = 4, NV = 2;
#endif
constexpr int NR = NV * W;

#if defined(__clang__)
#define ATTUNE_STEP_FENCE asm volatile("" ::: "memory")  // clang would interleave the steps and run out of registers
#else
#define ATTUNE_STEP_FENCE
#endif

/** How the operands of a tile lie; A(i, p) is a[i * aRow + p * aStep]. */
enum class Layout {
  rows,     // B packed, [k][NR]; A's rows are contiguous, aStep 1
  packed,   // B packed; A packed too, [k][MR]
  strided,  // any strides of A; B's rows are contiguous, bStep apart
};

template <int N, size_t... J>
static ALWAYS_INLINE void multiplyRow(V* accumulators, const V* b, float a, std::index_sequence<J...>) {
  ((accumulators[J] += b[J] * a), ...);
}
template <int N, class A, size_t... Row>
static ALWAYS_INLINE void multiplyStep(V* accumulators, const V* b, const A& a, std::index_sequence<Row...>) {
  (multiplyRow<N>(accumulators + Row * N, b, a(int(Row)), std::make_index_sequence<N>{}), ...);
}

/** C[M, N * W] (+)= A B over k steps. */
template <int M, int N, Layout Lies>
static void tile(long k, const float* __restrict a, long aRow, long aStep, const float* __restrict b, long bStep,
                 float* __restrict c, long cRow, bool accumulate) {
  constexpr bool packedB = Lies != Layout::strided;
  const long rowB = packedB ? NR : bStep;
  V accumulators[M * N];
#pragma GCC unroll 64
  for (int i = 0; i < M * N; i++) accumulators[i] = V{};
  if constexpr (packedB) {
    for (int i = 0; i < M; i++)
      for (int j = 0; j < N * W; j += 16) __builtin_prefetch(c + i * cRow + j, 1);
  }
  // Three bases reach eight rows by the processor's scaled addresses.
  const float *a3 = a + 3 * aRow, *a6 = a + 6 * aRow;
  const auto once = [&](int o) __attribute__((always_inline)) {
    V row_b[N];
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) row_b[j] = load(b + o * rowB + j * W);
    if constexpr (packedB && W == 16) {
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) __builtin_prefetch(b + (o + 8) * rowB + j * W);
    }
    constexpr auto rows = std::make_index_sequence<M>{};
    const float* const bases[] = {a, a3, a6};
    const auto element = [&](int i) __attribute__((always_inline)) {
      if constexpr (Lies == Layout::rows) {
        return bases[i / 3][i % 3 * aRow + o];
      } else if constexpr (Lies == Layout::packed) {
        return a[o * MR + i];
      } else {
        return a[i * aRow + o * aStep];
      }
    };
    multiplyStep<N>(accumulators, row_b, element, rows);
    ATTUNE_STEP_FENCE;
  };
  long p = 0;
  const auto advance = [&](long steps) __attribute__((always_inline)) {
    const long step = Lies == Layout::rows ? steps : Lies == Layout::packed ? steps * MR : steps * aStep;
    a += step;
    a3 += step;
    a6 += step;
    b += steps * rowB;
  };
  for (; p + 4 <= k; p += 4) {
    once(0);
    once(1);
    once(2);
    once(3);
    advance(4);
  }
  for (; p < k; p++) {
    once(0);
    advance(1);
  }
#pragma GCC unroll 64
  for (int i = 0; i < M * N; i++) {
    float* q = c + (i / N) * cRow + (i % N) * W;
    store(q, accumulate ? load(q) + accumulators[i] : accumulators[i]);
  }
}

typedef void (*Tile)(long, const float*, long, long, const float*, long, float*, long, bool);

template <Layout Lies, int M, size_t... N>
static constexpr Tile tileOf(int n, std::index_sequence<N...>) {
  Tile result = nullptr;
  ((int(N) + 1 == n ? (void)(result = tile<M, int(N) + 1, Lies>) : void()), ...);
#if ATTUNE_TILE_AVX512
  if (M == MR && n == NV && Lies != Layout::strided) result = wholeTile<Lies == Layout::packed>;
#endif
  return result;
}
template <Layout Lies>
struct Tiles {
  Tile at[MR][NV];
  template <size_t... M>
  constexpr explicit Tiles(std::index_sequence<M...>) : at() {
    for (int n = 1; n <= NV; n++) ((at[M][n - 1] = tileOf<Lies, int(M) + 1>(n, std::make_index_sequence<NV>{})), ...);
  }
};
/** tiles.at[m - 1][n - 1]: m rows, n vectors. */
template <Layout Lies>
static constexpr Tiles<Lies> tiles{std::make_index_sequence<MR>{}};

/** A product of unpacked operands by one thread; n is a multiple of W. */
static inline void multiply(long m, long n, long k, const float* a, long aRow, long aStep, const float* b, long bStep,
                            float* c, long cRow, bool accumulate) {
  for (long j = 0; j < n; j += NR) {
    const int vectors = int(least(n - j, NR) / W);
    for (long i = 0; i < m; i += MR) {
      const int rows = int(least(m - i, MR));
      tiles<Layout::strided>.at[rows - 1][vectors - 1](k, a + i * aRow, aRow, aStep, b + j, bStep, c + i * cRow + j, cRow,
                                             accumulate);
    }
  }
}

}  // namespace attune::ATTUNE_ISA
