// See isa.h. The processor itself is asked, so that it works alike on every system.
#include "isa.h"

#include "platform.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace attune {

namespace base {
extern const KernelTable kTable;
}
#if defined(__x86_64__)
namespace avx2 {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}
namespace avx512bf16 {
extern const KernelTable kTable;
}
namespace amx {
extern const KernelTable kTable;
}

/** What processor and system offer together: the system must keep the registers. */
struct Features {
  bool avx2 = false, avx512 = false, avx512bf16 = false, amx = false;
  /** Whether AVX512-BF16's product of two vectors takes no longer than one of float32, which is half of its work. */
  bool quickBfloat16 = false;

  Features() {
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return;
    const bool kept = ecx & (1u << 27), fma = ecx & (1u << 12);
    if (!kept || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return;
    unsigned low, high;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    avx2 = (low & 0x06) == 0x06 && fma && (ebx & (1u << 5));
    const unsigned foundation = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31, all = foundation | dq | bw | vl;
    avx512 = avx2 && (low & 0xE6) == 0xE6 && (ebx & all) == all;
    const unsigned tiles = 1u << 24, tilesOfBfloat16 = 1u << 22, leaves = eax, edx7 = edx;
    const bool hasTiles = (low & 0x60000) == 0x60000 && (edx7 & tiles) && (edx7 & tilesOfBfloat16);
    if (!avx512 || leaves < 1 || !__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) return;
    avx512bf16 = eax & (1u << 5);
    // Processors that have tiles for such products take four times as long for it.
    quickBfloat16 = avx512bf16 && !(edx7 & tiles);
    amx = avx512bf16 && hasTiles && allowTileRegisters();
  }
};
#endif

int availableTables(const KernelTable* tables[kMaxTables]) {
  int count = 0;
#if defined(__x86_64__)
  const Features has;
  if (has.amx) tables[count++] = &amx::kTable;
  if (has.quickBfloat16) tables[count++] = &avx512bf16::kTable;
  if (has.avx512) tables[count++] = &avx512::kTable;
  if (has.avx512bf16 && !has.quickBfloat16) tables[count++] = &avx512bf16::kTable;
  if (has.avx2) tables[count++] = &avx2::kTable;
#endif
  tables[count++] = &base::kTable;
  return count;
}

}  // namespace attune
