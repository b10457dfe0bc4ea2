// The whole tile of AVX-512, 8 rows by 3 vectors over a packed panel of B, in the processor's own instructions. It computes
// what tile.h's template does, in the same order. Compilers keep all of its 24 accumulators in registers too, but spend
// more instructions between the multiplications: up to 8 percent of a tile where another tenant shares the core.
// Left to the template where sanitizers look at every access, which they cannot see here.
#pragma once
#include "simd.h"

#if ATTUNE_LANES == 16 && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ATTUNE_TILE_AVX512 1

namespace attune::ATTUNE_ISA {

// Registers: zmm0 ... zmm23 sums, zmm24 ... zmm26 a row of B, zmm27 ... zmm31 elements of A in turn.
#define SUM_ROW(element, a, x, y, z)              \
  "vbroadcastss " element ", %%zmm" #a "\n"       \
  "vfmadd231ps %%zmm24, %%zmm" #a ", %%zmm" #x "\n" \
  "vfmadd231ps %%zmm25, %%zmm" #a ", %%zmm" #y "\n" \
  "vfmadd231ps %%zmm26, %%zmm" #a ", %%zmm" #z "\n"
// A row of B is three lines. The processor fetches neighbours of the one that is asked for, 16 rows ahead, by itself.
#define LOAD_ROW_OF_B(o)                   \
  "vmovups (" #o "*192)(%[b]), %%zmm24\n"  \
  "vmovups (" #o "*192+64)(%[b]), %%zmm25\n" \
  "vmovups (" #o "*192+128)(%[b]), %%zmm26\n" \
  "prefetcht0 ((" #o "+16)*192)(%[b])\n"
#define STEP(o, a0, a1, a2, a3, a4, a5, a6, a7) \
  LOAD_ROW_OF_B(o)                              \
  SUM_ROW(a0, 27, 0, 1, 2)                      \
  SUM_ROW(a1, 28, 3, 4, 5)                      \
  SUM_ROW(a2, 29, 6, 7, 8)                      \
  SUM_ROW(a3, 30, 9, 10, 11)                    \
  SUM_ROW(a4, 31, 12, 13, 14)                   \
  SUM_ROW(a5, 27, 15, 16, 17)                   \
  SUM_ROW(a6, 28, 18, 19, 20)                   \
  SUM_ROW(a7, 29, 21, 22, 23)
// Step `o` from the present place: rows of A, three to each of three bases, or one packed row of eight elements.
#define STEP_OF_ROWS(o)                                                                                    \
  STEP(o, "(" #o "*4)(%[a])", "(" #o "*4)(%[a],%[aRow])", "(" #o "*4)(%[a],%[aRow],2)", "(" #o "*4)(%[a3])", \
       "(" #o "*4)(%[a3],%[aRow])", "(" #o "*4)(%[a3],%[aRow],2)", "(" #o "*4)(%[a6])", "(" #o "*4)(%[a6],%[aRow])")
#define STEP_OF_PACKED(o)                                                                          \
  STEP(o, "(" #o "*32)(%[a])", "(" #o "*32+4)(%[a])", "(" #o "*32+8)(%[a])", "(" #o "*32+12)(%[a])", \
       "(" #o "*32+16)(%[a])", "(" #o "*32+20)(%[a])", "(" #o "*32+24)(%[a])", "(" #o "*32+28)(%[a])")

#define EACH_ROW_OF_C(M) \
  M(0, 1, 2) M(3, 4, 5) M(6, 7, 8) M(9, 10, 11) M(12, 13, 14) M(15, 16, 17) M(18, 19, 20) M(21, 22, 23)
#define NEXT_ROW_OF_C "add %[cRow], %[c]\n"
#define FIRST_ROW_OF_C "sub %[cRows], %[c]\n"
#define CALL_FOR(x, y, z) "prefetchw (%[c])\nprefetchw 64(%[c])\nprefetchw 128(%[c])\n" NEXT_ROW_OF_C
#define CLEAR(x, y, z)                       \
  "vpxord %%zmm" #x ", %%zmm" #x ", %%zmm" #x "\n" \
  "vpxord %%zmm" #y ", %%zmm" #y ", %%zmm" #y "\n" \
  "vpxord %%zmm" #z ", %%zmm" #z ", %%zmm" #z "\n"
#define ADD_C(x, y, z)                            \
  "vaddps (%[c]), %%zmm" #x ", %%zmm" #x "\n"     \
  "vaddps 64(%[c]), %%zmm" #y ", %%zmm" #y "\n"   \
  "vaddps 128(%[c]), %%zmm" #z ", %%zmm" #z "\n" NEXT_ROW_OF_C
#define STORE(x, y, z)                 \
  "vmovups %%zmm" #x ", (%[c])\n"      \
  "vmovups %%zmm" #y ", 64(%[c])\n"    \
  "vmovups %%zmm" #z ", 128(%[c])\n" NEXT_ROW_OF_C

// advance4 and advance1 move the places in A by that many steps.
#define TILE(STEP_OF, advance4, advance1)              \
  EACH_ROW_OF_C(CALL_FOR)                              \
  FIRST_ROW_OF_C                                       \
  EACH_ROW_OF_C(CLEAR)                                 \
  "sub $4, %[k]\n"                                     \
  "jl 2f\n"                                            \
  ".p2align 6\n"                                       \
  "1:\n" STEP_OF(0) STEP_OF(1) STEP_OF(2) STEP_OF(3) advance4 \
  "add $768, %[b]\n"                                   \
  "sub $4, %[k]\n"                                     \
  "jge 1b\n"                                           \
  "2:\n"                                               \
  "add $4, %[k]\n"                                     \
  "jz 4f\n"                                            \
  "3:\n" STEP_OF(0) advance1                           \
  "add $192, %[b]\n"                                   \
  "dec %[k]\n"                                         \
  "jnz 3b\n"                                           \
  "4:\n"                                               \
  "test %[accumulate], %[accumulate]\n"                \
  "jz 5f\n" EACH_ROW_OF_C(ADD_C) FIRST_ROW_OF_C        \
  "5:\n" EACH_ROW_OF_C(STORE)

#define TILE_CLOBBERS                                                                                             \
  "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
      "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",   \
      "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"

/** C[8, 48] (+)= A B over k steps. A(i, p) is a[i * aRow + p], or a[p * 8 + i] if it is packed. */
template <bool Packed>
static void wholeTile(long k, const float* a, long aRow, long, const float* b, long, float* c, long cRow,
                      bool accumulate) {
  const float *a3 = a + 3 * aRow, *a6 = a + 6 * aRow;
  // In bytes, and as wide as an address: long is narrower on Windows.
  const int64_t aBytes = int64_t(aRow) * 4, cBytes = int64_t(cRow) * 4, add = accumulate;
  int64_t steps = k;
  if constexpr (Packed) {
    asm volatile(TILE(STEP_OF_PACKED, "add $128, %[a]\n", "add $32, %[a]\n")
                 : [k] "+r"(steps), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c)
                 : [cRow] "r"(cBytes), [cRows] "r"(8 * cBytes), [accumulate] "r"(add)
                 : TILE_CLOBBERS);
  } else {
    asm volatile(TILE(STEP_OF_ROWS, "add $16, %[a]\nadd $16, %[a3]\nadd $16, %[a6]\n",
                      "add $4, %[a]\nadd $4, %[a3]\nadd $4, %[a6]\n")
                 : [k] "+r"(steps), [a] "+r"(a), [a3] "+r"(a3), [a6] "+r"(a6), [b] "+r"(b), [c] "+r"(c)
                 : [aRow] "r"(aBytes), [cRow] "r"(cBytes), [cRows] "r"(8 * cBytes), [accumulate] "r"(add)
                 : TILE_CLOBBERS);
  }
}

#undef SUM_ROW
#undef LOAD_ROW_OF_B
#undef STEP
#undef STEP_OF_ROWS
#undef STEP_OF_PACKED
#undef EACH_ROW_OF_C
#undef NEXT_ROW_OF_C
#undef FIRST_ROW_OF_C
#undef CALL_FOR
#undef CLEAR
#undef ADD_C
#undef STORE
#undef TILE
#undef TILE_CLOBBERS

}  // namespace attune::ATTUNE_ISA
#endif
