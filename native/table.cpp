// The kernels of one instruction set behind one table.
#include "kernels.h"
#include "simd.h"

namespace attune::ATTUNE_ISA {

#define X(name) void name(Context&, const double*, long);
ATTUNE_KERNELS(X)
#undef X

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define X(name) name,
extern const KernelTable kTable;
const KernelTable kTable = {TEXT(ATTUNE_ISA), {ATTUNE_KERNELS(X)}};
#undef X

}  // namespace attune::ATTUNE_ISA
