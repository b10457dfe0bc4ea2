// The heart of every matrix product: a tile of C of at most MR x NV vectors, kept in registers over the whole sum.
// Each element is summed over k in ascending order, whatever the tile's shape.
#pragma once
#include "simd.h"

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

template <int N, size_t... J>
static ALWAYS_INLINE void multiplyRow(V* accumulators, const V* b, float a, std::index_sequence<J...>) {
  ((accumulators[J] += b[J] * a), ...);
}
template <int N, size_t... Row>
static ALWAYS_INLINE void multiplyStep(V* accumulators, const V* b, const float* a, long rowStride,
                                       std::index_sequence<Row...>) {
  (multiplyRow<N>(accumulators + Row * N, b, a[long(Row) * rowStride], std::make_index_sequence<N>{}), ...);
}

/** C[M, N * W] (+)= A B over k steps. Packed: A is [k][MR], B is [k][NR]; otherwise the strides given hold. */
template <int M, int N, bool Packed>
static void tile(long k, const float* __restrict a, long aRow, long aStep, const float* __restrict b, long bStep,
                 float* __restrict c, long cRow, bool accumulate) {
  const long row = Packed ? 1 : aRow, step = Packed ? MR : aStep, rowB = Packed ? NR : bStep;
  V accumulators[M * N];
#pragma GCC unroll 64
  for (int i = 0; i < M * N; i++) accumulators[i] = V{};
  if constexpr (Packed) {
    for (int i = 0; i < M; i++)
      for (int j = 0; j < N * W; j += 16) __builtin_prefetch(c + i * cRow + j, 1);
  }
  const auto once = [&](int o) __attribute__((always_inline)) {
    V row_b[N];
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) row_b[j] = load(b + o * rowB + j * W);
    if constexpr (Packed && W == 16) {
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) __builtin_prefetch(b + (o + 8) * rowB + j * W);
      if (o * MR % 16 == 0) __builtin_prefetch(a + o * step + 32 * MR);
    }
    multiplyStep<N>(accumulators, row_b, a + o * step, row, std::make_index_sequence<M>{});
    ATTUNE_STEP_FENCE;
  };
  long p = 0;
  for (; p + 4 <= k; p += 4) {
    once(0);
    once(1);
    once(2);
    once(3);
    a += 4 * step;
    b += 4 * rowB;
  }
  for (; p < k; p++) {
    once(0);
    a += step;
    b += rowB;
  }
#pragma GCC unroll 64
  for (int i = 0; i < M * N; i++) {
    float* q = c + (i / N) * cRow + (i % N) * W;
    store(q, accumulate ? load(q) + accumulators[i] : accumulators[i]);
  }
}

typedef void (*Tile)(long, const float*, long, long, const float*, long, float*, long, bool);

template <bool Packed, int M, size_t... N>
static constexpr Tile tileOf(int n, std::index_sequence<N...>) {
  Tile result = nullptr;
  ((int(N) + 1 == n ? (void)(result = tile<M, int(N) + 1, Packed>) : void()), ...);
  return result;
}
template <bool Packed>
struct Tiles {
  Tile at[MR][NV];
  template <size_t... M>
  constexpr explicit Tiles(std::index_sequence<M...>) : at() {
    for (int n = 1; n <= NV; n++) ((at[M][n - 1] = tileOf<Packed, int(M) + 1>(n, std::make_index_sequence<NV>{})), ...);
  }
};
/** tiles[m - 1][n - 1]: m rows, n vectors. */
static constexpr Tiles<true> packedTiles{std::make_index_sequence<MR>{}};
static constexpr Tiles<false> stridedTiles{std::make_index_sequence<MR>{}};

/** A product of unpacked operands by one thread; n is a multiple of W. */
static inline void multiply(long m, long n, long k, const float* a, long aRow, long aStep, const float* b, long bStep,
                            float* c, long cRow, bool accumulate) {
  for (long j = 0; j < n; j += NR) {
    const int vectors = int(least(n - j, NR) / W);
    for (long i = 0; i < m; i += MR) {
      const int rows = int(least(m - i, MR));
      stridedTiles.at[rows - 1][vectors - 1](k, a + i * aRow, aRow, aStep, b + j, bStep, c + i * cRow + j, cRow,
                                             accumulate);
    }
  }
}

}  // namespace attune::ATTUNE_ISA
