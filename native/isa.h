// The instruction sets of this build that the processor has.
#pragma once
#include "kernels.h"

namespace attune {

constexpr int kMaxTables = 8;

/** Fills `tables` with the kernels of each set that can run here, best first; returns their number, at least 1. */
int availableTables(const KernelTable* tables[kMaxTables]);

}  // namespace attune
