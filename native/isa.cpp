// See isa.h. The processor itself is asked, so that it works alike on every system.
#include "isa.h"

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

/** What processor and system offer together: the system must keep the registers. */
static void detect(bool* avx2, bool* avx512) {
  *avx2 = *avx512 = false;
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return;
  const bool kept = ecx & (1u << 27), fma = ecx & (1u << 12);
  if (!kept || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return;
  unsigned low, high;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  *avx2 = (low & 0x06) == 0x06 && fma && (ebx & (1u << 5));
  const unsigned foundation = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31, all = foundation | dq | bw | vl;
  *avx512 = *avx2 && (low & 0xE6) == 0xE6 && (ebx & all) == all;
}
#endif

int availableTables(const KernelTable* tables[kMaxTables]) {
  int count = 0;
#if defined(__x86_64__)
  bool hasAvx2, hasAvx512;
  detect(&hasAvx2, &hasAvx512);
  if (hasAvx512) tables[count++] = &avx512::kTable;
  if (hasAvx2) tables[count++] = &avx2::kTable;
#endif
  tables[count++] = &base::kTable;
  return count;
}

}  // namespace attune
