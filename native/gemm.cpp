// C (+)= A B with a fused epilogue. Ways, chosen by shape alone:
//   packed   A is packed once by all threads, in panels of MR rows; tasks are panels of NR columns of B, each packed by
//            the thread that works on it into its own cache (or, where there are too few of them for the threads, packed
//            once as well and shared by several tasks).
//   dots     few rows or few columns, both operands contiguous along k: each element is a dot product in vectors.
//   strided  few rows or a short sum, B contiguous along n: the tiles read the operands where they are.
// An element is summed by one thread, over blocks of k whose size depends on k alone.
#include "kernels.h"
#include "tile.h"

namespace attune::ATTUNE_ISA {

constexpr long kBlock = 384;  // steps of k between two visits of a tile of C

// ---- what is fused onto the product --------------------------------------------------------------------------------

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
static void finish(const Product& g, long i0, long i1, long j0, long j1) {
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

// ---- packing -------------------------------------------------------------------------------------------------------

/**
 * target[p * Width + i] = source(i, p) for i < n <= Width, p < k, zero beyond n; strideI and strideP are the source's.
 * Register transposes where p is contiguous, row copies where i is. sums[i] += sum over p, where given.
 */
template <int Width>
static void pack(const float* source, long strideI, long strideP, long n, long k, float* target, float* sums) {
  constexpr int T = Width >= W ? W : Width;  // size of a transpose: 4, 8 or 16
  static_assert(Width % T == 0);
  typedef typename Vector<T>::type X;
  typedef typename Vector<T>::unaligned UnalignedX;
  if (n < Width) memset(target, 0, sizeof(float) * size_t(k * Width));
  if (strideI == 1) {
    for (long p = 0; p < k; p++) {
      const float* s = source + p * strideP;
      float* t = target + p * Width;
      for (int i = 0; i < n; i += 16) __builtin_prefetch(s + 12 * strideP + i);
      if (n == Width) {
        memcpy(t, s, Width * sizeof(float));
      } else {
        for (long i = 0; i < n; i++) t[i] = s[i];
      }
    }
  } else {
    for (long i = 0; i < n; i += T) {
      const int rows = int(least(n - i, T));
      long p = 0;
      if (strideP == 1) {
        for (; p + T <= k; p += T) {
          X x[T];
#pragma GCC unroll 16
          for (int r = 0; r < T; r++) x[r] = *(const UnalignedX*)(source + (i + (r < rows ? r : rows - 1)) * strideI + p);
          transpose<T>(x);
          float* t = target + p * Width + i;
          if (rows == T) {
#pragma GCC unroll 16
            for (int r = 0; r < T; r++) *(UnalignedX*)(t + r * Width) = x[r];
          } else {
            for (int r = 0; r < T; r++) memcpy(t + r * Width, &x[r], size_t(rows) * sizeof(float));
          }
        }
      }
      for (; p < k; p++)
        for (int r = 0; r < rows; r++) target[p * Width + i + r] = source[(i + r) * strideI + p * strideP];
    }
  }
  if (sums) {
    float t[Width];
    for (int i = 0; i < Width; i++) t[i] = i < n ? sums[i] : 0;
    for (long p = 0; p < k; p++)
      for (int i = 0; i < Width; i++) t[i] += target[p * Width + i];
    for (int i = 0; i < n; i++) sums[i] = t[i];
  }
}

// ---- the packed way ------------------------------------------------------------------------------------------------

/** Blocks of the packed way, and the memory it needs. */
struct Blocks {
  long count, steps;         // of k
  long panelsA, panelsB;
  explicit Blocks(const Product& g) {
    count = most(1, ceilDivide(g.k, kBlock));
    steps = roundUp(ceilDivide(g.k, count), 4);
    panelsA = ceilDivide(g.m, MR);
    panelsB = ceilDivide(g.n, NR);
  }
  size_t floatsA() const { return size_t(panelsA * MR * count * steps) + 64 * MR; }
  size_t floatsB() const { return size_t(panelsB * NR * count * steps) + 16 * NR; }
  size_t floatsPanelB() const { return size_t(steps * NR) + 16 * NR; }
};

/**
 * Into how many groups of rows the tasks are cut. A core that is held up by others must not hold up the rest, so each
 * thread gets several tasks where the columns alone would make few; and the last round of tasks must not leave threads
 * idle.
 */
static long rowGroups(const Blocks& blocks, long threads) {
  constexpr long tasksPerThread = 8;
  if (threads == 1) return 1;
  for (long groups = ceilDivide(tasksPerThread * threads, blocks.panelsB);; groups++) {
    const long tasks = blocks.panelsB * groups;
    if (ceilDivide(tasks, threads) * threads * 10 <= tasks * 11 || groups * 4 >= blocks.panelsA) return groups;
  }
}

/** Panels of A [first, last) of one block of k; contiguous along i, all panels are copied in one walk over k. */
static void packPanelsA(const Product& g, const Blocks& blocks, long first, long last, float* packed) {
  constexpr int group = 8;
  const bool together = g.aRow == 1 && last * MR <= g.m;
  if (g.rowSums) memset(g.rowSums + first * MR, 0, sizeof(float) * size_t(least(g.m, last * MR) - first * MR));
  for (long block = 0; block < blocks.count; block++) {
    const long p0 = block * blocks.steps, k = least(g.k - p0, blocks.steps);
    float* target = packed + (block * blocks.panelsA + first) * blocks.steps * MR;
    if (!together) {
      for (long panel = first; panel < last; panel++) {
        pack<MR>(g.a + panel * MR * g.aRow + p0 * g.aStep, g.aRow, g.aStep, least(g.m - panel * MR, MR), k,
                 target + (panel - first) * blocks.steps * MR, g.rowSums ? g.rowSums + panel * MR : nullptr);
      }
      continue;
    }
    const long panels = last - first;
    float sums[group * MR] = {};
    for (long p = 0; p < k; p++) {
      const float* s = g.a + first * MR + (p0 + p) * g.aStep;
      for (long q = 0; q < panels; q++) {
        __builtin_prefetch(s + 6 * g.aStep + q * MR);
        memcpy(target + (q * blocks.steps + p) * MR, s + q * MR, MR * sizeof(float));
      }
      if (g.rowSums)
        for (long i = 0; i < panels * MR; i++) sums[i] += s[i];
    }
    if (g.rowSums)
      for (long i = 0; i < panels * MR; i++) g.rowSums[first * MR + i] += sums[i];
  }
}

static void packedProduct(const Team& team, const Product& g, float* packedA, float* packedB, float* const* panelB) {
  const Blocks blocks(g);
  const long groups = rowGroups(blocks, team.size()), perGroup = ceilDivide(blocks.panelsA, groups);
  const bool shareB = groups > 1;
  const auto packPanelB = [&](long panel, long block, float* target) {
    const long p0 = block * blocks.steps;
    pack<NR>(g.b + panel * NR * g.bColumn + p0 * g.bStep, g.bColumn, g.bStep, least(g.n - panel * NR, NR),
             least(g.k - p0, blocks.steps), target, nullptr);
  };
  constexpr long packGroup = 8;
  const long packTasksA = ceilDivide(blocks.panelsA, packGroup);
  team.each(packTasksA + (shareB ? blocks.panelsB : 0), [&](int task, int) {
    if (task < packTasksA) {
      packPanelsA(g, blocks, task * packGroup, least(blocks.panelsA, (task + 1) * packGroup), packedA);
    } else {
      const long panel = task - packTasksA;
      for (long block = 0; block < blocks.count; block++)
        packPanelB(panel, block, packedB + (block * blocks.panelsB + panel) * blocks.steps * NR);
    }
  });
  team.each(blocks.panelsB * groups, [&](int task, int thread) {
    const long panel = task / groups, firstA = task % groups * perGroup, lastA = least(blocks.panelsA, firstA + perGroup);
    const long j0 = panel * NR, columns = least(g.n - j0, NR), vectors = ceilDivide(columns, W);
    const bool whole = columns % W == 0;
    for (long block = 0; block < blocks.count; block++) {
      const long k = least(g.k - block * blocks.steps, blocks.steps);
      const float* b = panelB[thread];
      if (shareB) {
        b = packedB + (block * blocks.panelsB + panel) * blocks.steps * NR;
      } else {
        packPanelB(panel, block, panelB[thread]);
      }
      const bool accumulate = block > 0 || g.accumulate;
      for (long panelA = firstA; panelA < lastA; panelA++) {
        const long i0 = panelA * MR, rows = least(g.m - i0, MR);
        const float* a = packedA + (block * blocks.panelsA + panelA) * blocks.steps * MR;
        const Tile multiplyTile = packedTiles.at[rows - 1][vectors - 1];
        float* c = g.c + i0 * g.cRow + j0;
        if (whole) {
          multiplyTile(k, a, 0, 0, b, 0, c, g.cRow, accumulate);
        } else {
          alignas(64) float edge[MR * NR];
          multiplyTile(k, a, 0, 0, b, 0, edge, NR, false);
          for (long i = 0; i < rows; i++)
            for (long j = 0; j < columns; j++)
              c[i * g.cRow + j] = accumulate ? c[i * g.cRow + j] + edge[i * NR + j] : edge[i * NR + j];
        }
        if (block == blocks.count - 1) finish(g, i0, i0 + rows, j0, j0 + columns);
      }
    }
  });
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

/** B is contiguous along n. A last panel that is no multiple of W is packed into `panel`. */
static void stridedProduct(const Team& team, const Product& g, float* const* panelB) {
  const long panels = ceilDivide(g.n, NR), rowsPerTask = roundUp(most(1, ceilDivide(262144, g.k * NR)), MR);
  const long groups = ceilDivide(g.m, rowsPerTask);
  team.each(panels * groups, [&](int task, int thread) {
    const long j0 = task / groups * NR, columns = least(g.n - j0, NR);
    const long i0 = task % groups * rowsPerTask, rows = least(g.m - i0, rowsPerTask);
    const float* a = g.a + i0 * g.aRow;
    float* c = g.c + i0 * g.cRow + j0;
    const long full = columns / W * W;
    if (full) multiply(rows, full, g.k, a, g.aRow, g.aStep, g.b + j0, g.bStep, c, g.cRow, g.accumulate);
    if (full < columns) {
      float* edge = panelB[thread];
      float* result = edge + g.k * W;
      for (long p = 0; p < g.k; p++)
        SomeLanes{int(columns - full)}.store(edge + p * W, SomeLanes{int(columns - full)}.load(g.b + j0 + full + p * g.bStep));
      for (long i = 0; i < rows; i += MR) {
        const long some = least(rows - i, MR);
        multiply(some, W, g.k, a + i * g.aRow, g.aRow, g.aStep, edge, W, result, W, false);
        for (long r = 0; r < some; r++)
          for (long j = full; j < columns; j++) {
            float& target = c[(i + r) * g.cRow + j];
            target = g.accumulate ? target + result[r * W + j - full] : result[r * W + j - full];
          }
      }
    }
    finish(g, i0, i0 + rows, j0, j0 + columns);
  });
}

static void sumRows(const Team& team, const Product& g) {
  constexpr long group = 64;
  team.each(ceilDivide(g.m, group), [&](int task, int) {
    const long i0 = task * group, i1 = least(g.m, i0 + group);
    for (long i = i0; i < i1; i++) g.rowSums[i] = 0;
    for (long p = 0; p < g.k; p++)
      for (long i = i0; i < i1; i++) g.rowSums[i] += g.a[i * g.aRow + p * g.aStep];
  });
}

enum class Way { empty, dots, strided, packed };

static Way wayOf(const Product& g) {
  if (g.k == 0) return Way::empty;
  if (g.aStep == 1 && g.bStep == 1 && (g.m <= 8 || g.n <= 4)) return Way::dots;
  if (g.bColumn == 1 && (g.m <= 16 || g.k <= 16)) return Way::strided;
  return Way::packed;
}

static void product(const Team& team, const Product& g, Way way, float* packedA, float* packedB, float* const* panelB) {
  if (g.rowSums && way != Way::packed) sumRows(team, g);
  switch (way) {
    case Way::empty:
      for (long i = 0; i < g.m && !g.accumulate; i++) memset(g.c + i * g.cRow, 0, size_t(g.n) * sizeof(float));
      return finish(g, 0, g.m, 0, g.n);
    case Way::dots: return dotProduct(team, g);
    case Way::strided: return stridedProduct(team, g, panelB);
    case Way::packed: return packedProduct(team, g, packedA, packedB, panelB);
  }
}

void gemm(Context& context, const double* values, long) {
  Arguments a{values};
  Product g;
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
  const long count = a.integer(), strideA = a.integer(), strideB = a.integer(), strideC = a.integer();
  g.epilogue.bias = a.floats();
  g.epilogue.activation = Activation(a.integer());
  g.epilogue.derivative = a.floats();
  g.epilogue.multiply = a.floats();
  g.rowSums = a.floats();
  if (g.m == 0 || g.n == 0 || count == 0) return;

  const auto item = [&](long i) {
    Product one = g;
    one.a += i * strideA;
    one.b += i * strideB;
    one.c += i * strideC;
    if (one.epilogue.derivative) one.epilogue.derivative += i * strideC;
    if (one.epilogue.multiply) one.epilogue.multiply += i * strideC;
    if (i > 0) one.rowSums = nullptr;  // they are the first product's
    return one;
  };
  const Way way = wayOf(g);
  const Blocks blocks(g);
  const size_t edge = size_t((g.k + MR) * W);
  const size_t floatsA = way == Way::packed ? blocks.floatsA() : 0;
  const size_t panel = way == Way::packed ? blocks.floatsPanelB() : edge;
  // Many small products: each by one thread. strideC 0 would let them meet.
  const bool apart = count > 1 && strideC != 0 && double(g.m) * double(g.n) * double(g.k) < 4e6;
  if (apart) {
    if (!context.reserve(0, floatsA + panel)) return;
    context.pool.each(int(count), [&](int i, int thread) {
      float* memory = context.local(thread);
      float* panels[Pool::kMaxThreads];
      panels[thread] = memory + floatsA;
      product(Team{nullptr, thread}, item(i), way, memory, nullptr, panels);
    });
    return;
  }
  const bool shareB = way == Way::packed && rowGroups(blocks, context.pool.threads()) > 1;
  if (!context.reserve(floatsA + (shareB ? blocks.floatsB() : 0), panel)) return;
  float* panels[Pool::kMaxThreads];
  for (int i = 0; i < context.pool.threads(); i++) panels[i] = context.local(i);
  const Team team{double(g.m) * double(g.n) * double(g.k) < 5e4 ? nullptr : &context.pool, 0};
  for (long i = 0; i < count; i++) product(team, item(i), way, context.shared(), context.shared() + floatsA, panels);
}

}  // namespace attune::ATTUNE_ISA
