// C (+)= A B with the factors rounded to bfloat16 and sums in float32, by the instructions that multiply such numbers: AMX's
// tiles where this file is compiled for them, else AVX512-BF16's vectors. Sets without either have gemm.cpp's instead.
//
// Both factors are rounded into blocks of 16 x 16 pairs, a pair being two neighbours along k: a block of A has a row of A in
// each of its rows, a block of B a pair of rows of B. They are each other's transposes, so that one packing serves every
// layout. Then blocks of C, two by two, are summed in registers. A thread packs what it multiplies, into its own cache: what
// another core has just written takes longer to fetch than to make. An element is summed by one thread, over blocks of k
// whose size depends on k alone.
#include <immintrin.h>

#include "product.h"

namespace attune::ATTUNE_ISA {

constexpr long T = 16;                // rows and columns of a block of C
constexpr long kPair = 2 * T;         // steps of k in a block of a factor
constexpr long kBlock = T * T;        // pairs in it
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

/** One factor: element (i, p) at source[i * line + p * step], i a row of A or a column of B; one of the strides is 1. */
struct Side {
  const float* source;
  long line, step, count;
  bool alongK() const { return step == 1; }
};

/**
 * Packs the lines [i, i + T) over the steps [p, p + steps), at most kPair, into a block. `PairsAcross`: a row of the block is
 * a pair of steps for all lines (B), not a line's pairs (A). What lies beyond the lines or the steps is zero. Adds up the
 * lines in `total`, where they are neighbours.
 */
template <bool PairsAcross>
static ALWAYS_INLINE void packBlock(const Side& side, long i, long p, long steps, Pair* target, V& total) {
  const long lines = least(T, side.count - i);
  const float* source = side.source + i * side.line + p * side.step;
  V x[T];
  if (side.alongK()) {
#pragma GCC unroll 16
    for (long r = 0; r < T; r++) {
      const float* s = source + (r < lines ? r : 0) * side.line;
      const long there = r < lines ? steps : 0;
      x[r] = V(rounded(loadFirst(s, there), loadFirst(s + T, there - T)));
    }
  } else {
    alignas(64) static const uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                   8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512i interleave = _mm512_load_si512(order);
#pragma GCC unroll 16
    for (long q = 0; q < T; q++) {
      const float* s = source + 2 * q * side.step;
      __builtin_prefetch(s + kPair * side.step);
      __builtin_prefetch(s + (kPair + 1) * side.step);
      const V low = loadFirst(s, 2 * q < steps ? lines : 0);
      const V high = loadFirst(s + side.step, 2 * q + 1 < steps ? lines : 0);
      total += low;
      total += high;
      x[q] = V(_mm512_permutexvar_epi16(interleave, rounded(low, high)));
    }
  }
  if (side.alongK() == PairsAcross) transpose<T>(x);
#pragma GCC unroll 16
  for (long r = 0; r < T; r++) store((float*)(target + r * T), x[r]);
}

/**
 * Packs the lines [from, from + count), from on a group's edge, over the steps [p0, p0 + k), strip after strip;
 * sums[i] += the sum of line i over these steps, where given.
 */
template <bool PairsAcross>
static void packLines(const Side& side, long from, long count, long p0, long k, Pair* target, float* sums) {
  const long blocks = ceilDivide(k, kPair);
  for (long first = 0; first < count; first += kGroup, target += kStrips * blocks * kBlock) {
    const long strips = ceilDivide(least(kGroup, count - first), T);
    V totals[kStrips] = {};
    const auto block = [&](long s, long b) __attribute__((always_inline)) {
      packBlock<PairsAcross>(side, from + first + s * T, p0 + b * kPair, least(kPair, k - b * kPair),
                             target + (s * blocks + b) * kBlock, totals[s]);
    };
    if (side.alongK()) {
      for (long s = 0; s < strips; s++)
        for (long b = 0; b < blocks; b++) block(s, b);
    } else {
      for (long b = 0; b < blocks; b++)
        for (long s = 0; s < strips; s++) block(s, b);
    }
    for (long i = 0; sums && i < least(kGroup, count - first); i++) sums[from + first + i] += totals[i / T][i % T];
  }
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
template <int Rows, int Columns>
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
  for (long p = 0; p < blocks; p++, a += kBlock, b += kBlock) {
    _tile_loadd(4, a, blockBytes);
    _tile_loadd(6, b, blockBytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (Columns > 1) {
      _tile_loadd(7, b + nextB, blockBytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (Rows > 1) {
      _tile_loadd(5, a + nextA, blockBytes);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (Columns > 1) _tile_dpbf16ps(3, 5, 7);
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

template <int Rows, int Columns>
static void multiplyBlocks(long blocks, const Pair* a, long nextA, const Pair* b, long nextB, float* c, long cRow,
                           bool accumulate) {
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
static void multiplyPart(const Product& g, long i0, long i1, long j0, long j1, const Pair* a, const Pair* b, long blocks,
                         bool accumulate) {
  const long strip = kBlock * blocks;
  const bool tall = i1 - i0 > T, wide = j1 - j0 > T;
  const auto multiply = tall ? wide ? multiplyBlocks<2, 2> : multiplyBlocks<2, 1>
                             : wide ? multiplyBlocks<1, 2> : multiplyBlocks<1, 1>;
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

/** How a product is cut: k into blocks, columns into groups of which a thread packs one, rows into tasks. */
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
  size_t pairsB() const { return size_t(columns * steps / 2); }
  size_t pairs() const { return pairsB() + size_t(rows * steps / 2); }

 private:
  static constexpr long kMostSteps = 1024;
  static constexpr long kMostPairs = 512 * 1024 / 2;  // of B that a thread packs; they stay in its cache
  static constexpr long kMostRows = 256;
};

static void product(const Team& team, const Product& g, const Cut& cut, long* taken, float* const* memory) {
  const Side sideA{g.a, g.aRow, g.aStep, g.m}, sideB{g.b, g.bColumn, g.bStep, g.n};
  const bool sumsWhilePacking = g.rowSums && !sideA.alongK() && g.k > 0;
  if (sumsWhilePacking) memset(g.rowSums, 0, size_t(g.m) * sizeof(float));
  else if (g.rowSums) sumRows(team, g);
  if (g.k == 0) return finishEmpty(g);
  for (long pass = 0; pass < cut.passes; pass++) {
    const long p0 = pass * cut.steps, k = least(cut.steps, g.k - p0), blocks = ceilDivide(k, kPair), strip = kBlock * blocks;
    const bool accumulate = g.accumulate || pass > 0, last = pass == cut.passes - 1;
    const auto firstColumn = [&](long group) { return group * cut.columns; };
    const auto columnsOf = [&](long group) { return least(cut.columns, g.n - firstColumn(group)); };
    takeTurns(
        team, g.m, cut.rows, cut.columnGroups, taken,
        [&](long group, int thread) {
          packLines<true>(sideB, firstColumn(group), columnsOf(group), p0, k, (Pair*)memory[thread], nullptr);
        },
        [&](long group, long i0, long i1, int thread) {
          const Pair* packedB = (const Pair*)memory[thread];
          Pair* packedA = (Pair*)memory[thread] + cut.pairsB();
          packLines<false>(sideA, i0, i1 - i0, p0, k, packedA, sumsWhilePacking && group == 0 ? g.rowSums : nullptr);
          const Registers registers;
          for (long i = i0; i < i1; i += 2 * T) {
            const long bottom = least(i1, i + 2 * T);
            for (long j = 0; j < columnsOf(group); j += 2 * T) {
              const long left = firstColumn(group) + j, right = firstColumn(group) + least(columnsOf(group), j + 2 * T);
              if (last) prefetchEpilogue(g, i, bottom, left, right);
              multiplyPart(g, i, bottom, left, right, packedA + (i - i0) / T * strip, packedB + j / T * strip, blocks,
                           accumulate);
              if (last) finish(g, i, bottom, left, right);
            }
          }
        });
  }
}

void gemmBfloat16(Context& context, const double* values, long) {
  const Products products = readProducts(values);
  if (products.empty()) return;
  const bool apart = products.apart(), alone = apart || products.tiny();
  const Cut cut(products.first, alone ? 1 : context.pool.threads());
  const size_t counts = size_t(cut.columnGroups) * sizeof(long) / sizeof(float);
  if (!context.reserve(apart ? 0 : counts, cut.pairs() + (apart ? counts : 0))) return;
  float* memory[Pool::kMaxThreads];
  for (int i = 0; i < context.pool.threads(); i++) memory[i] = context.local(i);
  if (apart) {
    context.pool.each(int(products.count), [&](int i, int thread) {
      product(Team{nullptr, thread}, products.at(i), cut, (long*)(memory[thread] + cut.pairs()), memory);
    });
    return;
  }
  const Team team{alone ? nullptr : &context.pool, 0};
  for (long i = 0; i < products.count; i++) product(team, products.at(i), cut, (long*)context.shared(), memory);
}

}  // namespace attune::ATTUNE_ISA
