// C (+)= A B with a fused epilogue. Ways, chosen by shape alone:
//   panels   tasks are panels of NR columns of B times groups of A's rows. A thread packs its panel into its own cache;
//            A is read where it lies, since the tiles only broadcast its elements.
//   dots     few rows or few columns, both operands contiguous along k: each element is a dot product in vectors.
//   strided  few rows or a short sum, B contiguous along n: the tiles read the operands where they are.
// An element is summed by one thread, over blocks of k whose size depends on k alone.
#include "product.h"
#include "tile.h"

namespace attune::ATTUNE_ISA {

constexpr long kShort = 16;   // a sum of so few steps needs no packed operand
constexpr long kBlock = 512;  // steps of k between two visits of a tile of C, at most

// ---- packing -------------------------------------------------------------------------------------------------------

/**
 * Packs the panel B(p, j), 0 <= p < k, 0 <= j < n <= NR, into target[p * NR + j], with zeros beyond n. Register transposes
 * where p is contiguous, row copies where j is. The prefetches reach further than the processor's own, which lose the
 * thread at the end of every short row; a level down there is room for more of them at once.
 */
static void packPanel(const float* source, long step, long column, long n, long k, float* target) {
  constexpr int T = W;
  typedef typename Vector<T>::type X;
  typedef typename Vector<T>::unaligned UnalignedX;
  if (n < NR) memset(target, 0, sizeof(float) * size_t(k * NR));
  if (column == 1) {
    constexpr long ahead = 48;
    for (long p = 0; p < k; p++) {
      const float* s = source + p * step;
      float* t = target + p * NR;
      for (int j = 0; j < n; j += 16) __builtin_prefetch(s + ahead * step + j, 0, 2);
      if (n == NR) {
        memcpy(t, s, NR * sizeof(float));
      } else {
        for (long j = 0; j < n; j++) t[j] = s[j];
      }
    }
    return;
  }
  for (long j = 0; j < n; j += T) {
    const int columns = int(least(n - j, T));
    long p = 0;
    if (step == 1) {
      for (; p + T <= k; p += T) {
        const float* s = source + j * column + p;
        X x[T];
#pragma GCC unroll 16
        for (int r = 0; r < T; r++) x[r] = *(const UnalignedX*)(s + (r < columns ? r : columns - 1) * column);
#pragma GCC unroll 16
        for (int r = 0; r < T; r++) __builtin_prefetch(s + (T + r) * column, 0, 2);
        transpose<T>(x);
        float* t = target + p * NR + j;
        if (columns == T) {
#pragma GCC unroll 16
          for (int r = 0; r < T; r++) *(UnalignedX*)(t + r * NR) = x[r];
        } else {
          for (int r = 0; r < T; r++) memcpy(t + r * NR, &x[r], size_t(columns) * sizeof(float));
        }
      }
    }
    for (; p < k; p++)
      for (int r = 0; r < columns; r++) target[p * NR + j + r] = source[(j + r) * column + p * step];
  }
}

// ---- by panels -----------------------------------------------------------------------------------------------------

/** Rows of A are read where they lie if they are contiguous. */
static bool packsRows(const Product& g) { return g.aStep != 1; }

constexpr long kRowsPacked = 8 * MR;  // of a transposed A, at a time

/** How a product is cut: k into blocks, rows and columns into groups; a task is a group of each. */
struct Cut {
  long blocks, steps;         // of k
  long panels, wide;          // panels of NR columns in all, and in a group
  long columnGroups;
  long rows;                  // in a group
  Cut(const Product& g, long threads) {
    blocks = most(1, ceilDivide(g.k, kBlock));
    steps = most(4, roundUp(ceilDivide(g.k, blocks), 4));
    panels = ceilDivide(g.n, NR);
    // Every thread packs the columns that it works on, and, for every group of columns, the rows of a transposed A.
    double best = 0;
    for (long some = least(panels, most(1, kPacked / (steps * NR))); some > 0; some /= 2) {
      const long groups = ceilDivide(panels, some);
      const double rowsOnce = double(g.m) * (packsRows(g) ? 1 : 0.1);  // read in place, they still come from further away
      const double cost = double(g.n) * double(most(1, threads / groups)) + rowsOnce * double(groups);
      if (best == 0 || cost < best) {
        best = cost;
        columnGroups = groups;
        wide = ceilDivide(panels, groups);
      }
    }
    // A core that is held up by others must not hold up the rest: several tasks for each thread.
    constexpr long tasksPerThread = 8;
    const long wanted = threads == 1 ? 1 : ceilDivide(tasksPerThread * threads, columnGroups);
    rows = roundUp(ceilDivide(g.m, wanted), MR);
  }
  size_t floatsPanel() const { return size_t(steps * NR); }
  size_t floatsB() const { return size_t(wide) * floatsPanel() + 16 * NR; }
  size_t floats() const { return floatsB() + size_t(steps * kRowsPacked); }

 private:
  static constexpr long kPacked = 200000;  // floats of B that a thread packs; they stay in its cache
};

/**
 * Packs rows [0, rows) of a transposed A, in panels of MR: target[(i / MR * k + p) * MR + i % MR] = A(i, p), one walk over
 * k for all of them. sums[i] += sum over p, where given.
 */
static void packRows(const float* source, long step, long rows, long k, float* target, float* sums) {
  const long whole = rows / MR, rest = rows % MR;
  float total[kRowsPacked] = {};
  for (long p = 0; p < k; p++) {
    const float* s = source + p * step;
    for (long i = 0; i < rows; i += 16) __builtin_prefetch(s + 24 * step + i);
    for (long q = 0; q < whole; q++) memcpy(target + (q * k + p) * MR, s + q * MR, MR * sizeof(float));
    for (long i = 0; i < rest; i++) target[(whole * k + p) * MR + i] = s[whole * MR + i];
    if (sums)
      for (long i = 0; i < rows; i++) total[i] += s[i];
  }
  for (long i = 0; sums && i < rows; i++) sums[i] += total[i];
}

/** A tile at row i and column j0, and its epilogue after the last block of k. */
static void panelTile(const Product& g, long i, long rows, long j0, const float* a, const float* b, long k,
                      bool accumulate, bool last) {
  const long columns = least(g.n - j0, NR), vectors = ceilDivide(columns, W);
  const auto& kinds = packsRows(g) ? tiles<Layout::packed>.at : tiles<Layout::rows>.at;
  const Tile multiplyTile = kinds[rows - 1][vectors - 1];
  float* c = g.c + i * g.cRow + j0;
  if (last) prefetchEpilogue(g, i, i + rows, j0, j0 + columns);
  if (columns % W == 0) {
    multiplyTile(k, a, g.aRow, 0, b, 0, c, g.cRow, accumulate);
  } else {
    alignas(64) float edge[MR * NR];
    multiplyTile(k, a, g.aRow, 0, b, 0, edge, NR, false);
    for (long r = 0; r < rows; r++)
      for (long j = 0; j < columns; j++)
        c[r * g.cRow + j] = accumulate ? c[r * g.cRow + j] + edge[r * NR + j] : edge[r * NR + j];
  }
  if (last) finish(g, i, i + rows, j0, j0 + columns);
}

/** Calls for one of `parts` parts of the rows of A that follow: another core may have written them last. */
static ALWAYS_INLINE void prefetchRows(const Product& g, long i, long p0, long k, long part, long parts) {
  const long rows = least(g.m - i, MR), lines = ceilDivide(k, 16);
  const long begin = part * lines / parts, end = (part + 1) * lines / parts;
  for (long r = 0; r < rows; r++)
    for (long line = begin; line < end; line++) __builtin_prefetch(g.a + (i + r) * g.aRow + p0 + line * 16, 0, 2);
}

/** Rows [i0, i1) of a group of columns, over one block of k; B is packed. */
static void panelRows(const Product& g, const Cut& cut, long block, long columns, long i0, long i1, const float* packedB,
                      float* packedA) {
  const long p0 = block * cut.steps, k = least(g.k - p0, cut.steps);
  const long firstPanel = columns * cut.wide, panels = least(cut.wide, cut.panels - firstPanel);
  float* sums = packsRows(g) && columns == 0 ? g.rowSums : nullptr;
  if (sums && block == 0) memset(sums + i0, 0, sizeof(float) * size_t(i1 - i0));
  for (long i = i0; i < i1; i += MR) {
    const float* a = g.a + i * g.aRow + p0 * g.aStep;
    if (packsRows(g)) {
      const long inPack = (i - i0) % kRowsPacked;
      if (inPack == 0) packRows(a, g.aStep, least(i1 - i, kRowsPacked), k, packedA, sums ? sums + i : nullptr);
      a = packedA + inPack * k;
    }
    for (long q = 0; q < panels; q++) {
      if (!packsRows(g)) prefetchRows(g, i + MR, p0, k, q, panels);
      panelTile(g, i, least(i1 - i, MR), (firstPanel + q) * NR, a, packedB + q * cut.floatsPanel(), k,
                block > 0 || g.accumulate, block == cut.blocks - 1);
    }
  }
}

/** Packs a group of columns, over one block of k. */
static void packColumns(const Product& g, const Cut& cut, long block, long columns, float* packedB) {
  const long p0 = block * cut.steps, k = least(g.k - p0, cut.steps);
  const long firstPanel = columns * cut.wide, panels = least(cut.wide, cut.panels - firstPanel);
  for (long q = 0; q < panels; q++) {
    const long j0 = (firstPanel + q) * NR;
    packPanel(g.b + j0 * g.bColumn + p0 * g.bStep, g.bStep, g.bColumn, least(g.n - j0, NR), k,
              packedB + q * cut.floatsPanel());
  }
}

/** `taken` has room for a count for each group of columns. */
static void panelProduct(const Team& team, const Product& g, const Cut& cut, long* taken, float* const* memory) {
  for (long block = 0; block < cut.blocks; block++) {
    takeTurns(
        team, g.m, cut.rows, cut.columnGroups, taken,
        [&](long columns, int thread) { packColumns(g, cut, block, columns, memory[thread]); },
        [&](long columns, long i0, long i1, int thread) {
          panelRows(g, cut, block, columns, i0, i1, memory[thread], memory[thread] + cut.floatsB());
        });
  }
}

// ---- the ways without packing --------------------------------------------------------------------------------------

/** out[i * outRow + j] = dot of A's row i and B's column j, both contiguous; I x J at a time. */
template <int Rows, int Columns>
static ALWAYS_INLINE void dotBlock(const Product& g, long i0, long j0) {
  V accumulators[Rows * Columns] = {};
  const auto step = [&](long p, auto lanes) __attribute__((always_inline)) {
    V a[Rows], b[Columns];
#pragma GCC unroll 8
    for (int i = 0; i < Rows; i++) a[i] = lanes.load(g.a + (i0 + i) * g.aRow + p);
#pragma GCC unroll 8
    for (int j = 0; j < Columns; j++) b[j] = lanes.load(g.b + (j0 + j) * g.bColumn + p);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; i++)
#pragma GCC unroll 8
      for (int j = 0; j < Columns; j++) accumulators[i * Columns + j] += a[i] * b[j];
  };
  overLanes(0, g.k, step);
  for (int i = 0; i < Rows; i++) {
    for (int j = 0; j < Columns; j++) {
      float* c = g.c + (i0 + i) * g.cRow + j0 + j;
      const float x = sum(accumulators[i * Columns + j]);
      *c = g.accumulate ? *c + x : x;
    }
  }
}

static void dotProduct(const Team& team, const Product& g) {
  constexpr int R = W == 4 ? 2 : 4, C = W == 16 ? 4 : 2;
  const auto part = [&](long i0, long i1, long j0, long j1) {
    for (long j = j0; j < j1; j += C) {
      for (long i = i0; i < i1; i += R) {
        if (i + R <= i1 && j + C <= j1) {
          dotBlock<R, C>(g, i, j);
        } else {
          for (long y = j; y < least(j1, j + C); y++)
            for (long x = i; x < least(i1, i + R); x++) dotBlock<1, 1>(g, x, y);
        }
      }
    }
    finish(g, i0, i1, j0, j1);
  };
  const long size = roundUp(most(1, ceilDivide(32768, g.k * least(g.m, g.n))), 16);
  if (g.m > g.n) {
    team.each(ceilDivide(g.m, size), [&](int task, int) { part(task * size, least(g.m, (task + 1) * size), 0, g.n); });
  } else {
    team.each(ceilDivide(g.n, size), [&](int task, int) { part(0, g.m, task * size, least(g.n, (task + 1) * size)); });
  }
}

/**
 * B is contiguous along n. A task is some rows of a panel; of a short sum, whose B stays in the cache, whole rows, so that C
 * is written as it lies. A last panel that is no multiple of W is packed into `panelB`.
 */
static void stridedProduct(const Team& team, const Product& g, float* const* panelB) {
  const bool wholeRows = g.k <= kShort;
  const long width = wholeRows ? g.n : NR, panels = ceilDivide(g.n, width);
  const long rowsPerTask = roundUp(most(1, ceilDivide(262144, g.k * width)), MR), groups = ceilDivide(g.m, rowsPerTask);
  team.each(panels * groups, [&](int task, int thread) {
    const long j0 = task / groups * width, columns = least(g.n - j0, width), full = columns / W * W;
    const long begin = task % groups * rowsPerTask, end = least(g.m, begin + rowsPerTask);
    float* edge = panelB[thread];
    float* result = edge + g.k * W;
    const SomeLanes rest{int(columns - full)};
    for (long p = 0; full < columns && p < g.k; p++) rest.store(edge + p * W, rest.load(g.b + j0 + full + p * g.bStep));
    for (long i = begin; i < end; i += MR) {
      const long rows = least(end - i, MR);
      const float* a = g.a + i * g.aRow;
      float* c = g.c + i * g.cRow + j0;
      multiply(rows, full, g.k, a, g.aRow, g.aStep, g.b + j0, g.bStep, c, g.cRow, g.accumulate);
      if (full == columns) continue;
      multiply(rows, W, g.k, a, g.aRow, g.aStep, edge, W, result, W, false);
      for (long r = 0; r < rows; r++) {
        float* target = c + r * g.cRow + full;
        const V x = load(result + r * W);
        rest.store(target, g.accumulate ? rest.load(target) + x : x);
      }
    }
    finish(g, begin, end, j0, j0 + columns);
  });
}

enum class Way { empty, dots, strided, panels };

static Way wayOf(const Product& g) {
  if (g.k == 0) return Way::empty;
  if (g.aStep == 1 && g.bStep == 1 && (g.m <= 8 || g.n <= 4)) return Way::dots;
  if (g.bColumn == 1 && (g.m <= 16 || g.k <= kShort)) return Way::strided;
  return Way::panels;
}

static void product(const Team& team, const Product& g, Way way, const Cut& cut, long* taken, float* const* memory) {
  if (g.rowSums && !(way == Way::panels && packsRows(g))) sumRows(team, g);  // packing sums as well
  switch (way) {
    case Way::empty: return finishEmpty(g);
    case Way::dots: return dotProduct(team, g);
    case Way::strided: return stridedProduct(team, g, memory);
    case Way::panels: return panelProduct(team, g, cut, taken, memory);
  }
}

// ---- factors rounded to bfloat16, where no instruction multiplies those --------------------------------------------

/** To nearest, ties to even; NaN stays NaN. */
static ALWAYS_INLINE V roundedToBfloat16(V x) {
  const U bits = (U)x, rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000;
  return x == x ? (V)rounded : x;
}

/** A(i, j) = source[i * row + j * column], one of whose strides is 1, without what lies between its rows. */
struct Factor {
  const float* source;
  long row, column, rows, columns, count, stride;
  bool alongRows() const { return column == 1; }
  long lines() const { return alongRows() ? rows : columns; }
  long length() const { return alongRows() ? columns : rows; }
  long copies() const { return stride == 0 ? 1 : count; }
  size_t floats() const { return size_t(roundUp(lines() * length() * copies(), 16)); }

  void copyRounded(Pool& pool, float* target) const {
    const long distance = alongRows() ? row : column, perTask = most(1, 16384 / most(1, length()));
    const long tasks = ceilDivide(lines(), perTask);
    pool.each(int(tasks * copies()), [&](int task, int) {
      const long copy = task / tasks, first = task % tasks * perTask, end = least(lines(), first + perTask);
      for (long line = first; line < end; line++) {
        const float* from = source + copy * stride + line * distance;
        float* to = target + (copy * lines() + line) * length();
        overLanes(0, length(), [&](long i, auto lanes) { lanes.store(to + i, roundedToBfloat16(lanes.load(from + i))); });
      }
    });
  }
};

static Factor factorA(const Products& p) {
  const Product& g = p.first;
  return {g.a, g.aRow, g.aStep, g.m, g.k, p.count, p.strideA};
}
static Factor factorB(const Products& p) {
  const Product& g = p.first;
  return {g.b, g.bStep, g.bColumn, g.k, g.n, p.count, p.strideB};
}
static size_t floatsRounded(const Products& p) { return factorA(p).floats() + factorB(p).floats(); }

/** The products of the rounded factors, which are copied to `memory`. */
static Products roundFactors(Pool& pool, Products p, float* memory) {
  const Factor a = factorA(p), b = factorB(p);
  a.copyRounded(pool, memory);
  b.copyRounded(pool, memory + a.floats());
  Product& g = p.first;
  g.a = memory;
  g.aRow = a.alongRows() ? g.k : 1;
  g.aStep = a.alongRows() ? 1 : g.m;
  p.strideA = p.strideA == 0 ? 0 : g.m * g.k;
  g.b = memory + a.floats();
  g.bStep = b.alongRows() ? g.n : 1;
  g.bColumn = b.alongRows() ? 1 : g.k;
  p.strideB = p.strideB == 0 ? 0 : g.k * g.n;
  return p;
}

/** `rounded`: of copies of the factors, rounded to bfloat16. */
static void run(Context& context, Products products, bool rounded) {
  if (products.empty()) return;
  const Way way = wayOf(products.first);
  const bool apart = products.apart(), alone = apart || products.tiny();
  const Cut cut(products.first, alone ? 1 : context.pool.threads());
  const size_t counts = size_t(cut.columnGroups) * sizeof(long) / sizeof(float);
  const size_t local = way == Way::panels ? cut.floats() : size_t((products.first.k + MR) * W);
  const size_t ahead = size_t(roundUp(long(counts), 16));
  const size_t shared = rounded ? ahead + floatsRounded(products) : apart ? 0 : counts;
  if (!context.reserve(shared, local + (apart ? counts + 16 : 0))) return;
  if (rounded) {
    if (products.first.rowSums) sumRows(Team{&context.pool, 0}, products.first);
    products.first.rowSums = nullptr;
    products = roundFactors(context.pool, products, context.shared() + ahead);
  }
  float* memory[Pool::kMaxThreads];
  for (int i = 0; i < context.pool.threads(); i++) memory[i] = context.local(i);
  if (apart) {
    context.pool.each(int(products.count), [&](int i, int thread) {
      product(Team{nullptr, thread}, products.at(i), way, cut, (long*)(memory[thread] + roundUp(long(local), 16)), memory);
    });
    return;
  }
  const Team team{alone ? nullptr : &context.pool, 0};
  for (long i = 0; i < products.count; i++) product(team, products.at(i), way, cut, (long*)context.shared(), memory);
}

void gemm(Context& context, const double* values, long) { run(context, readProducts(values), false); }

void gemmBfloat16(Context& context, const double* values, long) { run(context, readProducts(values), true); }

}  // namespace attune::ATTUNE_ISA
