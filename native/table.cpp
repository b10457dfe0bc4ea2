// The kernels of one instruction set behind one table. A set that extends another (ATTUNE_EXTENDS) has matrix products of its
// own, of bfloat16 and with AMX of float32, and everything else from there.
#include "kernels.h"
#include "simd.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

#if defined(ATTUNE_EXTENDS)
namespace attune::ATTUNE_EXTENDS {
#define X(name) void name(Context&, const double*, long);
ATTUNE_KERNELS(X)
#undef X
}  // namespace attune::ATTUNE_EXTENDS
#endif

namespace attune::ATTUNE_ISA {

extern const KernelTable kTable;

#if defined(ATTUNE_EXTENDS)

void gemmBfloat16(Context&, const double*, long);
#if defined(__AMX_BF16__)
void gemm(Context&, const double*, long);
#endif

static constexpr KernelTable extended() {
#define X(name) ATTUNE_EXTENDS::name,
  KernelTable table = {TEXT(ATTUNE_ISA), {ATTUNE_KERNELS(X)}};
#undef X
  table.kernels[gemmBfloat16Opcode] = gemmBfloat16;
#if defined(__AMX_BF16__)
  table.kernels[gemmOpcode] = gemm;
#endif
  return table;
}
constexpr KernelTable kTable = extended();

#else

#define X(name) void name(Context&, const double*, long);
ATTUNE_KERNELS(X)
#undef X
#define X(name) name,
constexpr KernelTable kTable = {TEXT(ATTUNE_ISA), {ATTUNE_KERNELS(X)}};
#undef X

#endif

}  // namespace attune::ATTUNE_ISA
