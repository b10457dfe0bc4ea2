// C (+)= A B by the instructions that multiply pairs of bfloat16 and sum in float32: AMX's tiles where this file is compiled
// for them, else AVX512-BF16's vectors. Sets without either have gemm.cpp's instead.
//   gemmBfloat16   each factor is rounded: one part
//   gemm           with tiles only, which do sixteen times the work of float32's: each factor is a sum of three parts, high,
//                  middle and low, whose 24 bits are all of a float32's. Six of the nine products of parts are summed; the other
//                  three are below 2^-24 of the whole. (Henry, Tang, Heinecke: Leveraging the bfloat16 Artificial Intelligence
//                  Datatype For Higher-Precision Computations, 2019.)
//
// Both factors are packed into blocks of 16 x 16 pairs, a pair being two steps of k: a block of A has a row of A in
// each of its rows, a block of B a pair of rows of B. They are each other's transposes, so that one packing serves every
// layout. Then blocks of C, two by two, are summed in registers. A thread packs what it multiplies, into its own cache: what
// another core has just written takes longer to fetch than to make. An element is summed by one thread, over blocks of k
// whose size depends on k alone.
#include <immintrin.h>

#include <type_traits>

#include "product.h"

#if defined(__AMX_BF16__)
namespace attune::ATTUNE_EXTENDS {
void gemm(Context&, const double*, long);
}
#endif

namespace attune::ATTUNE_ISA {

constexpr long T = 16;                // rows and columns of a block of C
constexpr long kPair = 2 * T;         // steps of k in a block of a factor
constexpr long kBlock = T * T;        // pairs in it; the parts of a block follow each other
constexpr long kStrips = 4;           // of T rows or columns, packed together: a whole line of each row that is read
constexpr long kGroup = kStrips * T;  // lines in them

typedef uint32_t Pair;  // two bfloat16, the earlier along k in the low half

// ---- packing -------------------------------------------------------------------------------------------------------

static ALWAYS_INLINE __mmask16 firstLanes(long count) {
  return __mmask16(count >= T ? 0xFFFF : count <= 0 ? 0 : (1u << count) - 1);
}
static ALWAYS_INLINE V loadFirst(const float* p, long count) { return V(_mm512_maskz_loadu_ps(firstLanes(count), p)); }
/** The lanes of `low`, then those of `high`, rounded to nearest even. */
static ALWAYS_INLINE __m512i rounded(V low, V high) {
  return __m512i(_mm512_cvtne2ps_pbh(__m512(high), __m512(low)));
}

/** The larger magnitude; that of `a` where `b` is NaN. */
static ALWAYS_INLINE V largerMagnitude(V a, V b) {
  constexpr int kLargerMagnitude = 3, kPositive = 2 << 2;
  return V(_mm512_range_ps(__m512(a), __m512(b), kLargerMagnitude | kPositive));
}
/** x to the nearest bfloat16, ties away from zero, as a float32. */
static ALWAYS_INLINE V nearest(V x) { return (V)(((U)x + 0x8000) & 0xFFFF0000); }

/** One factor: element (i, p) at source[i * line + p * step], i a row of A or a column of B; one of the strides is 1. */
struct Side {
  const float* source;
  long line, step, count;
  bool alongK() const { return step == 1; }
};

static ALWAYS_INLINE void transposeBlock(float* block) {
  V x[T];
#pragma GCC unroll 16
  for (long r = 0; r < T; r++) x[r] = load(block + r * T);
  transpose<T>(x);
#pragma GCC unroll 16
  for (long r = 0; r < T; r++) store(block + r * T, x[r]);
}

/**
 * Packs the lines [i, i + T) over the steps [p, p + steps), at most kPair, into `Parts` blocks. `PairsAcross`: a row of a block
 * is a pair of steps for all lines (B), not a line's pairs (A). What lies beyond the lines or the steps is zero. Which steps
 * make a pair is free, as long as it is the same for both factors: two neighbours where the processor rounds them into one
 * vector, or those T apart, of which no lane has to move.
 */
template <bool PairsAcross, int Parts, bool AlongK, bool Whole>
static ALWAYS_INLINE void packBlock(const Side& side, long i, long p, long steps, Pair* target, V& largest, V& total) {
  const long lines = Whole ? T : least(T, side.count - i);
  if (Whole) steps = kPair;
  const float* source = side.source + i * side.line + p * side.step;
  alignas(64) static const uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i interleave = _mm512_load_si512(order);
#pragma GCC unroll 16
  for (long r = 0; r < T; r++) {
    const auto storeRow = [&](int part, auto pairs) { store((float*)(target + part * kBlock + r * T), V(pairs)); };
    V low, high;
    if constexpr (AlongK) {
      const float* s = source + (r < lines ? r : 0) * side.line;
      for (long ahead = 0; ahead < kPair; ahead += T) __builtin_prefetch(s + 2 * kPair + ahead);
      const long there = r < lines ? steps : 0;
      low = loadFirst(s, there);
      high = loadFirst(s + T, there - T);
    } else {
      const long first = Parts == 1 ? 2 * r : r, second = Parts == 1 ? 2 * r + 1 : r + T;
      const float *s = source + first * side.step, *t = source + second * side.step;
      __builtin_prefetch(s + kPair * side.step);
      __builtin_prefetch(t + kPair * side.step);
      low = loadFirst(s, first < steps ? lines : 0);
      high = loadFirst(t, second < steps ? lines : 0);
      total += low;
      total += high;
    }
    if constexpr (Parts == 1) {
      const __m512i pairs = rounded(low, high);
      storeRow(0, AlongK ? pairs : _mm512_permutexvar_epi16(interleave, pairs));
    } else {
      largest = largerMagnitude(largerMagnitude(largest, low), high);
#pragma GCC unroll 3
      for (int part = 0; part < Parts; part++) {
        const V nearLow = part == Parts - 1 ? low : nearest(low), nearHigh = part == Parts - 1 ? high : nearest(high);
        storeRow(part, ((U)nearHigh & 0xFFFF0000) | ((U)nearLow >> 16));
        low -= nearLow;
        high -= nearHigh;
      }
    }
  }
  if constexpr (AlongK == PairsAcross) {
    for (int part = 0; part < Parts; part++) transposeBlock((float*)(target + part * kBlock));
  }
}

/**
 * Packs the lines [from, from + count), from on a group's edge, over the steps [p0, p0 + k), strip after strip;
 * sums[i] += the sum of line i over these steps, where given. Whether the parts stand for what was packed: of an infinity, or
 * of what would be rounded to one, they do not.
 */
template <bool PairsAcross, int Parts>
static bool packLines(const Side& side, long from, long count, long p0, long k, Pair* target, float* sums) {
  constexpr float kLargest = 3.38953139e38f;  // bfloat16's: (2 - 2^-7) 2^127
  const long blocks = ceilDivide(k, kPair);
  V largest = {};
  for (long first = 0; first < count; first += kGroup, target += kStrips * blocks * Parts * kBlock) {
    const long strips = ceilDivide(least(kGroup, count - first), T);
    V totals[kStrips] = {};
    const auto block = [&](long s, long b, auto alongK) __attribute__((always_inline)) {
      const long i = from + first + s * T, p = b * kPair;
      Pair* there = target + (s * blocks + b) * Parts * kBlock;
      if (i + T <= side.count && p + kPair <= k) {
        packBlock<PairsAcross, Parts, alongK, true>(side, i, p0 + p, kPair, there, largest, totals[s]);
      } else {
        packBlock<PairsAcross, Parts, alongK, false>(side, i, p0 + p, least(kPair, k - p), there, largest, totals[s]);
      }
    };
    if (side.alongK()) {
      for (long s = 0; s < strips; s++)
        for (long b = 0; b < blocks; b++) block(s, b, std::true_type{});
    } else {
      for (long b = 0; b < blocks; b++)
        for (long s = 0; s < strips; s++) block(s, b, std::false_type{});
    }
    for (long i = 0; sums && i < least(kGroup, count - first); i++) sums[from + first + i] += totals[i / T][i % T];
  }
  return _mm512_cmp_ps_mask(__m512(largest), _mm512_set1_ps(kLargest), _CMP_GT_OQ) == 0;
}

// ---- blocks of C ---------------------------------------------------------------------------------------------------

#if defined(__AMX_BF16__)

/** The tile registers of this thread while the object lives; without them its state is cheaper to keep. */
struct Registers {
  Registers() {
    struct {
      uint8_t palette = 1, startRow = 0, reserved[14] = {};
      uint16_t columnBytes[16] = {};
      uint8_t rows[16] = {};
    } layout;
    for (int i = 0; i < 8; i++) {
      layout.columnBytes[i] = T * sizeof(Pair);
      layout.rows[i] = T;
    }
    _tile_loadconfig(&layout);
  }
  ~Registers() { _tile_release(); }
};

/** C (+)= A B for Rows x Columns blocks over some blocks of k; rows of blocks are `next...` apart, C's rows cRow. */
template <int Parts, int Rows, int Columns>
static void multiplyBlocks(long blocks, const Pair* a, long nextA, const Pair* b, long nextB, float* c, long cRow,
                           bool accumulate) {
  const long rowBytes = cRow * long(sizeof(float)), blockBytes = T * sizeof(Pair);
  if (accumulate) {
    _tile_loadd(0, c, rowBytes);
    if constexpr (Columns > 1) _tile_loadd(1, c + T, rowBytes);
    if constexpr (Rows > 1) _tile_loadd(2, c + T * cRow, rowBytes);
    if constexpr (Rows > 1 && Columns > 1) _tile_loadd(3, c + T * cRow + T, rowBytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (long p = 0; p < blocks; p++, a += Parts * kBlock, b += Parts * kBlock) {
    const auto loadA = [&](int part) __attribute__((always_inline)) {
      _tile_loadd(4, a + part * kBlock, blockBytes);
      if constexpr (Rows > 1) _tile_loadd(5, a + part * kBlock + nextA, blockBytes);
    };
    const auto loadB = [&](int part) __attribute__((always_inline)) {
      _tile_loadd(6, b + part * kBlock, blockBytes);
      if constexpr (Columns > 1) _tile_loadd(7, b + part * kBlock + nextB, blockBytes);
    };
    const auto multiply = [&]() __attribute__((always_inline)) {
      _tile_dpbf16ps(0, 4, 6);
      if constexpr (Columns > 1) _tile_dpbf16ps(1, 4, 7);
      if constexpr (Rows > 1) _tile_dpbf16ps(2, 5, 6);
      if constexpr (Rows > 1 && Columns > 1) _tile_dpbf16ps(3, 5, 7);
    };
    loadA(0);
    loadB(Parts - 1);
    multiply();
    if constexpr (Parts == 3) {  // from one product of parts to the next, one factor stays
      loadB(1);
      multiply();
      loadA(1);
      multiply();
      loadB(0);
      multiply();
      loadA(2);
      multiply();
      loadA(0);
      multiply();
    }
  }
  _tile_stored(0, c, rowBytes);
  if constexpr (Columns > 1) _tile_stored(1, c + T, rowBytes);
  if constexpr (Rows > 1) _tile_stored(2, c + T * cRow, rowBytes);
  if constexpr (Rows > 1 && Columns > 1) _tile_stored(3, c + T * cRow + T, rowBytes);
}

#else

struct Registers {
  Registers() {}  // vectors need no preparation
};

template <int Parts, int Rows, int Columns>
static void multiplyBlocks(long blocks, const Pair* a, long nextA, const Pair* b, long nextB, float* c, long cRow,
                           bool accumulate) {
  static_assert(Parts == 1);
  constexpr int R = 8;  // rows at a time: R * Columns sums, Columns of B and a broadcast pair of A
  for (int i0 = 0; i0 < Rows * int(T); i0 += R) {
    __m512 sums[R * Columns];
    float* rows = c + i0 * cRow;
#pragma GCC unroll 16
    for (int i = 0; i < R * Columns; i++)
      sums[i] = accumulate ? _mm512_loadu_ps(rows + i / Columns * cRow + i % Columns * T) : _mm512_setzero_ps();
    const Pair *pa = a + i0 / T * nextA + i0 % T * T, *pb = b;
    for (long p = 0; p < blocks; p++, pa += kBlock, pb += kBlock) {
#pragma GCC unroll 2
      for (long q = 0; q < T; q++) {
        __m512i column[Columns];
#pragma GCC unroll 2
        for (int j = 0; j < Columns; j++) column[j] = _mm512_loadu_si512(pb + j * nextB + q * T);
#pragma GCC unroll 8
        for (int i = 0; i < R; i++) {
          const __m512i element = _mm512_set1_epi32(int(pa[i * T + q]));
#pragma GCC unroll 2
          for (int j = 0; j < Columns; j++)
            sums[i * Columns + j] = _mm512_dpbf16_ps(sums[i * Columns + j], __m512bh(element), __m512bh(column[j]));
        }
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < R * Columns; i++) _mm512_storeu_ps(rows + i / Columns * cRow + i % Columns * T, sums[i]);
  }
}

#endif

// ---- the product ---------------------------------------------------------------------------------------------------

/** Rows [i0, i1) and columns [j0, j1) of C, at most two blocks each way. */
template <int Parts>
static void multiplyPart(const Product& g, long i0, long i1, long j0, long j1, const Pair* a, const Pair* b, long blocks,
                         bool accumulate) {
  const long strip = Parts * kBlock * blocks;
  const bool tall = i1 - i0 > T, wide = j1 - j0 > T;
  const auto multiply = tall ? wide ? multiplyBlocks<Parts, 2, 2> : multiplyBlocks<Parts, 2, 1>
                             : wide ? multiplyBlocks<Parts, 1, 2> : multiplyBlocks<Parts, 1, 1>;
  float* c = g.c + i0 * g.cRow + j0;
  if ((i1 - i0) % T == 0 && (j1 - j0) % T == 0) return multiply(blocks, a, strip, b, strip, c, g.cRow, accumulate);
  alignas(64) float edge[4 * kBlock];
  multiply(blocks, a, strip, b, strip, edge, 2 * T, false);
  for (long i = 0; i < i1 - i0; i++) {
    overLanes(0, j1 - j0, [&](long j, auto lanes) {
      const V x = lanes.load(edge + i * 2 * T + j);
      lanes.store(c + i * g.cRow + j, accumulate ? lanes.load(c + i * g.cRow + j) + x : x);
    });
  }
}

/** The same for any part of C over the steps [p0, p0 + k), from the factors themselves: slow, and right for infinities. */
static void multiplyPlainly(const Product& g, long i0, long i1, long j0, long j1, long p0, long k, bool accumulate) {
  for (long i = i0; i < i1; i++) {
    for (long j = j0; j < j1; j++) {
      float sum = 0;
      for (long p = p0; p < p0 + k; p++) sum += g.a[i * g.aRow + p * g.aStep] * g.b[p * g.bStep + j * g.bColumn];
      float& c = g.c[i * g.cRow + j];
      c = accumulate ? c + sum : sum;
    }
  }
}

/** How a product is cut: k into blocks, columns into groups of which a thread packs one, rows into tasks. */
template <int Parts>
struct Cut {
  long passes, steps;         // of k
  long columnGroups, columns; // groups, and columns in each
  long rows;                  // in a task
  Cut(const Product& g, long threads) {
    passes = most(1, ceilDivide(g.k, kMostSteps));
    steps = roundUp(most(1, ceilDivide(g.k, passes)), kPair);
    // Each group of columns means another packing of A; threads beyond the groups, another of B.
    const long fewest = ceilDivide(g.n, kMostPairs * 2 / steps);
    double best = 0;
    for (long groups = fewest; groups <= most(fewest, threads); groups++) {
      const double cost = double(g.m) * double(groups) + double(g.n) * double(most(1, threads / groups));
      if (best != 0 && cost >= best) continue;
      best = cost;
      columns = roundUp(ceilDivide(g.n, groups), kGroup);
    }
    columnGroups = ceilDivide(g.n, columns);
    // A core that is held up by others must not hold up the rest: several tasks for each thread.
    constexpr long tasksPerThread = 8;
    const long wanted = threads == 1 ? 1 : ceilDivide(tasksPerThread * threads, columnGroups);
    rows = least(kMostRows, roundUp(ceilDivide(g.m, wanted), kGroup));
  }
  size_t pairsB() const { return size_t(columns * steps / 2 * Parts); }
  size_t pairs() const { return pairsB() + size_t(rows * steps / 2 * Parts); }

 private:
  static constexpr long kMostSteps = Parts == 1 ? 1024 : 512;
  static constexpr long kMostPairs = 512 * 1024 / 2 / Parts;  // of B that a thread packs; they stay in its cache
  static constexpr long kMostRows = 256;
};

template <int Parts>
static void product(const Team& team, const Product& g, const Cut<Parts>& cut, long* taken, float* const* memory) {
  const Side sideA{g.a, g.aRow, g.aStep, g.m}, sideB{g.b, g.bColumn, g.bStep, g.n};
  const bool sumsWhilePacking = g.rowSums && !sideA.alongK() && g.k > 0;
  if (sumsWhilePacking) memset(g.rowSums, 0, size_t(g.m) * sizeof(float));
  else if (g.rowSums) sumRows(team, g);
  if (g.k == 0) return finishEmpty(g);
  bool ordinaryB[Pool::kMaxThreads];
  for (long pass = 0; pass < cut.passes; pass++) {
    const long p0 = pass * cut.steps, k = least(cut.steps, g.k - p0), blocks = ceilDivide(k, kPair), strip = Parts * kBlock * blocks;
    const bool accumulate = g.accumulate || pass > 0, last = pass == cut.passes - 1;
    const auto firstColumn = [&](long group) { return group * cut.columns; };
    const auto columnsOf = [&](long group) { return least(cut.columns, g.n - firstColumn(group)); };
    takeTurns(
        team, g.m, cut.rows, cut.columnGroups, taken,
        [&](long group, int thread) {
          ordinaryB[thread] =
              packLines<true, Parts>(sideB, firstColumn(group), columnsOf(group), p0, k, (Pair*)memory[thread], nullptr);
        },
        [&](long group, long i0, long i1, int thread) {
          const Pair* packedB = (const Pair*)memory[thread];
          Pair* packedA = (Pair*)memory[thread] + cut.pairsB();
          const bool ordinaryA = packLines<false, Parts>(sideA, i0, i1 - i0, p0, k, packedA,
                                                         sumsWhilePacking && group == 0 ? g.rowSums : nullptr);
          const bool ordinary = ordinaryA && ordinaryB[thread];
          const Registers registers;
          for (long i = i0; i < i1; i += 2 * T) {
            const long bottom = least(i1, i + 2 * T);
            for (long j = 0; j < columnsOf(group); j += 2 * T) {
              const long left = firstColumn(group) + j, right = firstColumn(group) + least(columnsOf(group), j + 2 * T);
              if (last) prefetchEpilogue(g, i, bottom, left, right);
              if (ordinary) {
                multiplyPart<Parts>(g, i, bottom, left, right, packedA + (i - i0) / T * strip, packedB + j / T * strip,
                                    blocks, accumulate);
              } else {
                multiplyPlainly(g, i, bottom, left, right, p0, k, accumulate);
              }
              if (last) finish(g, i, bottom, left, right);
            }
          }
        });
  }
}

template <int Parts>
static void run(Context& context, const Products& products) {
  if (products.empty()) return;
  const bool apart = products.apart(), alone = apart || products.tiny();
  const Cut<Parts> cut(products.first, alone ? 1 : context.pool.threads());
  const size_t counts = size_t(cut.columnGroups) * sizeof(long) / sizeof(float);
  if (!context.reserve(apart ? 0 : counts, cut.pairs() + (apart ? counts : 0))) return;
  float* memory[Pool::kMaxThreads];
  for (int i = 0; i < context.pool.threads(); i++) memory[i] = context.local(i);
  if (apart) {
    context.pool.each(int(products.count), [&](int i, int thread) {
      product<Parts>(Team{nullptr, thread}, products.at(i), cut, (long*)(memory[thread] + cut.pairs()), memory);
    });
    return;
  }
  const Team team{alone ? nullptr : &context.pool, 0};
  for (long i = 0; i < products.count; i++) product<Parts>(team, products.at(i), cut, (long*)context.shared(), memory);
}

void gemmBfloat16(Context& context, const double* values, long) { run<1>(context, readProducts(values)); }

#if defined(__AMX_BF16__)

/** Whether the work is worth the packing; smaller products are the extended set's. */
static bool worthParts(const Product& g) { return g.m >= 32 && g.n >= 32 && g.k >= 32; }

void gemm(Context& context, const double* values, long count) {
  const Products products = readProducts(values);
  if (worthParts(products.first)) run<3>(context, products);
  else ATTUNE_EXTENDS::gemm(context, values, count);
}

#endif

}  // namespace attune::ATTUNE_ISA
